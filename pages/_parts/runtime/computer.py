"""The one thread in which torch computes, whichever page or work asks for it."""

import contextvars
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

Event = TypeVar("Event")
Result = TypeVar("Result")

_COMPUTER = ThreadPoolExecutor(1, "computer")


class Here(threading.local):
    """Whether this is that thread."""

    computes = False


_HERE = Here()


def on_computer(call: Callable[[], Result]) -> Result:
    """What `call` gives; it sees the page that asks, and what it raises is raised here.

    Each thread that computes with torch has an OpenMP team of its own for as long as it lives. Where more of these
    live than there are cores, libgomp lets them sleep between any two operations: beside a page that had compared some
    pictures, drawing 16 steered ones took 1.9 s in place of 1.25 s (two cores).

    Args:
        call: must not wait for what another thread asks this one for.
    """
    if _HERE.computes:
        return call()
    page, context = get_script_run_ctx(suppress_warning=True), contextvars.copy_context()

    def there() -> Result:
        _HERE.computes = True
        add_script_run_ctx(threading.current_thread(), page)
        try:
            return context.run(call)
        finally:
            add_script_run_ctx(threading.current_thread(), None)

    return _COMPUTER.submit(there).result()


def computed(work: Generator[Event, Any, Result]) -> Generator[Event, None, Result]:
    """The same events, each made in that thread; between two of them others may compute."""
    while True:
        try:
            event = on_computer(lambda: next(work))
        except StopIteration as end:
            result: Result = end.value
            return result
        yield event
