"""One thread computes for all: in their place, with their errors, and without a deadlock."""

import threading
from collections.abc import Generator

import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.runtime.computer import computed, on_computer
from pages._parts.runtime.device_queue import DEVICE, in_one_turn, in_turn
from side_core.progress import finish


def name() -> str:
    return threading.current_thread().name


def test_whoever_asks_it_is_the_same_thread() -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(on_computer(name))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert set(found) == {on_computer(name)} and name() not in found


def test_steps_of_work_run_there_and_what_lies_between_them_does_not() -> None:
    def work() -> Generator[str, None, str]:
        yield name()
        yield on_computer(name)  # within a step: no other step is waited for
        return in_one_turn(name)  # work within work

    seen: list[str] = []
    there = on_computer(name)
    assert finish(in_turn(work()), lambda event: seen.append(f"{event} {name() == there}")) == there
    assert seen == [f"{there} False"] * 2 and not DEVICE.line
    assert list(computed(iter_of(there))) == [there]


def iter_of(_: str) -> Generator[str, None, None]:
    yield name()


def test_an_error_is_raised_where_it_was_asked_for() -> None:
    def failing() -> None:
        raise ValueError("no numbers")

    with pytest.raises(ValueError, match="no numbers"):
        on_computer(failing)
    assert on_computer(lambda: 1) == 1


def test_what_a_step_shows_stands_on_the_page_that_asks() -> None:
    def page() -> None:
        import streamlit as st

        from pages._parts.runtime.computer import on_computer

        with st.container(key="inside"):
            on_computer(lambda: st.text("from there"))
        st.text("from here")

    app = AppTest.from_function(page, default_timeout=30).run()
    assert [item.value for item in app.text] == ["from there", "from here"] and not app.exception
