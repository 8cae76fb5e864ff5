"""How long the rest of some work takes, by a clock that goes on only where a step says how long it took."""

from dataclasses import dataclass, field

import pytest

from pages._parts.show.rest import Phase, Rest


@dataclass(frozen=True)
class Part:
    """`done` of `total`."""

    done: int
    total: int


@dataclass(frozen=True)
class Other(Part):
    """Of another kind of work."""


@dataclass
class Work:
    """Work of so many steps, and the clock it is measured by."""

    total: int
    now: float = 100.0
    done: int = 0
    said: list[float | None] = field(default_factory=list)

    def rest(self, *phases: Phase) -> Rest:
        return Rest(lambda: self.now, phases)

    def go(self, rest: Rest, *seconds: float) -> float | None:
        """Take steps of so many seconds; what is said to be left after the last."""
        for step in seconds:
            self.now += step
            self.done += 1
            self.said.append(rest.after(Part(self.done, self.total)))
        return self.said[-1]


def test_a_constant_pace_is_told_exactly_from_the_first_step_on() -> None:
    work = Work(50)
    work.go(work.rest(), *[0.2] * 50)
    assert work.said == pytest.approx([0.2 * (50 - done) for done in range(1, 51)])


@pytest.mark.parametrize("step", [0.02, 0.3, 4.0])
@pytest.mark.parametrize("times", [10.0, 0.1])
def test_a_machine_that_becomes_ten_times_slower_or_quicker_is_followed_within_a_few_steps(
    step: float, times: float
) -> None:
    work = Work(1000)
    rest = work.rest()
    work.go(rest, *[step] * 200)
    few = max(3, round(0.5 / (step * times)) + 1)  # half a second of steps, three at least
    assert work.go(rest, *[step * times] * few) == pytest.approx(step * times * (800 - few), rel=0.01)


def test_a_wrong_estimate_is_replaced_within_three_steps() -> None:
    work = Work(100)
    rest = work.rest(Phase(100, 10.0))  # a machine without load
    left = [work.go(rest, 2.0) for _ in range(3)]  # 20 times as slow
    assert left[0] is not None and left[0] > 0.5 * 2.0 * 99  # most of it at once
    assert left[2] == pytest.approx(2.0 * 97)


def test_one_step_that_hangs_changes_little() -> None:
    work = Work(1000)
    rest = work.rest()
    before = work.go(rest, *[0.5] * 100)
    after = work.go(rest, 5.0)
    assert before is not None and after == pytest.approx(before, rel=0.5)
    assert work.go(rest, *[0.5] * 3) == pytest.approx(0.5 * (1000 - 104), rel=0.01)


def test_what_recurs_now_and_then_is_counted() -> None:
    """Nine quick steps and an evaluation: 14.5 s for each ten."""
    work = Work(1000)
    rest = work.rest()
    work.go(rest, *([0.5] * 9 + [10.0]) * 20)
    assert work.said[-1] == pytest.approx(800 * 1.45, rel=0.35)


def test_a_second_phase_and_what_follows_count_from_the_beginning() -> None:
    work = Work(20)
    rest = work.rest(Phase(10, 10.0), Phase(10, 30.0), Phase(0, 5.0))
    assert work.go(rest, 1.0) == pytest.approx(9 + 30 + 5)
    assert work.go(rest, *[1.0] * 9) == pytest.approx(30 + 5)
    assert work.go(rest, *[3.0] * 10) == pytest.approx(5)


def test_a_slow_machine_is_slow_in_the_phases_that_follow_as_well() -> None:
    work = Work(20)
    rest = work.rest(Phase(10, 10.0), Phase(10, 30.0), Phase(0, 5.0))
    assert work.go(rest, *[4.0] * 5) == pytest.approx(4 * (5 + 30 + 5))


def test_what_was_kept_from_an_earlier_run_says_nothing_of_the_pace() -> None:
    work = Work(100)
    rest = work.rest()
    assert rest.after(Part(60, 100), kept=True) is None
    work.done = 60
    assert work.go(rest, 0.5) == pytest.approx(0.5 * 39)
    expected = work.rest(Phase(100, 200.0))
    assert expected.after(Part(60, 100), kept=True) == pytest.approx(80)


@pytest.mark.parametrize("event", [Part(1, 10), Other(90, 100)])
def test_work_of_another_kind_has_a_pace_of_its_own(event: Part) -> None:
    work = Work(50)
    rest = work.rest()
    work.go(rest, *[0.1] * 40)
    work.now += 9.0
    assert rest.after(event) == pytest.approx(9.0 * (event.total - event.done) / event.done)


def test_phases_that_nobody_could_time_are_none() -> None:
    work = Work(10)
    assert work.go(work.rest(Phase(10, 0.0), Phase(0, 3.0)), 2.0) == pytest.approx(18)
