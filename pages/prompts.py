"""Prompts: is this prompt memorised, which of its words carry it, and what does it draw; for text-to-image models."""

import streamlit as st

from pages._parts.inputs import view
from pages._parts.show import glossary
from pages._parts.show.first_look import show_first_look
from pages._parts.show.heading import show_heading
from pages._parts.show.text import say_error

INTRO = (
    "Type what a picture is to show. If the model knows a [[training image|training picture]] by heart under these "
    "words, they change the [[noise]] it predicts far more than other words do: the [[text norm|score]] jumps at the "
    "first [[step]], before there is anything to see. The words that carry it light up: change one, and watch."
)

heading = show_heading("Is this prompt memorised?", "prompts")
with view.detail("intro"):
    glossary.line(INTRO)
first = st.empty()
try:
    show_first_look("prompts", first)
    from pages._parts.prompts.looking import look_into

    look_into(heading, first)
except ValueError as error:
    first.empty()
    say_error(error)
