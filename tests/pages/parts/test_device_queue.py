"""Work in turns on pages: results are kept, a run that ends frees its place, who waits is told without a flicker."""

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from pages._parts.runtime import device_queue
from pages._parts.runtime.device_queue import Notice, in_one_turn, in_turn, others, sentence, waited, with_others
from side_core.device_queue import DeviceQueue
from side_core.progress import finish
from tests.pages.parts.threads import PATIENCE, Ended, joined


@pytest.fixture(autouse=True)
def device(monkeypatch: pytest.MonkeyPatch) -> DeviceQueue:
    """A line of this test's own, with short turns."""
    monkeypatch.setattr(device_queue, "DEVICE", DeviceQueue(0.05))
    return device_queue.DEVICE


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Threads whose run is to end, by their number."""
    found: set[int] = set()

    def heed() -> None:
        if threading.get_ident() in found:
            raise Ended

    monkeypatch.setattr(device_queue, "heed_stop", heed)
    return found


def session(work: Callable[[], object]) -> threading.Thread:
    """Another session's script run."""

    def run() -> None:
        with contextlib.suppress(Ended):
            work()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def counting(steps: int, seconds: float = 0.0) -> Generator[int, None, str]:
    for step in range(steps):
        time.sleep(seconds)
        yield step
    return "done"


def test_events_and_the_returned_value_are_those_of_the_work() -> None:
    seen: list[int] = []
    assert finish(in_turn(counting(5)), seen.append) == "done"
    assert seen == list(in_turn(range(5))) == [0, 1, 2, 3, 4]
    assert in_one_turn(lambda: 7) == 7


def test_sessions_alternate_and_never_compute_at_the_same_time(device: DeviceQueue) -> None:
    inside: list[str] = []
    order: list[str] = []

    def work(name: str) -> Iterator[None]:
        for _ in range(30):
            assert not inside
            inside.append(name)
            time.sleep(0.005)
            inside.remove(name)
            order.append(name)
            yield

    joined(*(session(lambda name=name: list(in_turn(work(name)))) for name in "abc"))
    assert sorted(order) == ["a"] * 30 + ["b"] * 30 + ["c"] * 30
    assert sum(one != other for one, other in itertools.pairwise(order)) >= 6
    assert not device.line


def test_an_error_in_the_work_or_in_what_is_done_with_it_frees_the_place(device: DeviceQueue) -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(in_turn(failing()))
    assert not device.line
    with pytest.raises(KeyError):
        for _ in in_turn(counting(5)):
            raise KeyError
    assert not device.line
    with pytest.raises(ZeroDivisionError):
        in_one_turn(lambda: 1 / 0)
    assert not device.line and not device.busy


def test_a_run_that_ends_between_two_steps_closes_its_work(stops: set[int], device: DeviceQueue) -> None:
    closed = threading.Event()
    steps: list[int] = []

    def work() -> Iterator[int]:
        try:
            yield from counting(100)
        finally:
            closed.set()

    def run() -> None:
        for step in in_turn(work()):
            steps.append(step)
            if step == 3:
                stops.add(threading.get_ident())

    joined(session(run))
    assert steps == [0, 1, 2, 3] and closed.is_set() and not device.line


def test_who_waits_can_be_ended_at_once_and_the_other_goes_on(stops: set[int], device: DeviceQueue) -> None:
    end, done = threading.Event(), []

    def hold() -> Iterator[int]:
        end.wait(PATIENCE)
        yield 1

    holder = session(lambda: done.extend(in_turn(hold())))
    while not device.busy:
        time.sleep(0.001)
    waiter = session(lambda: list(in_turn(counting(3))))
    while len(device.line) < 2:
        time.sleep(0.001)
    start = time.monotonic()
    stops.add(waiter.ident or 0)
    joined(waiter)
    assert time.monotonic() - start < 10 * device_queue.POLL
    assert len(device.line) == 1 and not done
    end.set()
    joined(holder)
    assert done == [1]


def test_ending_one_sharing_session_leaves_the_other_all_its_steps(stops: set[int], device: DeviceQueue) -> None:
    seen: dict[str, list[int]] = {"a": [], "b": []}

    def run(name: str) -> None:
        for step in in_turn(counting(40, 0.005)):
            seen[name].append(step)

    first, second = session(lambda: run("a")), session(lambda: run("b"))
    while not (seen["a"] and seen["b"]):
        time.sleep(0.001)
    stops.add(first.ident or 0)
    joined(first, second)
    assert len(seen["a"]) < 40 and seen["b"] == list(range(40)) and not device.line


def test_work_within_work_and_between_its_steps_does_not_wait_for_itself(device: DeviceQueue) -> None:
    def outer() -> Generator[int, None, int]:
        total = 0
        for step in in_turn(range(3)):  # within a step of its own
            total += step + in_one_turn(lambda: 10)
            yield step
        return total

    def run() -> None:
        steps = in_turn(outer())
        assert next(steps) == 0
        assert list(in_turn(range(4))) == [0, 1, 2, 3]  # between two steps
        assert others() == 0
        results.append(finish(steps))

    results: list[int] = []
    joined(session(run))
    assert results == [33] and not device.line


class Place:
    """Stands for a placeholder of a page."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def info(self, text: str, icon: str) -> None:
        self.log.append(text)

    def empty(self) -> None:
        self.log.append("")


def test_a_long_wait_is_told_with_place_and_time_and_cleared(
    device: DeviceQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    place: Any = Place()
    ahead, behind = device.ticket(), device.ticket()
    assert ahead.take(0)
    ahead.tell(100)
    waiter = session(lambda: list(in_turn(counting(1), 0.04, place)))
    deadline = time.monotonic() + PATIENCE
    while not place.log and time.monotonic() < deadline:
        time.sleep(0.01)
    assert place.log[0] == "Waiting for the device: place 3 of 3, done in about 1 s"  # one turn each of two others
    ahead.leave()
    behind.leave()
    joined(waiter)
    assert place.log[-1] == "" and place.log.count("") == 1


def test_turns_that_alternate_are_not_told(device: DeviceQueue) -> None:
    place: Any = Place()
    joined(
        session(lambda: list(in_turn(counting(20, 0.01), place=place))),
        session(lambda: list(in_turn(counting(20, 0.01), place=place))),
    )
    assert place.log == []


def test_who_has_begun_is_told_later_than_who_has_not(device: DeviceQueue) -> None:
    place: Any = Place()
    ticket = device.ticket()
    notice = Notice(place)
    notice.see(ticket, device_queue.NOTICE_AFTER - 0.01)
    assert place.log == []
    notice.clear()  # its first step
    notice.see(ticket, device_queue.LONG - 0.01)
    assert place.log == []
    notice.see(ticket, device_queue.LONG)
    assert len(place.log) == 1
    notice.see(ticket, device_queue.LONG + 0.01)  # so soon that nothing is new
    assert len(place.log) == 1


@pytest.mark.parametrize(
    ("eta", "text"),
    [
        (None, "Waiting for the device: place 2 of 3"),
        (8.4, "Waiting for the device: place 2 of 3, done in about 8 s"),
        (300.0, "Waiting for the device: place 2 of 3, done in about 5 min"),
    ],
)
def test_sentence(eta: float | None, text: str) -> None:
    assert sentence(2, 3, eta) == text


def test_time_of_one_who_shares_counts_the_turns_of_others(device: DeviceQueue) -> None:
    assert with_others(1.0) == 1.0 and others() == 0
    found: list[float] = []

    def run() -> None:
        for _ in in_turn(counting(1)):
            found.extend([others(), with_others(1.0)])
        found.append(with_others(1.0))

    other = device.ticket()
    before = waited()
    joined(session(run))
    assert found == [1, pytest.approx(1.0 + 19.5 * 0.05, abs=0.03), 1.0]  # 19 or 20 turns of the other
    assert waited() == before  # that was another thread's
    other.leave()
