"""Silence for diffusers: what it would log or warn of becomes one sentence where it matters. One import at a time."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# diffusers and transformers put another module in their own place at the end of their import: a second thread would be
# left with the first.
importing = threading.Lock()
_silence = threading.RLock()  # both switches belong to the whole process


@contextmanager
def quiet() -> Iterator[None]:
    """Neither warnings nor log lines inside this block."""
    with importing:
        from diffusers.utils import logging  # seconds to import

    with _silence, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verbosity = logging.get_verbosity()
        logging.set_verbosity(logging.CRITICAL)
        try:
            yield
        finally:
            logging.set_verbosity(verbosity)
