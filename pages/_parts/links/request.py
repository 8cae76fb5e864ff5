"""What is asked of a widget, by a link or by settings that were taken over, and how one that is off is mended.

Streamlit itself would take a widget's default without a word. So each widget first lets `checks` look at what is asked
of it. Where that is off, the link is mended before the widget is bound to it, and opened again; what was taken over
into a widget that is on the screen already is mended in the session.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from pages._parts.links.notices import Note, notes, repeat

TAKEN, SEEN = "link_taken", "link_seen"  # in the session


@dataclass(frozen=True)
class Request:
    """What is asked of a widget and not checked yet.

    Attributes:
        texts: the values, as in a link; none where its default is meant.
        on_screen: whether the widget is on the screen, so that the link is its own business.
    """

    texts: tuple[str, ...]
    on_screen: bool


def words(value: Any) -> list[str]:
    """A value as it stands in a link, once or several times."""
    if isinstance(value, list | tuple):
        return [word for item in value for word in words(item)]
    if value is None or value == "":
        return []
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def request_for(key: str) -> Request | None:
    """What is newly asked of a widget, by the link or by what was taken over; None where nothing is."""
    taken: dict[str, Any] = st.session_state.get(TAKEN, {})
    if key in taken:
        return Request(tuple(words(taken.pop(key))), on_screen=True)
    texts = tuple(st.query_params.get_all(key))
    seen: dict[str, tuple[str, ...]] = st.session_state.setdefault(SEEN, {})
    known, seen[key] = seen.get(key, ()), texts
    has = tuple(words(st.session_state.get(key)))
    return Request(texts, on_screen=False) if texts and texts != known and texts != has else None


def settle(key: str, request: Request | None, near: Any, start: Any, sentence: Callable[[Any], str] | None) -> None:
    """Let a widget have the nearest value and say so, or say again what was said before.

    Args:
        key: of the widget.
        request: what is newly asked of it.
        near: what it can take.
        start: its default.
        sentence: says what is off, and what is used instead; None where nothing is.
    """
    if request is None:
        repeat(key, st.session_state.get(key, start))
        return
    if request.on_screen:
        st.session_state[key] = near
    if sentence is not None:
        notes()[key] = Note(sentence(near), near)
        if not request.on_screen:
            if _mended(key, near, start):
                st.rerun()
            near = start  # back and forward in the browser: the link has its widget already, which takes its default
            notes()[key] = Note(sentence(near), near)
    repeat(key, near)


def _mended(key: str, near: Any, start: Any) -> bool:
    """Put the nearest value into the link; False where that is the business of a widget on the screen."""
    try:
        if near == start:
            del st.query_params[key]
            st.session_state.pop(key, None)
        else:
            st.query_params[key] = words(near)
    except StreamlitAPIException:
        return False
    return True
