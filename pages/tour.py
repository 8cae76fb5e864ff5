"""Tour: five steps from noise to a copied training image, and what a score does not prove; made for a projector."""

import streamlit as st

from pages._parts.show import glossary
from pages._parts.show.code import show_code
from pages._parts.show.figures import STYLE
from pages._parts.show.heading import begin_notices
from pages._parts.show.text import say_error
from pages._parts.tour.steps import STEPS, Step

NUMBERS = [str(number) for number in range(1, len(STEPS) + 1)]


def go(number: int) -> None:
    """Turn to a step."""
    st.session_state["step"] = str(number)


def walk() -> int:
    """Back, the five numbers, next, and how far it is; the number of the step, kept in the URL as `step`."""
    with st.container(horizontal=True, vertical_alignment="center", key="walk"):
        back, numbers, following, far = (st.container(width="content") for _ in range(4))
    with numbers:
        chosen = st.segmented_control(
            "Step of the tour",
            NUMBERS,
            default=NUMBERS[0],
            required=True,
            key="step",
            bind="query-params",
            label_visibility="collapsed",
        )
    number = int(chosen or 1)
    with back:
        st.button(
            "Back", icon=":material/arrow_back:", key="back", on_click=go, args=(number - 1,), disabled=number == 1
        )
    with following:
        last = number == len(STEPS)
        st.button(
            "Next",
            icon=":material/arrow_forward:",
            icon_position="right",
            key="next",
            type="secondary" if last else "primary",
            on_click=go,
            args=(number + 1,),
            disabled=last,
        )
    far.markdown(f"{number} of {len(STEPS)}")
    return number


def show(step: Step) -> None:
    """Its sentences, its demo, its code."""
    st.title(step.title, anchor=False)
    glossary.line(step.words)
    step.show()
    show_code(*step.code)


st.html(STYLE)
begin_notices("Tour")
number = walk()
try:
    show(STEPS[number - 1])
except ValueError as error:
    say_error(error)
if number == len(STEPS):
    st.page_link("extract.py", label="Now try it yourself", icon=":material/image_search:")
