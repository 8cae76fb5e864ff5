"""The first look: what the shipped model has drawn before, until torch is imported and there are pictures of now."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.runtime import warm_up
from pages._parts.show.figures import figure, show_row
from pages._parts.show.text import plain
from side_core.files.assets import STRIPS
from side_core.sampling.strips import Strip, Strips, read_strips
from side_core.similarity.scores import SCORES
from side_core.wording import counted, rounded

_SHIPPED = (
    "**Drawn before** with these settings and shipped with the app, in exact arithmetic. The model is being loaded; "
    "what it draws now takes their place in a few seconds."
)
_SEEN = ("view", "size")  # of a link: how the page is seen, not what it shows


def show_first_look(page: str, place: DeltaGenerator) -> bool:
    """Show what a page's default settings draw, where they are asked for and the model is still being loaded.

    Args:
        page: a key of `STRIPS`.
        place: an `st.empty` for the pictures.

    Returns:
        Whether anything is shown.
    """
    if warm_up.is_done() or set(st.query_params) - set(_SEEN):
        return False
    try:
        strips = read_strips(STRIPS[page])
    except ValueError:  # they are a preview alone
        return False
    with place.container():
        _show(strips, strips.strips[0])
    warm_up.begin()
    return True


def _show(strips: Strips, strip: Strip) -> None:
    """The pictures of a lambda beside their nearest training images, nearest to a copy first, and how many count."""
    kind, beat = SCORES[strips.settings["score"]], strip.training.beat
    rule = f"{kind.symbol} {kind.sign} {rounded(strips.threshold, 2)}"
    st.subheader(f"{beat} of {counted(strip.training.count, 'picture')} beat the threshold {rule}", anchor=False)
    st.markdown(f"Against the training images {strip.training}; against the control {strip.control}.")
    if prompt := strips.settings.get("prompt"):
        st.markdown(f"Prompt: **{plain(prompt)}**")
    st.info(_SHIPPED, icon=":material/hourglass_top:")
    order = sorted(range(len(strips.seeds)), key=lambda place: strip.scores[place], reverse=kind.larger_is_nearer)
    with st.container(key="first-gallery"), st.grid(4, min_column_width=220, gap="small"):
        for place in order:
            score = f"{kind.symbol} {strip.scores[place]:.2f}"
            with st.container(border=True, gap="xsmall"):
                drawn = figure(strip.drawn[place], f"Generated with seed {strips.seeds[place]}, {score}")
                show_row([drawn, figure(strip.nearest[place], f"Its nearest training image, {strip.ids[place]}")])
                st.caption(f"{score} · seed {strips.seeds[place]}")
