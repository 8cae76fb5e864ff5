"""A row of shipped faces below the title of a page, on a telephone, where the page's own come further down."""

from collections.abc import Callable
from functools import lru_cache

import streamlit as st

from pages._parts.show.figures import figure
from pages._parts.show.shipped import best_of
from side_core.files.assets import STRIPS
from side_core.sampling.strips import Strips, read_strips

_MOST = 6
_STYLE = """<style>
.faces { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 0.4rem; }
.faces figure { margin: 0; }
.faces img { width: 100%; image-rendering: pixelated; border-radius: 2px; display: block; }
.faces p { grid-column: 1 / -1; margin: 0; font-size: 0.875rem; opacity: 0.8; }
</style>"""


def show_faces(page: str) -> None:
    """What the page is about in one row, where there is a row for it.

    Args:
        page: its name.
    """
    if page in _ROWS:
        with st.container(key="faces"):  # the app's style hides it where there is room for what comes further down
            st.html(_html_of(page))


@lru_cache
def _html_of(page: str) -> str:
    """The row as HTML; nothing where what is shipped cannot be read."""
    try:
        figures, words = _ROWS[page](read_strips(STRIPS["prompts" if page == "prompts" else "extract"]))
    except ValueError:
        return ""
    return f'{_STYLE}<div class="faces">{"".join(figures[:_MOST])}<p>{words}</p></div>'


def _by_lambda(strips: Strips) -> tuple[list[str], str]:
    """One seed at every other lambda: that which comes nearest to a copy in the end."""
    place, some = best_of(strips, strips.strips[-1]), strips.strips[::2]
    figures = [figure(strip.drawn[place], f"Seed {strips.seeds[place]} at λ {strip.scale:g}") for strip in some]
    return figures, f"One noise, λ {some[0].scale:g} to {some[_MOST - 1].scale:g}: towards a copy."


def _without_and_with(strips: Strips) -> tuple[list[str], str]:
    """Three seeds, each without a surrogate and with it."""
    first, last = strips.strips[0], strips.strips[-1]
    figures: list[str] = []
    for place in range(_MOST // 2):
        seed = strips.seeds[place]
        figures += [
            figure(first.drawn[place], f"Seed {seed}, plain"),
            figure(last.drawn[place], f"Seed {seed}, steered"),
        ]
    return figures, "Three times the same noise without a surrogate and with it."


def _trained_on(strips: Strips) -> tuple[list[str], str]:
    """Training pictures."""
    first = strips.strips[0]
    pairs = list(zip(first.nearest, first.ids, strict=True))
    return [
        figure(image, f"Training picture {name}") for image, name in pairs
    ], "Some of what pixel-faces was trained on."


def _of_a_prompt(strips: Strips) -> tuple[list[str], str]:
    """What a prompt draws, and the training picture that comes back."""
    (strip, *_), drawn = strips.strips, []
    for seed, image in list(zip(strips.seeds, strip.drawn, strict=True))[: _MOST - 1]:
        drawn.append(figure(image, f"Drawn from the prompt, seed {seed}"))
    nearest = figure(strip.nearest[0], f"Training picture {strip.ids[0]}")
    return [*drawn, nearest], "Five pictures of one prompt; at the right a training picture."


_ROWS: dict[str, Callable[[Strips], tuple[list[str], str]]] = {
    "prompts": _of_a_prompt,
    "surrogate": _without_and_with,
    "sweep": _by_lambda,
    "models": _trained_on,
}
