"""Work in a thread of its own: it goes on, is shown again, stopped, kept; without a browser."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages._parts.runtime import background, work_list
from pages._parts.runtime.background import WORKS, At, Plan, Work, Works
from pages._parts.runtime.device_queue import DEVICE
from tests.pages.app import text_of

DONE: list[int] = []


@pytest.fixture(autouse=True)
def nothing_goes_on() -> Iterator[None]:
    """Each test begins and ends with no work."""
    DONE.clear()
    yield
    for work in list(WORKS.works):
        work.told.set()
        work.join(10)
        WORKS.drop(work)
    assert not DEVICE.line


def counting(total: int, seconds: float = 0.01) -> Callable[[], Generator[At[int], None, str]]:
    """Work of so many steps that notes those it has taken."""

    def work() -> Generator[At[int], None, str]:
        for number in range(1, total + 1):
            time.sleep(seconds)
            DONE.append(number)
            yield At(number, total, "Steps", number)
        return "result"

    return work


def plan_of(key: str, total: int = 10, seconds: float = 0.01, **other: Any) -> Plan[int, str]:
    return Plan(key, "counting", f"count {key}", counting(total, seconds), "Stop", "Keeps it.", lambda: None, **other)


def waited_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_work_says_how_far_it_is_and_hands_out_its_result_once() -> None:
    works = Works()
    work = works.start(plan_of("a"), "me", None)
    assert works.find("me", "a") is work and works.find("you", "a") is None
    work.join(10)
    assert (work.over, work.result, work.error, work.share, work.seen) == (True, "result", None, 1.0, 10)
    assert work.words.startswith("Steps: 10 of 10")
    works.drop(work)
    assert not works.of("me")


def test_stop_ends_it_at_its_next_step_and_frees_the_device() -> None:
    pressed: list[bool] = []
    plan = plan_of("a", 1000)
    work = Works().start(Plan(**vars(plan) | {"on_stop": lambda: pressed.append(True)}), "me", None)
    assert waited_for(lambda: len(DONE) > 3)
    work.stop()
    taken = len(DONE)
    work.join(10)
    assert work.stopped and pressed == [True] and len(DONE) <= taken + 2 and not DEVICE.line


def test_what_fails_is_raised_where_it_is_shown() -> None:
    def failing() -> Generator[At[int], None, str]:
        yield At(1, 2, "Steps")
        raise ValueError("The model returns NaN.")

    plan = Plan("a", "counting", "count", failing, "Stop", "", lambda: None)
    with pytest.raises(ValueError, match="returns NaN"):
        background.follow(plan)
    assert not WORKS.works


def test_a_closed_tab_ends_its_work_unless_it_was_told_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    works, kept = Works(), list[str]()
    tied = works.start(plan_of("a", 1000), "me", None)
    alone = works.start(plan_of("b", 100, keep=kept.append), "me", None)
    alone.alone = True
    assert waited_for(lambda: len(DONE) > 3)
    monkeypatch.setattr(background, "_is_open", lambda owner: owner != "me")
    tied.join(10)
    assert tied.stopped and not alone.over
    assert works.of("you") == [alone] and works.find("you", "b") is alone  # who comes later can look, and stop it
    alone.join(10)
    assert kept == ["result"] and not works.of("you")


def test_what_nobody_looks_at_is_kept_and_what_is_shown_is_left_to_its_page() -> None:
    kept: list[str] = []
    background.follow(plan_of("a", keep=kept.append))
    assert not kept
    Works().start(plan_of("b", keep=kept.append), "me", None).join(10)
    assert kept == ["result"]


def test_two_works_of_one_session_and_another_one_share_the_device_fairly() -> None:
    works, seen = Works(), list[str]()

    def noting(name: str) -> Callable[[], Generator[At[int], None, None]]:
        def work() -> Generator[At[int], None, None]:
            for number in range(20):
                time.sleep(0.005)
                seen.append(name)
                yield At(number + 1, 20, "Steps")

        return work

    begun = [
        works.start(Plan(name, "counting", name, noting(name), "Stop", "", lambda: None), owner, None)
        for name, owner in (("a", "me"), ("b", "me"), ("c", "you"))
    ]
    for work in begun:
        work.join(20)
    assert sorted(set(seen)) == ["a", "b", "c"] and len(seen) == 60


def page() -> None:
    """A page that counts, while its toggle is on; and the list of what goes on elsewhere."""
    import streamlit as st

    from pages._parts.runtime import background
    from pages._parts.runtime.work_list import show_works
    from tests.pages.parts.test_background import plan_of

    place = st.query_params.get("page", "one")
    background.arrive(place)
    with st.sidebar:
        show_works()
    key = st.text_input("Key", "a", key=f"key-{place}")
    if place == "one" and key:
        st.text(background.follow(plan_of(key, 20, phases=())))
    background.leave()


def left_behind(key: str, total: int = 2000) -> Work:
    """Work that another page of the tests' session has begun."""
    return WORKS.start(plan_of(key, total), SESSION, None)


SESSION = "test session id"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(background, "_session", lambda: SESSION)
    return AppTest.from_function(page, default_timeout=30)


def test_a_page_shows_work_to_its_end_and_leaves_nothing_of_it(app: AppTest) -> None:
    app.run()
    assert not app.exception and [item.value for item in app.text] == ["result"] and list(range(1, 21)) == DONE
    assert not WORKS.works


def test_a_page_that_is_left_is_listed_with_a_way_to_stop(app: AppTest) -> None:
    work = left_behind("a")
    app.query_params["page"] = "two"
    app.run()
    assert not app.exception and [button.label for button in app.sidebar.button] == ["Stop"]
    assert "alone" in app.sidebar.toggle[0].key and app.sidebar.toggle[0].label == "Go on without me"
    app.sidebar.toggle[0].set_value(True).run()
    assert work.alone and not work.told.is_set()
    app.sidebar.button[0].click().run()
    work.join(10)
    assert work.stopped
    app.run()
    assert "stopped, what is finished is kept" in text_of(app) and app.sidebar.button[0].label == "Remove"
    app.sidebar.button[0].click().run()
    assert not app.sidebar.button and not WORKS.works


def test_coming_back_shows_the_same_work_and_does_not_begin_it_again(app: AppTest) -> None:
    work = left_behind("a", 60)
    app.run()
    assert [item.value for item in app.text] == ["result"]
    assert list(range(1, 61)) == DONE and work not in WORKS.works


def test_what_a_page_does_not_ask_for_any_more_is_stopped(app: AppTest) -> None:
    app.run()
    work = left_behind("b")
    app.session_state[background._SHOWN] = {work}  # this very page has shown it
    app.text_input[0].set_value("").run()
    work.join(10)
    assert work.stopped and not WORKS.works


def test_another_key_takes_the_place_of_what_the_page_has_shown(app: AppTest) -> None:
    app.run()
    work = left_behind("b")
    app.session_state[background._SHOWN] = {work}
    app.text_input[0].set_value("c").run()
    work.join(10)
    assert work.stopped and [item.value for item in app.text] == ["result"]


def test_what_another_page_has_left_goes_on_though_this_one_counts(app: AppTest) -> None:
    app.run()
    work = left_behind("b")
    app.text_input[0].set_value("c").run()
    assert not work.told.is_set() and [item.value for item in app.text] == ["result"]


def test_a_public_app_lets_nothing_go_on_without_its_tab(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    left_behind("a")
    app.query_params["page"] = "two"
    app.run()
    assert not app.sidebar.toggle and app.sidebar.button


def test_the_list_is_touched_while_the_page_itself_works(monkeypatch: pytest.MonkeyPatch, app: AppTest) -> None:
    shown: list[int] = []
    monkeypatch.setattr(work_list, "_EVERY", 0.0)
    monkeypatch.setattr(work_list, "_show_rows", lambda rows: shown.append(len(rows)))
    left_behind("b")
    app.run()
    assert set(shown) == {1} and len(shown) >= 2  # as it was made, and while the page counted


def test_nothing_of_streamlit_is_asked_in_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(st, "empty", lambda: asked.append(threading.current_thread().name))
    Works().start(plan_of("a"), "me", None).join(10)
    assert not asked
