"""Extract before torch is imported: what is shipped, with lambda at hand."""

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.extract.intro import PLAIN_INTRO, STEERED_INTRO
from pages._parts.inputs.scale import scale_input
from pages._parts.runtime import warm_up
from pages._parts.show import glossary
from pages._parts.show.card import show_cards, show_large, show_sentence
from pages._parts.show.first_look import LOADING, shipped_at_first
from pages._parts.show.places import Places, asked_how_sure
from pages._parts.show.shipped import best_of, cards_of_strip, follow_slider, sentence_of

_PATIENCE = 0.2  # seconds between two looks at whether the model is there


def show_first_look(places: Places) -> None:
    """Show what is shipped, where no more is asked for, until the model is there; the page then begins again.

    Args:
        places: of the page.
    """
    strips = shipped_at_first("extract", ("guidance_scale",))
    if strips is None:
        return
    with places.scale:
        scale = scale_input()
        follow_slider(strips)
    strip = min(strips.strips, key=lambda strip: abs(strip.scale - scale))
    cards, (sentence, note) = cards_of_strip(strips, strip), sentence_of(strips, strip)
    glossary.line(STEERED_INTRO if strip.scale else PLAIN_INTRO, places.intro)
    with places.sentence:
        show_sentence(sentence, note, follows=True)
    with places.pair:
        show_large(cards[best_of(strips, strip)], follows=True)
    if asked_how_sure(places.sure):
        with places.figures.container(border=True):
            st.markdown(f"Against the training images {strip.training}; against the control {strip.control}.")
    with places.gallery:
        show_cards(cards, follows=True)
    with st.sidebar:
        _await_model(st.empty())
    st.rerun()


def _await_model(place: DeltaGenerator) -> None:
    """Say that the model is being loaded for as long as it is; a person can move lambda, or go elsewhere, meanwhile."""
    warm_up.begin()
    while not warm_up.is_done():
        place.caption(f":material/hourglass_top: {LOADING}")  # where a script can be ended
        time.sleep(_PATIENCE)
