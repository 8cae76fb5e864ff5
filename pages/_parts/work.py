"""Long work on a page: progress with the time left; any widget stops it at its next step."""

import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import streamlit as st

from side_core.progress import Part, finish

Result = TypeVar("Result")
QUIET = 0.5  # seconds before a progress bar appears, and between its updates
TOUCH = 0.25  # seconds between updates: each one makes the browser work, on the very cores that compute


def in_time(seconds: float) -> str:
    """A duration for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


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


class StopBar:
    """Progress with the time left and a button to stop; the page is touched a few times a second at most.

    Args:
        stop: what the button says.
        help: what stopping keeps.
        on_stop: called when it is pressed; the run ends at the page's next touch.
    """

    def __init__(self, stop: str, help: str, on_stop: Callable[[], None]):
        with st.container(horizontal=True, vertical_alignment="center"):
            self.bar = st.progress(0.0, text="Beginning …")
            st.button(stop, icon=":material/stop:", help=help, on_click=on_stop)
        self.start = self.touched = time.monotonic()
        self.before = self.made = 0

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.start

    def see(self, event: Part, text: str) -> bool:
        """Note an event; whether the page was touched, so that a preview may be too."""
        advance = event.done - self.before
        self.made += advance if advance <= 1 else 0  # more at once was kept from an earlier run, and says nothing
        self.before = event.done
        now = time.monotonic()
        if now - self.touched < TOUCH and event.done < event.total:
            return False
        left = (now - self.start) * (event.total - event.done) / max(self.made, 1)
        self.touched = now
        self.bar.progress(
            event.done / event.total, text=f"{text}: {event.done:,} of {event.total:,}, about {in_time(left)} left"
        )
        return True
