"""What is asked of a widget, by a link or by settings that were taken over, and how one that is off is mended.

Streamlit itself would take a widget's default without a word. So each widget first lets `checks` look at what is asked
of it. Where that is off, the link is mended before the widget is bound to it, and opened again; what was taken over
into a widget that is on the screen already is mended in the session.
"""

from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from pages._parts.notices import Note, notes, repeat

TAKEN, SEEN = "link_taken", "link_seen"  # in the session


@dataclass(frozen=True)
class Asked:
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


def asked_for(key: str) -> Asked | None:
    """What is newly asked of a widget, by the link or by what was taken over; None where nothing is."""
    taken: dict[str, Any] = st.session_state.get(TAKEN, {})
    if key in taken:
        return Asked(tuple(words(taken.pop(key))), on_screen=True)
    texts = tuple(st.query_params.get_all(key))
    seen: dict[str, tuple[str, ...]] = st.session_state.setdefault(SEEN, {})
    known, seen[key] = seen.get(key, ()), texts
    has = tuple(words(st.session_state.get(key)))
    return Asked(texts, on_screen=False) if texts and texts != known and texts != has else None


def settle(key: str, asked: Asked | None, near: Any, start: Any, sentence: str | None) -> None:
    """Let a widget have the nearest value and say so, or say again what was said before.

    Args:
        key: of the widget.
        asked: what is newly asked of it.
        near: what it can take.
        start: its default.
        sentence: what is off; None where nothing is.
    """
    if asked is None:
        repeat(key, st.session_state.get(key, start))
        return
    if sentence is not None:
        notes()[key] = Note(sentence, near)
    if asked.on_screen:
        st.session_state[key] = near
    elif sentence is not None and mended(key, near, start):
        st.rerun()
    repeat(key, near)


def mended(key: str, near: Any, start: Any) -> bool:
    """Put the nearest value into the link; where the widget is on the screen, into the widget, and False."""
    try:
        if near == start:
            del st.query_params[key]
            st.session_state.pop(key, None)
        else:
            st.query_params[key] = words(near)
    except StreamlitAPIException:  # back and forward in the browser
        st.session_state[key] = near
        return False
    return True
