"""Values that outlive a rerun, for all sessions: made once, forgotten when nobody has used them for a while."""

import ctypes
import gc
import math
import sys
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

from pages._parts.runtime.stop import heed_stop

Key = tuple[Hashable, ...]
Value = TypeVar("Value")

_IDLE = 15 * 60.0  # seconds after which what nobody has used is forgotten
SELDOM = 60.0  # seconds between two times that memory is given back
_POLL = 0.1  # seconds between two looks at whether another session has made it


@dataclass
class Entry(Generic[Value]):
    """A value and when it was used last."""

    value: Value
    used: float


class SharedCache(Generic[Value]):
    """A few values by key. Safe to use from several sessions at once.

    What is used is never lost: a value that somebody still holds is found again, even after it was forgotten here
    (unless no weak reference can be made of it).

    Args:
        most: how many are kept alive; the longest unused goes first.
        idle: seconds after which one that nobody has used is let go; None: never.
        clock: seconds since whenever.
    """

    def __init__(self, most: int, idle: float | None = _IDLE, clock: Callable[[], float] = time.monotonic):
        self.most, self.idle, self.clock = most, idle, clock
        self.entries: OrderedDict[Key, Entry[Value]] = OrderedDict()
        self.alive: weakref.WeakValueDictionary[Key, Value] = weakref.WeakValueDictionary()
        self.making: dict[Key, threading.Event] = {}
        self.cleared = 0  # how often: what is being made meanwhile is out of date
        self.lock = threading.RLock()
        self.timer: threading.Timer | None = None

    def get(self, key: Key) -> Value | None:
        """A value, if it is still kept, or still in use somewhere."""
        with self.lock:
            self.tidy()
            entry = self.entries.get(key)
            value = self.alive.get(key) if entry is None else entry.value
            return None if value is None else self.put(key, value)

    def put(self, key: Key, value: Value) -> Value:
        """Keep a value and give it back."""
        with self.lock:
            self.entries[key] = Entry(value, self.clock())
            self.entries.move_to_end(key)
            with suppress(TypeError):  # lists, tuples and the like
                self.alive[key] = value
            self.tidy()
            self.set_timer()
        return value

    def get_or_make(self, key: Key, make: Callable[[], Value]) -> Value:
        """A value, made now if it is not kept. Sessions that ask at the same time make it once.

        Those that wait can be stopped. If who makes it is stopped or fails, the next one makes it.
        """
        while True:
            with self.lock:
                value, others = self.get(key), self.making.get(key)
                if value is not None:
                    return value
                if others is None:
                    self.making[key], cleared = threading.Event(), self.cleared
                    break
            with st.spinner(
                "It is being prepared already", show_time=True
            ):  # by another session, or as the server starts
                while not others.wait(_POLL):
                    heed_stop()
        try:
            value = make()
            with self.lock:
                return self.put(key, value) if cleared == self.cleared else value
        finally:
            with self.lock:
                self.making.pop(key).set()

    def clear(self) -> None:
        """Forget everything, for example because files have changed."""
        with self.lock:
            self.cleared += 1
            self.entries.clear()
            self.alive.clear()

    def tidy(self) -> None:
        """Let go what is too much or has not been used for too long."""
        with self.lock:
            before = len(self.entries)
            while len(self.entries) > self.most:
                self.entries.popitem(last=False)
            while self.idle is not None and self.entries:
                oldest = next(iter(self.entries.values()))
                if self.clock() - oldest.used < self.idle:
                    break
                self.entries.popitem(last=False)
            if len(self.entries) < before:
                _RELEASE.soon()

    def set_timer(self) -> None:
        """Tidy up when the oldest has been idle for long enough, though nobody asks."""
        if self.idle is None or self.timer is not None or not self.entries:
            return
        due = next(iter(self.entries.values())).used + self.idle - self.clock()
        self.timer = threading.Timer(max(due, 0.0) + 1.0, self.ring)
        self.timer.daemon = True
        self.timer.start()

    def ring(self) -> None:
        """Called by the timer."""
        with self.lock:
            self.timer = None
            self.tidy()
            self.set_timer()


class Release:
    """Gives memory back to the system a moment after something was let go; seldom, as it takes tenths of a second."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pending, self.last = False, -math.inf

    def soon(self) -> None:
        """Do it in a second, when the run that let go has ended, too, but once a minute at most."""
        with self.lock:
            if self.pending:
                return
            self.pending = True
            wait = max(1.0, self.last + SELDOM - time.monotonic())
        timer = threading.Timer(wait, self.now)
        timer.daemon = True
        timer.start()

    def now(self) -> None:
        """Collect what refers to itself in circles, as models do, and hand free memory back."""
        with self.lock:
            self.pending, self.last = False, time.monotonic()
        gc.collect()
        if "torch" in sys.modules and (cuda := sys.modules["torch"].cuda).is_initialized():
            cuda.empty_cache()
        if sys.platform == "linux":  # glibc keeps small pieces for itself otherwise; other C libraries lack this
            with suppress(OSError, AttributeError):
                ctypes.CDLL(None).malloc_trim(0)


_RELEASE = Release()
