"""Widgets whose link is kept here: a list that shows its options in words, which Streamlit would put into the link."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

T = TypeVar("T")
_OURS = "link_ours"  # in the session: what was last put into the link or taken from it, by key


def listed(
    title: str, known: Sequence[str], start: str, key: str, help_text: str, in_words: Callable[[str], str]
) -> str:
    """A list to choose from, kept in the URL by the options themselves; to be called after `checks.name`.

    Args:
        title: of the widget.
        known: the options.
        start: the default, which stands in no link.
        key: of the widget, and in the link.
        help_text: of the widget.
        in_words: what is shown of an option.
    """
    if st.session_state.get(key, start) not in known:  # offered before, or on another page
        del st.session_state[key]
    return kept(
        key,
        start,
        lambda: st.selectbox(
            title,
            known,
            index=known.index(start),
            format_func=in_words,
            help=help_text,
            key=key,
            persist_state="session",
        ),
        lambda asked: asked if asked in known else None,
        str,
    )


def kept(key: str, start: T, make: Callable[[], T], read: Callable[[str], T | None], written: Callable[[T], str]) -> T:
    """A widget that is not bound to the link, and stands in it all the same.

    Args:
        key: of the widget, and in the link.
        start: the default, which stands in no link.
        make: the widget.
        read: what a link's text means; None where it means nothing.
        written: a value as a link has it.
    """
    ours: dict[str, str] = st.session_state.setdefault(_OURS, {})
    asked = st.query_params.get(key, "")
    if asked and (asked != ours.get(key) or key not in st.session_state) and (value := read(asked)) is not None:
        st.session_state[key] = value
    chosen = make()
    ours[key] = "" if chosen == start else written(chosen)
    if ours[key] and asked != ours[key]:
        st.query_params[key] = ours[key]
    elif asked and not ours[key]:
        del st.query_params[key]
    return chosen
