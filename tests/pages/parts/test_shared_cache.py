"""What outlives a rerun: made once, found while anybody uses it, let go when nobody has for a while."""

import gc
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pages._parts.runtime import shared_cache
from pages._parts.runtime.shared_cache import Release, SharedCache
from tests.pages.parts.threads import PATIENCE, Ended, joined


class Model:
    """Something that can be referred to weakly."""


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def in_thread(call: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


def test_the_longest_unused_goes_first() -> None:
    store: SharedCache[list[int]] = SharedCache(2)  # lists cannot be referred to weakly
    for number in range(3):
        store.put((number,), [number])
        store.get((0,))
    assert [store.get((number,)) for number in range(3)] == [[0], None, [2]]


def test_what_is_in_use_is_found_again_and_not_made_twice() -> None:
    store: SharedCache[Model] = SharedCache(1)
    used = store.get_or_make(("a",), Model)
    store.put(("b",), Model())
    assert list(store.entries) == [("b",)]
    assert store.get_or_make(("a",), Model) is used
    assert list(store.entries) == [("a",)]  # and is kept again


def test_what_nobody_uses_any_more_is_gone_from_memory() -> None:
    store: SharedCache[Model] = SharedCache(1)
    gone = weakref.ref(store.put(("a",), Model()))
    store.put(("b",), Model())
    gc.collect()
    assert gone() is None and store.get(("a",)) is None


def test_idle_ones_go_and_used_ones_stay(clock: Clock) -> None:
    store: SharedCache[list[int]] = SharedCache(4, idle=60, clock=clock)
    store.put(("idle",), [1])
    store.put(("used",), [2])
    clock.now = 59
    assert store.get(("used",)) == [2]
    clock.now = 61
    assert store.get(("idle",)) is None and store.get(("used",)) == [2]
    store.put(("new",), [3])
    clock.now = 200
    store.tidy()
    assert not store.entries


def test_an_idle_one_that_is_still_used_is_the_same_afterwards(clock: Clock) -> None:
    store: SharedCache[Model] = SharedCache(4, idle=60, clock=clock)
    used = store.put(("a",), Model())
    clock.now = 1000
    assert store.get_or_make(("a",), Model) is used


def test_without_a_limit_nothing_is_ever_idle(clock: Clock) -> None:
    store: SharedCache[list[int]] = SharedCache(4, idle=None, clock=clock)
    store.put(("a",), [1])
    clock.now = 1e9
    assert store.get(("a",)) == [1] and store.timer is None


def test_a_timer_lets_go_though_nobody_asks() -> None:
    store: SharedCache[Model] = SharedCache(4, idle=0.1)
    gone = weakref.ref(store.put(("a",), Model()))
    deadline = time.monotonic() + PATIENCE
    while gone() is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone() is None and not store.entries and store.timer is None


def test_sessions_that_ask_at_once_make_it_once() -> None:
    store: SharedCache[Model] = SharedCache(4)
    made: list[Model] = []
    start, found = threading.Barrier(4), []

    def make() -> Model:
        time.sleep(0.2)
        made.append(Model())
        return made[-1]

    def ask() -> None:
        start.wait(PATIENCE)
        found.append(store.get_or_make(("a",), make))

    joined(*(in_thread(ask) for _ in range(4)))
    assert len(made) == 1 and len(found) == 4 and set(found) == set(made)
    assert not store.making


def test_other_keys_do_not_wait() -> None:
    store, end = SharedCache[Model](4), threading.Event()
    slow = in_thread(lambda: store.get_or_make(("slow",), lambda: (end.wait(PATIENCE), Model())[1]))
    while not store.making:
        time.sleep(0.001)
    joined(in_thread(lambda: store.get_or_make(("quick",), Model)))
    assert slow.is_alive()
    end.set()
    joined(slow)


def test_if_the_first_is_stopped_or_fails_the_next_one_makes_it() -> None:
    store: SharedCache[Model] = SharedCache(4)
    end, found = threading.Event(), []

    def fail() -> Model:
        end.wait(PATIENCE)
        raise Ended

    def first() -> None:
        with pytest.raises(Ended):
            store.get_or_make(("a",), fail)

    failing = in_thread(first)
    while not store.making:
        time.sleep(0.001)
    waiting = in_thread(lambda: found.append(store.get_or_make(("a",), Model)))
    time.sleep(0.05)
    end.set()
    joined(failing, waiting)
    assert len(found) == 1 and store.get(("a",)) is found[0]


def test_who_waits_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    store: SharedCache[Model] = SharedCache(4)
    end, stopped = threading.Event(), threading.Event()
    making = in_thread(lambda: store.get_or_make(("a",), lambda: (end.wait(PATIENCE), Model())[1]))
    while not store.making:
        time.sleep(0.001)

    def heed() -> None:
        raise Ended

    def wait() -> None:
        try:
            store.get_or_make(("a",), Model)
        except Ended:
            stopped.set()

    monkeypatch.setattr(shared_cache, "heed_stop", heed)
    joined(in_thread(wait))
    assert stopped.is_set() and making.is_alive()
    end.set()
    joined(making)
    assert store.get(("a",)) is not None


def test_forgotten_ones_are_made_anew_even_while_used_or_being_made() -> None:
    store: SharedCache[Model] = SharedCache(4)
    used = store.put(("a",), Model())
    store.clear()
    assert store.get_or_make(("a",), Model) is not used

    def make() -> Model:
        store.clear()  # the files change while they are read
        return Model()

    stale = store.get_or_make(("b",), make)
    assert store.get(("b",)) is None and store.get_or_make(("b",), Model) is not stale


def test_memory_is_given_back_once_for_many_and_then_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    class Timer:
        def __init__(self, seconds: float, call: Callable[[], None]):
            waits.append(seconds)

        def start(self) -> None:
            """Never rings by itself."""

    monkeypatch.setattr(threading, "Timer", Timer)
    release = Release()
    for _ in range(3):
        release.soon()
    assert waits == [1.0]
    release.now()
    release.soon()
    assert (
        len(waits) == 2 and shared_cache.SELDOM / 2 < waits[1] <= shared_cache.SELDOM
    )  # a busy machine is slow to give back


def test_giving_back_breaks_circles() -> None:
    one, other = Model(), Model()
    one.other, other.other = other, one  # type: ignore[attr-defined]
    gone = weakref.ref(one)
    gc.disable()
    try:
        del one, other
        assert gone() is not None
        Release().now()
        assert gone() is None
    finally:
        gc.enable()
