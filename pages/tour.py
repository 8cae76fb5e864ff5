"""Tour: from noise to a copied training image, a vote, and what a score does not prove; each step fits a projector."""

from urllib.parse import urlencode

import streamlit as st

from pages._parts.inputs.view import DEMO, EVERYTHING, is_demo, is_projected
from pages._parts.links.link import absolute, seen_as
from pages._parts.show import glossary
from pages._parts.show.code import show_sources
from pages._parts.show.heading import begin_notices
from pages._parts.show.qr import show_qr
from pages._parts.show.text import say_error
from pages._parts.tour import playing
from pages._parts.tour.steps import STEPS, Step
from pages._parts.tour.vote import ROOM

NAMES = [step.name for step in STEPS]
OWN = ("step", "at", "face", "noise", "lam", "limit", "alone", "flip", "buried", ROOM)  # keys of the tour's links


def go(place: int) -> None:
    """Turn to a step."""
    st.session_state["step"] = NAMES[place]


def walk(places: st.delta_generator.DeltaGenerator) -> int:
    """Back, the steps, next; the place of the step, whose name is kept in the URL as `step`. All by arrow keys, too."""
    with places:
        back, names, following = (st.container(width="content") for _ in range(3))
    with names:
        chosen = st.segmented_control(
            "Step of the tour",
            NAMES,
            default=NAMES[0],
            required=True,
            key="step",
            bind="query-params",
            label_visibility="collapsed",
        )
    place, last = NAMES.index(str(chosen)), len(NAMES) - 1
    with back:
        st.button(
            "Back",
            icon=":material/arrow_back:",
            key="back",
            on_click=go,
            args=(max(place - 1, 0),),
            disabled=place == 0,
            shortcut="Left",
        )
    with following:
        if place == last:
            st.page_link("extract.py", label="Try it yourself", icon=":material/image_search:")
        else:
            st.button(
                "Next",
                icon=":material/arrow_forward:",
                key="next",
                type="primary",
                on_click=go,
                args=(place + 1,),
                shortcut="Right",
            )
    return place


def tools(step: Step, places: st.delta_generator.DeltaGenerator) -> None:
    """Play, the code, and a QR code of what is seen."""
    with places:
        if step.play is not None:
            plays = playing.is_playing(place)
            st.button(
                "Stop" if plays else "Play",
                icon=":material/stop:" if plays else ":material/play_arrow:",
                key="play",
                on_click=playing.toggle,
                args=(place,),
                shortcut="P",
            )
        if step.code:
            with st.popover("Code", icon=":material/code:", help="The lines of side_core that do this."):
                show_sources(*step.code)
        query = {key: st.query_params[key] for key in OWN if key in st.query_params}
        link = seen_as(f"/tour?{urlencode(query)}", DEMO if is_demo() else EVERYTHING, is_projected())
        show_qr(absolute(link, st.context.url or ""))


begin_notices("Tour")
heading = st.container(horizontal=True, vertical_alignment="center", key="walk")
title = heading.container(width="content")
place = walk(heading)
step = STEPS[place]
title.title(step.title, anchor=False)
if step.play is not None:
    playing.set_frame(place, *step.play)
with st.container(key="words"):
    glossary.line(step.words)
try:
    step.show()
except ValueError as error:
    say_error(error)
tools(step, heading)
if step.play is not None:
    playing.go_on(place, step.play[1])
