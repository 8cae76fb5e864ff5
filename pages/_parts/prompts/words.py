"""The words of a prompt, coloured and numbered by their significance; one of them can be removed or replaced."""

import streamlit as st

from pages._parts.prompts.prompt import set_prompt
from pages._parts.show import glossary
from pages._parts.show.charts import TRAINING
from pages._parts.show.text import plain
from side_core.prompts.editing import Span, spans_of, with_word
from side_core.prompts.examples import alternatives
from side_core.prompts.explain import Significance, WordWeight
from side_core.wording import counted, rounded, shortened

_CHOSEN = "word"  # in the session: (prompt, place) of the word that is changed
_DEEPEST = 62  # % of the colour that the most significant word has, so that its text can still be read
_HINT = (
    "The deeper its colour and the smaller its number, the more the score hangs on a word ([[significance]]). Choose "
    "one to change it."
)
_STYLE = """<style>
.st-key-words { row-gap: 0.4rem; }
.st-key-words button { min-height: 2.6rem; padding: 0.2rem 0.7rem; border-width: 2px; }
.st-key-words button p { font-size: 1.15rem; color: light-dark(#14121d, #ffffff) !important; }
.st-key-words button small, .st-key-words button sub { font-variant-numeric: tabular-nums; }
"""


def show_words(prompt: str, significance: Significance, known_names: bool) -> None:
    """A button for each word, and below what is done with the chosen one.

    Args:
        prompt: as it was typed.
        significance: of its words.
        known_names: whether the model was trained on the built-in names, so that others of them are offered.
    """
    spans = spans_of(prompt, [word.text for word in significance.words])
    chosen = _chosen_place(prompt, significance)
    st.html(_STYLE + _colours(significance, chosen) + "</style>")
    with st.container(horizontal=True, gap="small", key="words"):
        for place, (word, span) in enumerate(zip(significance.words, spans, strict=True)):
            written = span.of(prompt) if span else word.text
            st.button(
                f"{plain(written, 40)} :small[{word.rank}]",
                key=f"word-{place}",
                help=_in_words(word, len(significance.words)),
                on_click=st.session_state.__setitem__,
                args=(_CHOSEN, (prompt, place)),
                width="content",
            )
    glossary.line(_HINT)
    if (span := spans[chosen]) is not None:
        _change_inputs(prompt, span, chosen, known_names)


def _chosen_place(prompt: str, significance: Significance) -> int:
    """Which word is changed: the one that was clicked in this very prompt, or else the most significant."""
    of, place = st.session_state.get(_CHOSEN, ("", 0))
    count = len(significance.words)
    if of == prompt and place < count:
        return int(place)
    return next(place for place, word in enumerate(significance.words) if word.rank == 1)


def _colours(significance: Significance, chosen: int) -> str:
    """CSS of the buttons: the deeper the colour, the more significant; the chosen one has a frame."""
    rules = [f".st-key-word-{chosen} button {{ border-color: currentColor; }}"]
    most = max(word.value for word in significance.words) or 1.0
    for place, word in enumerate(significance.words):
        depth = _DEEPEST * word.value / most
        rules.append(
            f".st-key-word-{place} button {{ background: color-mix(in srgb, {TRAINING} {depth:.0f}%, transparent); }}"
        )
    return "\n".join(rules)


def _in_words(word: WordWeight, count: int) -> str:
    """What a word's number means, among `count` words."""
    return (
        f"Significance {rounded(word.value)}: number {word.rank} of {count}. "
        "How much the score changes when what the text encoder is given for this word changes a little."
    )


def _change_inputs(prompt: str, span: Span, place: int, known_names: bool) -> None:
    """Remove the chosen word, or put another in its place; either scores the new prompt at once."""
    written = span.of(prompt)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="change-word"):
        st.button(
            f"Remove **{plain(written, 40)}**",
            icon=":material/backspace:",
            key="remove-word",
            on_click=_change,
            args=(prompt, span, place, ""),
        )
        others = alternatives(written) if known_names else ()
        st.selectbox(
            f"Replace {shortened(written, 40)} by",
            others,
            index=None,
            key="replacement",
            accept_new_options=True,
            placeholder=f"Replace {shortened(written, 40)} by …",
            label_visibility="collapsed",
            on_change=_replace,
            args=(prompt, span, place),
            width=320,
        )


def _replace(prompt: str, span: Span, place: int) -> None:
    """Put what was chosen or typed in the place of a word."""
    if new := (st.session_state.get("replacement") or "").strip():
        _change(prompt, span, place, new)
    st.session_state["replacement"] = None


def _change(prompt: str, span: Span, place: int, new: str) -> None:
    """The prompt with another word, or none, in one place; the same place stays chosen where there is a word."""
    after = with_word(prompt, span, new)
    set_prompt(after)
    if new:
        st.session_state[_CHOSEN] = (after, place)


def show_figures(significance: Significance) -> None:
    """An expander with the value of each word, and of the tokens that belong to none."""
    with st.expander("The words in figures", icon=":material/format_list_numbered:"):
        rows = [
            {
                "word": word.text,
                "rank": word.rank,
                "significance": round(word.value, 4),
                "tokens": ", ".join(map(str, word.tokens)),
            }
            for word in significance.words
        ]
        st.dataframe(rows, hide_index=True, height="content", alt="Rank, significance and tokens of each word")
        st.caption(
            f"A word has the largest value of its tokens. Not words: start of the text {rounded(significance.start)}, "
            f"its end {rounded(significance.end)}, padding behind it at most {rounded(significance.padding)}. "
            "Mean over "
            f"{counted(significance.images, 'image')} and {counted(len(significance.timesteps), 'step')}. "
            "After Wen et al. 2024, but by what goes into the text encoder: in what comes out, later words hold the "
            "name as well."
        )
