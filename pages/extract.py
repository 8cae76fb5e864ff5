"""Extract: pictures beside their nearest training images, drawn here or brought along, with scores and control."""

import streamlit as st

from pages._parts.extract.intro import PLAIN_INTRO
from pages._parts.links import checks
from pages._parts.links.link_values import DRAW, SCORE
from pages._parts.show import glossary
from pages._parts.show.figures import STYLE
from pages._parts.show.first_look import show_first_look
from pages._parts.show.heading import show_heading
from pages._parts.show.text import say_error

st.html(STYLE)
heading = show_heading("What has this model memorised?")
with st.sidebar:
    checks.name("pictures", "Pictures", [DRAW, SCORE], DRAW)
    source = st.segmented_control(
        "Pictures",
        [DRAW, SCORE],
        default=DRAW,
        required=True,
        key="pictures",
        bind="query-params",
        width="stretch",
        help="Draw pictures with a model, or score pictures that others generated: no model is needed for that.",
    )
intro, first = st.empty(), st.empty()
try:
    if source == SCORE:
        from pages._parts.extract.scoring import score_pictures

        score_pictures(heading)
    else:
        if show_first_look("extract", first):
            glossary.line(PLAIN_INTRO, intro)
        from pages._parts.extract.drawing import draw_pictures

        draw_pictures(heading, intro, first)
except ValueError as error:
    first.empty()
    say_error(error)
