"""The first look: what the shipped model has drawn before, until torch is imported and there are pictures of now."""

from collections.abc import Collection

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.runtime import warm_up
from pages._parts.show.card import show_cards
from pages._parts.show.shipped import cards_of_strip
from pages._parts.show.text import plain
from side_core.files.assets import STRIPS
from side_core.sampling.strips import Strip, Strips, read_strips
from side_core.similarity.scores import SCORES
from side_core.wording import counted, rounded

LOADING = "The model is being loaded; until then this is what it drew before with these settings."
_SEEN = ("view", "size")  # of a link: how the page is seen, not what it shows


def shipped_at_first(page: str, free: Collection[str] = ()) -> Strips | None:
    """What a page shows as long as the model is being loaded; None where it is there, or the link asks for more.

    Args:
        page: a key of `STRIPS`.
        free: what may be in the link, besides how the page is seen.
    """
    if warm_up.is_done() or set(st.query_params) - {*_SEEN, *free}:
        return None
    try:
        return read_strips(STRIPS[page])
    except ValueError:  # they are a preview alone
        return None


def show_first_look(page: str, place: DeltaGenerator) -> None:
    """Show what a page's default settings draw, where they are asked for and the model is still being loaded.

    Args:
        page: a key of `STRIPS`.
        place: an `st.empty` for the pictures.
    """
    if (strips := shipped_at_first(page)) is not None:
        with place.container():
            _show(strips, strips.strips[0])
        warm_up.begin()


def _show(strips: Strips, strip: Strip) -> None:
    """The pictures of a lambda beside their nearest training images, and how many count."""
    kind, beat = SCORES[strips.settings["score"]], strip.training.beat
    rule = f"{kind.symbol} {kind.sign} {rounded(strips.threshold, 2)}"
    st.subheader(f"{beat} of {counted(strip.training.count, 'picture')} beat the threshold {rule}", anchor=False)
    st.markdown(f"Against the training images {strip.training}; against the control {strip.control}.")
    if prompt := strips.settings.get("prompt"):
        st.markdown(f"Prompt: **{plain(prompt)}**")
    st.info(LOADING, icon=":material/hourglass_top:")
    show_cards(cards_of_strip(strips, strip), key="first-gallery")
