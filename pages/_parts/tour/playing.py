"""Play: the controls of a step move by themselves, until its end or until somebody stops them."""

import time
from collections.abc import Sequence
from typing import Any

import streamlit as st

_PLAYING = "playing"  # in the session: how many frames of which step were shown
_PAUSE = 0.35  # seconds that a frame is seen


def is_playing(step: int) -> bool:
    """Whether a step plays."""
    return st.session_state.get(_PLAYING, (None, 0))[0] == step


def toggle(step: int) -> None:
    """Play a step from its beginning, or stop it."""
    st.session_state[_PLAYING] = (None, 0) if is_playing(step) else (step, 0)


def set_frame(step: int, key: str, frames: Sequence[Any]) -> None:
    """Move the control of a playing step to its next position; before any widget is made.

    Args:
        step: its number.
        key: of the control.
        frames: the positions that it has, one after the other.
    """
    if is_playing(step):
        st.session_state[key] = frames[min(st.session_state[_PLAYING][1], len(frames) - 1)]


def go_on(step: int, frames: Sequence[Any]) -> None:
    """Let a frame be seen, then show the next one; last on the page."""
    if not is_playing(step):
        return
    _, shown = st.session_state[_PLAYING]
    st.session_state[_PLAYING] = (step, shown + 1) if shown + 1 < len(frames) else (None, 0)
    time.sleep(_PAUSE)
    st.rerun()
