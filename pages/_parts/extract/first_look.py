"""The first look: what the shipped model has drawn before, until torch is imported and there are pictures of now."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.runtime import warm_up
from pages._parts.show import glossary
from pages._parts.show.figures import figure, show_row
from side_core.files.assets import STRIPS
from side_core.sampling.strips import Strip, Strips, read_strips
from side_core.similarity.scores import SCORES
from side_core.wording import counted, rounded

PLAIN_INTRO = (
    "In each pair: left, a picture the [[diffusion model|model]] **has drawn**; right, the "
    "[[nearest training image|training picture]] it is nearest to. A match is a sign that the model remembers rather "
    "than invents; the [[control]] tells how strong a sign."
)
STEERED_INTRO = (
    "On each card: a picture drawn while a [[surrogate]] **steers** the model, the same [[seed]] **without it**, and "
    "the [[nearest training image|training picture]] that the steered one is nearest to. Move [[guidance scale|λ]] to "
    "steer harder; at 0 the model draws by itself."
)
SHIPPED = (
    "**Drawn before** with these settings and shipped with the app, in exact arithmetic. The model is being loaded; "
    "what it draws now takes their place in a few seconds."
)
SEEN = ("view", "size")  # of a link: how the page is seen, not what it shows


def show_first_look(intro: DeltaGenerator, place: DeltaGenerator) -> None:
    """Show what the default settings draw, where they are asked for and the model is still being loaded.

    Args:
        intro: where a line says what is seen.
        place: an `st.empty` for the pictures.
    """
    if warm_up.is_done() or set(st.query_params) - set(SEEN):
        return
    try:
        strips = read_strips(STRIPS)
    except ValueError:  # they are a preview alone
        return
    glossary.line(PLAIN_INTRO, intro)
    with place.container():
        _show(strips, strips.strips[0])
    warm_up.begin()


def _show(strips: Strips, strip: Strip) -> None:
    """The pictures of a lambda beside their nearest training images, nearest to a copy first, and how many count."""
    kind, beat = SCORES[strips.settings["score"]], strip.training.beat
    rule = f"{kind.symbol} {kind.sign} {rounded(strips.threshold, 2)}"
    st.subheader(f"{beat} of {counted(strip.training.count, 'picture')} beat the threshold {rule}", anchor=False)
    st.markdown(f"Against the training images {strip.training}; against the control {strip.control}.")
    st.info(SHIPPED, icon=":material/hourglass_top:")
    order = sorted(range(len(strips.seeds)), key=lambda place: strip.scores[place], reverse=kind.larger_is_nearer)
    with st.container(key="first-gallery"), st.grid(4, min_column_width=220, gap="small"):
        for place in order:
            score = f"{kind.symbol} {strip.scores[place]:.2f}"
            with st.container(border=True, gap="xsmall"):
                drawn = figure(strip.drawn[place], f"Generated with seed {strips.seeds[place]}, {score}")
                show_row([drawn, figure(strip.nearest[place], f"Its nearest training image, {strip.ids[place]}")])
                st.caption(f"{score} · seed {strips.seeds[place]}")
