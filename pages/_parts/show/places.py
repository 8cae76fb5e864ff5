"""Where things stand on Extract: one large pair beside what came out, lambda, the gallery, what follows."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.inputs import view

SURE = "sure"  # in the session: whether the figures are open


@dataclass(frozen=True)
class Places:
    """Containers, in the order in which they are read.

    Attributes:
        intro: a line that says what is seen.
        status: what is being done, and what went wrong.
        pair: the large one.
        sentence: what came out, in words.
        sure: where somebody asks how sure that is.
        mapped: where the map is switched on.
        scale: lambda.
        figures: the answer.
        map: where they land.
        gallery: all pairs.
        below: what came back, how it was drawn, the run as files.
    """

    intro: DeltaGenerator
    status: DeltaGenerator
    pair: DeltaGenerator
    sentence: DeltaGenerator
    sure: DeltaGenerator
    mapped: DeltaGenerator
    scale: DeltaGenerator
    figures: DeltaGenerator
    map: DeltaGenerator
    gallery: DeltaGenerator
    below: DeltaGenerator


def make_places() -> Places:
    """Lay them out."""
    intro = st.container(key="intro").empty()
    status = st.container(key="status", gap="small")
    with st.container(key="look"):
        left, right = st.columns([6 if view.is_demo() else 9, 11], gap="medium")
    with right:
        sentence = st.container(key="said")
        with st.container(horizontal=True, vertical_alignment="center", key="sure-place"):
            sure, mapped = st.container(width="content"), st.container(width="content")
        scale = st.container(key="scale")
    figures, faces = st.container(key="figures"), st.container(key="map-place")
    gallery, below = st.container(key="pairs"), view.detail("below")
    return Places(
        intro, status, left.container(key="large"), sentence, sure, mapped, scale, figures, faces, gallery, below
    )


def asked_how_sure(place: DeltaGenerator) -> bool:
    """A button that opens the figures, and closes them; whether they are open.

    Args:
        place: where it stands.
    """
    is_open: bool = st.session_state.setdefault(SURE, False)
    place.button(
        "How sure?",
        icon=":material/expand_less:" if is_open else ":material/expand_more:",
        key="how-sure",
        help="Count, control, 95 % interval and calibration.",
        on_click=st.session_state.__setitem__,
        args=(SURE, not is_open),
    )
    return is_open
