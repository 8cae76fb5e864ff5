"""Threads as sessions have them."""

import threading

PATIENCE = 20  # seconds


class Ended(BaseException):
    """What Streamlit raises where a run is to end: no Exception."""


def joined(*threads: threading.Thread) -> None:
    """Wait for all of them; none may hang."""
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "it hangs"
