"""Long work on a page: progress with the time left; any widget stops it at its next step."""

import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import streamlit as st

from side_core.progress import Part, finish

Result = TypeVar("Result")
QUIET = 0.5  # seconds before a progress bar appears, and between its updates


def run_with_progress(work: Generator[Any, None, Result], text: str | Callable[[Part], str]) -> Result:
    """Run a generator to its end under a progress bar and give what it returns.

    Args:
        work: hands out events with `done` and `total`.
        text: what is being done, or how to tell from an event.
    """
    place = st.empty()
    start = touched = time.monotonic()

    def watch(event: Part) -> None:
        nonlocal touched
        now = time.monotonic()
        if now - touched < QUIET:
            return
        touched = now
        what = text if isinstance(text, str) else text(event)
        left = (now - start) * (event.total - event.done) / max(event.done, 1)
        place.progress(
            event.done / max(event.total, 1), text=f"{what}: {event.done:,} of {event.total:,}, about {left:.0f} s left"
        )

    with st.spinner(text if isinstance(text, str) else "Working", show_time=True):
        result = finish(work, watch)
    place.empty()
    return result
