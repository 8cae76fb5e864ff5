"""What a page says about its link: which of its settings there are none of here, and what is used instead."""

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.show.text import plain

_NOTES, PAGE = "link_notes", "link_page"  # in the session
LONGEST = 80  # characters of a value that are repeated


@dataclass(frozen=True)
class Note:
    """A sentence, said for as long as the widget has the value that was put in place of what was asked for."""

    sentence: str
    near: Any


@dataclass
class Notices:
    """Where a page says what its link asks for in vain, and what it has said in this run."""

    place: DeltaGenerator
    said: list[str]


_NOTICES: ContextVar[Notices | None] = ContextVar("notices", default=None)


def begin(page: str, place: DeltaGenerator) -> None:
    """A page begins: it says at `place` (an `st.empty`) what its link asks for in vain."""
    _NOTICES.set(Notices(place, []))
    if st.session_state.get(PAGE) != page:
        st.session_state[PAGE] = page
        st.session_state[_NOTES] = {}


def replaced(key: str) -> bool:
    """Whether something else stands in the place of what the link asks for."""
    return key in notes()


def notes() -> dict[str, Note]:
    """What is said, by key."""
    found: dict[str, Note] = st.session_state.setdefault(_NOTES, {})
    return found


def repeat(key: str, value: Any) -> None:
    """Say what was said of a widget before, unless the person has given it another value than `near` since."""
    note = notes().get(key)
    if note is None:
        return
    if value != note.near:
        del notes()[key]
        return
    say(note.sentence)


def say(sentence: str) -> None:
    """Say a sentence where the page says such things, all in one box."""
    notices = _NOTICES.get()
    if notices is None:
        st.warning(sentence, icon=":material/link_off:")
        return
    notices.said.append(sentence)
    several = len(notices.said) > 1
    text = "\n".join(f"- {one}" for one in notices.said) if several else sentence
    notices.place.warning(text, icon=":material/link_off:")


def off(title: str, texts: Sequence[str], allowed: str, instead: str) -> str:
    """One sentence: what was asked for, what is possible, what is used."""
    raw = plain(" and ".join(texts), LONGEST)
    return f"The link asks for {title} = '{raw}', not {allowed}: {instead} is used."


def missing(title: str, texts: Sequence[str], instead: str, reason: str) -> str:
    """What was asked for, what takes its place, and why."""
    raw = plain(" and ".join(texts), LONGEST)
    return f"The link asks for {title} = '{raw}', which cannot be used: {instead} is. {plain(reason, 500)}"


def unheeded(titles: Iterable[tuple[str, str]], instead: str) -> None:
    """Say which settings of the link the page has no widget for.

    Args:
        titles: keys that may be in the link, with their titles.
        instead: what is used, in words.
    """
    for key, title in titles:
        if texts := st.query_params.get_all(key):
            say(off(title, texts, "a setting of this page", instead))
