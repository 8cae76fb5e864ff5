"""Long work on a page: what its bar says, and that Stop is heeded at every step."""

import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.runtime import device_queue, work
from pages._parts.runtime.work import StopBar, own_time
from pages._parts.show.rest import Phase
from side_core.device_queue import DeviceQueue


class Part:
    """`done` of `total`."""

    def __init__(self, done: int, total: int):
        self.done, self.total = done, total


class Ended(BaseException):
    """What Streamlit raises where a run is to end: no Exception."""


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> DeviceQueue:
    monkeypatch.setattr(device_queue, "DEVICE", DeviceQueue(0.05))
    return device_queue.DEVICE


@pytest.mark.parametrize(
    ("count", "end"), [(0, " left"), (1, " left, shared with 1 other"), (3, " left, shared with 3 others")]
)
def test_the_bar_says_who_else_works_here(device: DeviceQueue, count: int, end: str) -> None:
    there = [device.ticket() for _ in range(count)]
    said = []
    for step in device_queue.in_turn(range(1)):
        said.append(work.so_far("Steps", Part(step + 1, 4), 3.2))
    assert said == [f"Steps: 1 of 4, about 3 s{end}"]
    assert work.so_far("Steps", Part(1, 4), 3.2).endswith(" left")  # who does not compute shares nothing
    assert len(there) == len(device.line)


def test_waiting_for_the_device_is_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    before = own_time()
    monkeypatch.setattr(device_queue.OWN, "waited", device_queue.OWN.waited + 100)
    assert own_time() == pytest.approx(before - 100, abs=0.5)


def test_the_bar_counts_what_follows_and_nothing_that_was_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    now, said = [0.0], []
    monkeypatch.setattr(work, "own_time", lambda: now[0])
    monkeypatch.setattr(work, "TOUCH", 0)
    bar = StopBar("Stop", "Keeps it.", lambda: None, [Phase(100, 50.0), Phase(0, 20.0)])
    monkeypatch.setattr(work, "so_far", lambda what, event, left: said.append(left) or "")
    bar.see(Part(60, 100), "Steps")  # as an earlier run has left it
    for done in range(61, 65):
        now[0] += 1.0  # twice as long as expected
        bar.see(Part(done, 100), "Steps")
    assert said[0] == pytest.approx(0.5 * 40 + 20) and said[-1] == pytest.approx(1.0 * 36 + 40)


def test_stop_is_heeded_at_every_step_though_the_page_is_touched_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    bar = StopBar("Stop", "Keeps it.", lambda: None)
    touched = [bar.see(Part(done, 1000), "Steps") for done in range(1, 100)]
    assert sum(touched) <= 2  # these take milliseconds

    def heed() -> None:
        raise Ended

    monkeypatch.setattr(work, "heed_stop", heed)
    with pytest.raises(Ended):
        bar.see(Part(100, 1000), "Steps")


def test_a_run_under_a_progress_bar_gives_its_result_and_leaves_nothing_on_the_page() -> None:
    def page() -> None:
        import time

        import streamlit as st

        from pages._parts.runtime.device_queue import in_turn
        from pages._parts.runtime.work import run_with_progress

        class Part:
            def __init__(self, done, total):  # type: ignore[no-untyped-def]
                self.done, self.total = done, total

        def work():  # type: ignore[no-untyped-def]
            for done in range(1, 4):
                time.sleep(0.3)
                yield Part(done, 3)
            return 42

        st.text(f"Result {run_with_progress(in_turn(work()), 'Counting')}")

    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    assert [element.value for element in app.text] == ["Result 42"]
    assert not app.get("progress") and not device_queue.DEVICE.line
