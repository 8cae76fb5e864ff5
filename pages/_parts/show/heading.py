"""The head of a page: its title, beside it a link to copy, below it what its link asks for in vain."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.inputs.view import DEMO, EVERYTHING, is_demo, is_projected
from pages._parts.links import notices
from pages._parts.links.copy_link import copy_link
from pages._parts.links.link import HERE, Opening, absolute, seen_as
from pages._parts.links.strangers import say_strangers
from pages._parts.show.faces import show_faces


def show_heading(title: str, page: str = "") -> DeltaGenerator:
    """Title, and places for the rest; returns where the link goes as soon as the settings are known.

    Args:
        title: of the page.
        page: its name, where a telephone shows some faces below the title.
    """
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="heading"):
        st.title(title, anchor=False, width="content")
        place = st.container(width="content", key="heading-link")
    begin_notices(title)
    show_faces(page)
    return place


def begin_notices(page: str) -> None:
    """Say here what the link asks for in vain: what no page knows at once, the rest as widgets are made."""
    notices.begin(page, st.empty())
    say_strangers()


def offer_link(place: DeltaGenerator, opening: Opening) -> None:
    """Let a person copy the link that opens this page with every setting, seen as it is now.

    Args:
        place: from `show_heading`.
        opening: this page, and what its widgets hold.
    """
    st.session_state[HERE] = opening
    link = seen_as(opening.link, DEMO if is_demo() else EVERYTHING, is_projected())
    with place:
        copy_link(absolute(link, st.context.url or ""))
