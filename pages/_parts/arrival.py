"""Settings are taken over into the widgets of a page, from any page, also from that one."""

from typing import Any, NoReturn

import streamlit as st
from streamlit.errors import StreamlitAPIException

from pages._parts.asked import TAKEN, words
from pages._parts.link_values import Values

BROUGHT = "link_brought"  # in the session, from one page to the other
KEPT = ("view", "size")  # widgets of all pages
BEGUN = ("steered_by", "picked_cluster")  # what would put a surrogate's card in place of what was taken over


def go(page: str, values: Values) -> NoReturn:
    """Go to a page; `arrive` then puts the values into its widgets. In a callback or in a page.

    `st.switch_page` refuses parameters that are bound on the page that is left, so nothing travels in the link.

    Args:
        page: its file.
        values: of its widgets by their keys; None stands for a default.
    """
    seen = {key: st.session_state[key] for key in KEPT if key in st.session_state}
    st.session_state[BROUGHT] = {**values, **seen}
    st.switch_page(page, query_params={})


def arrive() -> None:
    """Put what was brought into the link, and open it; to be called before any widget is made.

    Where a widget of this name is on the screen, the link is its own business: there the value goes into the session.
    """
    brought: Values | None = st.session_state.pop(BROUGHT, None)
    if brought is None:
        return
    for name in BEGUN:
        st.session_state.pop(name, None)
    taken: dict[str, Any] = {}
    for key, value in brought.items():
        if put(key, value):
            st.session_state.pop(key, None)
            continue
        taken[key] = value
        if value is not None:
            st.session_state[key] = value
    st.session_state[TAKEN] = taken
    st.rerun()


def put(key: str, value: Any) -> bool:
    """Put a value into the link; whether no widget on the screen is bound to it."""
    try:
        st.query_params[key] = words(value)
        if not words(value):
            del st.query_params[key]
    except StreamlitAPIException:
        return False
    return True
