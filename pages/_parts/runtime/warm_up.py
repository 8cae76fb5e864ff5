"""What the first page needs is imported and opened while nobody waits for it: once, in a thread of its own."""

import ctypes
import gc
import threading
import time
from contextlib import suppress
from importlib import import_module

_STARTED, _BEGIN, DONE = threading.Lock(), threading.Event(), threading.Event()
_PATIENCE = 2.0  # seconds after which it begins though nobody has come
_REST = 1.0  # seconds for the page that has waited
_ARENA_MAX, _ARENAS = -8, 2  # glibc's M_ARENA_MAX (malloc.h), and how many heaps threads share
_PAUSE = 0.4  # seconds for the first look to reach the browser: importing torch stops everything else


def start() -> None:
    """Called as the server starts; once is enough."""
    if _STARTED.acquire(blocking=False):
        _share_heaps()
        threading.Thread(target=_work, name="warm-up", daemon=True).start()


def _share_heaps() -> None:
    """Let threads share few heaps: each run of a page is a thread, and what one frees no other heap can use.

    After forty steps of a session the server held 192 MiB more with a heap for each, 134 MiB with two.
    """
    with suppress(AttributeError, OSError):  # another C library than glibc
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _ARENAS)


def begin() -> None:
    """Somebody has come, and sees something: begin now."""
    _BEGIN.set()
    start()  # where the pages are served by another server than the app's


def is_done() -> bool:
    """Whether all is imported and the first model is open."""
    return DONE.is_set()


def _work() -> None:
    """Import what the first page needs (seconds of torch and diffusers), and open its model."""
    if _BEGIN.wait(_PATIENCE):
        time.sleep(_PAUSE)
    gc.disable()  # a fifth of the time: what is imported refers to itself in circles that are never garbage
    try:
        _open_first_model()
    finally:  # whoever waits for it says what is wrong
        gc.enable()
        DONE.set()
    time.sleep(_REST)
    import_module("scipy.stats")  # which the first rates need; after torch, into which it looks as it is imported


def _open_first_model() -> None:
    """Import what the first page needs, and open the model of a first visit."""
    import_module("torch")
    import_module("plotly.graph_objects")

    from pages._parts.runtime.resources import keep_subject
    from side_core.extraction.subject import open_subject
    from side_core.settings import ExtractSettings

    settings = ExtractSettings(mode="fast")
    with suppress(ValueError):
        keep_subject(settings, lambda: open_subject(settings))  # also finds the fastest arithmetic
