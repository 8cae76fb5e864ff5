"""Work on a page: progress with the time left; any widget stops it at its next step."""

import threading
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

import streamlit as st

from pages._parts.runtime.device_queue import others, waited, with_others
from pages._parts.runtime.stop import heed_stop
from pages._parts.show.rest import Phase, Rest
from pages._parts.show.text import in_time
from side_core.progress import Part, finish
from side_core.wording import counted

Result = TypeVar("Result")
_QUIET = 0.5  # seconds before a progress bar appears, and between its updates
TOUCH = 0.25  # seconds between updates: each one makes the browser work, on the very cores that compute


def run_with_progress(work: Generator[Any, None, Result], text: str | Callable[[Part], str]) -> Result:
    """Run a generator to its end under a progress bar and give what it returns.

    Args:
        work: hands out events with `done` and `total`.
        text: what is being done, or how to tell from an event.
    """
    place = st.empty()
    touched = time.monotonic()
    rest = Rest(own_time)

    def watch(event: Part) -> None:
        nonlocal touched
        heed_stop()
        left = shared(rest.after(event))
        now = time.monotonic()
        if now - touched < _QUIET:
            return
        touched = now
        what = text if isinstance(text, str) else text(event)
        place.progress(event.done / max(event.total, 1), text=so_far(what, event, left))

    with st.spinner(text if isinstance(text, str) else "Working", show_time=True):
        result = finish(work, watch)
    place.empty()
    return result


def so_far(what: str, event: Part, left: float | None) -> str:
    """How much is done, how long the rest takes where that is known, and who else works here."""
    count = others()
    rest = "" if left is None else f", about {in_time(left)} left"
    sharing = f", shared with {counted(count, 'other')}" if count else ""
    return f"{what}: {event.done:,} of {event.total:,}{rest}{sharing}"


def shared(left: float | None) -> float | None:
    """Seconds that are left where the device is shared: those of the others' turns as well."""
    return None if left is None else with_others(left)


def own_time() -> float:
    """Seconds since whenever, without those that this script run has waited for the device: waiting is no work."""
    return time.monotonic() - waited()


class Beside(threading.local):
    """What else this run of a page shows of work elsewhere, touched while the page itself works."""

    touch: Callable[[], object] | None = None


BESIDE = Beside()


class StopBar:
    """Progress with the time left and a button to stop; the page is touched a few times a second at most.

    Args:
        stop: what the button says.
        help: what stopping keeps.
        on_stop: called when it is pressed; the run ends at the page's next touch.
        phases: how long the work should take, with all that follows until its result; empty where nobody knows.
        beside: makes what else stands in its row.
        key: of the button, where a page may show two such bars one after the other.
    """

    def __init__(
        self,
        stop: str,
        help: str,
        on_stop: Callable[[], None],
        phases: Sequence[Phase] = (),
        beside: Callable[[], object] = lambda: None,
        key: str | None = None,
    ):
        with st.container(horizontal=True, vertical_alignment="center"):
            self.bar = st.progress(0.0, text="Beginning …")
            st.button(stop, icon=":material/stop:", help=help, on_click=on_stop, key=key)
            beside()
        self.touched = time.monotonic()
        self.rest = Rest(own_time, phases)

    def see(self, event: Part, text: str) -> bool:
        """Note an event; whether the page was touched, so that a preview may be too. Stop ends the run here."""
        heed_stop()
        left = shared(self.rest.after_step(event))
        return self.show(event.done / event.total, lambda: so_far(text, event, left))

    def show(self, share: float, words: Callable[[], str]) -> bool:
        """Show how much is done, 0 to 1, unless the page was touched a moment ago; whether it was touched."""
        now = time.monotonic()
        if now - self.touched < TOUCH and share < 1:
            return False
        self.touched = now
        self.bar.progress(share, text=words())
        if BESIDE.touch is not None:
            BESIDE.touch()
        return True
