"""Extract: pictures beside their nearest training images, drawn here or brought along, with scores and control."""

import streamlit as st

from pages._parts.extract.first_look import show_first_look
from pages._parts.links import checks
from pages._parts.links.link_values import DRAW, SCORE
from pages._parts.show.heading import show_heading
from pages._parts.show.places import make_places
from pages._parts.show.text import say_error

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
places = make_places()
try:
    if source == SCORE:
        from pages._parts.extract.scoring import score_pictures

        score_pictures(heading, places)
    else:
        show_first_look(places)
        from pages._parts.extract.drawing import draw_pictures

        draw_pictures(heading, places)
except ValueError as error:
    with places.status:
        say_error(error)
