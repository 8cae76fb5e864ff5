"""A list that shows its options in words. Streamlit would put these words into the link, so its link is kept here."""

from collections.abc import Callable, Sequence

import streamlit as st

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
    ours: dict[str, str] = st.session_state.setdefault(_OURS, {})
    asked = st.query_params.get(key, "")
    if asked in known and (asked != ours.get(key) or key not in st.session_state):
        st.session_state[key] = asked
    if st.session_state.get(key, start) not in known:  # offered before, or on another page
        del st.session_state[key]
    chosen = st.selectbox(
        title,
        known,
        index=known.index(start),
        format_func=in_words,
        help=help_text,
        key=key,
        persist_state="session",
    )
    ours[key] = "" if chosen == start else chosen
    if ours[key] and asked != ours[key]:
        st.query_params[key] = ours[key]
    elif asked and not ours[key]:
        del st.query_params[key]
    return chosen
