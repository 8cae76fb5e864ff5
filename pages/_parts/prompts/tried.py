"""What was tried in this session: prompts with their scores and what came of them, so that one watches a copy go."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from html import escape

import numpy as np
import streamlit as st

from pages._parts.show.charts import TRAINING
from pages._parts.show.figures import figure

_KEY = "tried"  # in the session
_MOST = 8  # that are kept
_STYLE = f"""<style>
.tried {{ width: 100%; border-collapse: collapse; }}
.tried th, .tried td {{ text-align: left; padding: 0.3rem 0.75rem 0.3rem 0; vertical-align: middle;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); font-weight: 400; }}
.tried thead th {{ font-size: 0.85rem; opacity: 0.8; }}
.tried tbody th {{ overflow-wrap: anywhere; }}
.tried .score {{ display: flex; align-items: center; gap: 0.5rem; font-variant-numeric: tabular-nums; }}
.tried .bar {{ height: 0.9rem; border-radius: 0.3rem; min-width: 3px; background: {TRAINING}; }}
.tried .room {{ width: clamp(3rem, 14vw, 14rem); }}
.tried figure {{ margin: 0; width: 2.75rem; }}
.tried img {{ width: 100%; image-rendering: pixelated; border-radius: 2px; display: block; }}
</style>"""


@dataclass(frozen=True, eq=False)
class Tried:
    """One prompt that was tried.

    Attributes:
        prompt: the text.
        settings: names everything else that its score depends on.
        score: its score.
        counts: whether the score is above the threshold; None where there is none yet.
        copies: how many pictures beat the threshold of the matching, in words; empty until they are drawn.
        picture: (H, W, 3) uint8 of the first seed; None until it is drawn.
    """

    prompt: str
    settings: str
    score: float
    counts: bool | None
    copies: str = ""
    picture: np.ndarray | None = None


def tried(settings: str) -> list[Tried]:
    """What was tried with these settings, the last first."""
    known: list[Tried] = st.session_state.get(_KEY, [])
    return [item for item in known if item.settings == settings]


def note(new: Tried) -> None:
    """Remember a prompt, the last first; one that is known keeps its pictures and comes first."""
    known: list[Tried] = st.session_state.get(_KEY, [])
    old = next((item for item in known if _same(item, new)), None)
    if old is not None and new.picture is None:
        new = replace(new, picture=old.picture, copies=old.copies)
    st.session_state[_KEY] = [new, *(item for item in known if not _same(item, new))][:_MOST]


def _same(one: Tried, other: Tried) -> bool:
    """Whether both are the same prompt under the same settings."""
    return (one.prompt, one.settings) == (other.prompt, other.settings)


def show_tried(settings: str, shown: Collection[str]) -> None:
    """A table of what was tried before, if anything was.

    Args:
        settings: as the prompts were tried.
        shown: prompts that the page shows now.
    """
    items = [item for item in tried(settings) if item.prompt not in shown]
    if not items:
        return
    st.markdown("**What you tried before**")
    most = max(item.score for item in items)
    rows = "".join(_row_of(item, most) for item in items)
    st.html(
        f'{_STYLE}<table class="tried"><thead><tr><th scope="col">Prompt</th><th scope="col">Score</th>'
        f'<th scope="col">First picture</th><th scope="col">Copies</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _row_of(item: Tried, most: float) -> str:
    """One prompt as a row of the table."""
    side = "no threshold yet" if item.counts is None else "above" if item.counts else "below"
    bar = f'<div class="room"><div class="bar" style="width: {100 * item.score / most:.0f}%"></div></div>'
    seen = "" if item.picture is None else figure(item.picture, f"First picture of {item.prompt}")
    return (
        f'<tr><th scope="row">{escape(item.prompt)}</th>'
        f'<td><div class="score">{bar}{item.score:.2f}<small>{side}</small></div></td>'
        f"<td>{seen}</td><td>{escape(item.copies)}</td></tr>"
    )
