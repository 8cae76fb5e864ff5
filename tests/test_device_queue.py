"""Many at one device: turns alternate, nobody starves, and whoever leaves blocks nobody."""

import itertools
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import cast

import pytest

from side_core.device_queue import ASKING, DeviceQueue, Ticket

SLICE = 1.0


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Job:
    """So many steps of so many seconds each, and when each was taken."""

    ticket: Ticket
    steps: int
    step: float
    begun: list[float] = field(default_factory=list)
    done: float = 0.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def turns(clock: Clock) -> DeviceQueue:
    return DeviceQueue(SLICE, clock)


def begin(turns: DeviceQueue, steps: int, step: float) -> Job:
    job = Job(turns.ticket(), steps, step)
    job.ticket.tell(steps * step)
    return job


def run(clock: Clock, jobs: list[Job]) -> str:
    """Every job asks whenever it has not the device, until all are done; which one took each step, by its letter."""
    order, left = "", list(jobs)
    while left:
        for job in left:  # all ask; the first to be let in has taken it, so ask in turn
            if job.ticket.take(0):
                break
        else:
            clock.now += 0.01
            continue
        order += "abcdefgh"[jobs.index(job)]
        job.begun.append(clock.now)
        clock.now += job.step
        for other in left:
            assert other is job or not other.ticket.take(0), "two at once"
        job.ticket.tell((job.steps - len(job.begun)) * job.step)
        job.ticket.end()
        if len(job.begun) == job.steps:
            job.done = clock.now
            job.ticket.leave()
            left.remove(job)
    return order


def runs_of(order: str) -> list[tuple[str, int]]:
    """`aab` as a, 2 and b, 1."""
    return [(name, len(list(group))) for name, group in itertools.groupby(order)]


def test_three_alternate_by_slices(turns: DeviceQueue, clock: Clock) -> None:
    order = run(clock, [begin(turns, 12, 0.25) for _ in range(3)])
    assert runs_of(order) == [("a", 4), ("b", 4), ("c", 4)] * 3


def test_a_step_is_never_cut_and_then_the_other_makes_up_for_its_time(turns: DeviceQueue, clock: Clock) -> None:
    order = run(clock, [begin(turns, 3, 5.0), begin(turns, 32, 0.25)])
    assert order == "a" + 20 * "b" + "a" + 12 * "b" + "a"


def test_alone_it_goes_on_without_a_pause(turns: DeviceQueue, clock: Clock) -> None:
    start = clock.now
    run(clock, [begin(turns, 40, 0.25)])
    assert clock.now - start == pytest.approx(10)


def test_a_short_job_behind_long_ones_ends_within_a_turn_of_each(turns: DeviceQueue, clock: Clock) -> None:
    start, jobs = clock.now, [begin(turns, 1000, 0.1), begin(turns, 1000, 0.1), begin(turns, 5, 0.1)]
    run(clock, jobs)
    assert jobs[2].done - start <= 2 * (SLICE + 0.1) + 0.5 + 0.1
    assert abs(jobs[0].done - jobs[1].done) <= SLICE + 0.2  # equal ones end together


def worked(turns: DeviceQueue, clock: Clock, account: str, seconds: float) -> Ticket:
    """One who has used the device for so long, and left."""
    ticket = turns.ticket(account)
    assert ticket.take(0)
    clock.now += seconds
    ticket.end()
    ticket.leave()
    return ticket


def test_who_comes_back_pays_for_what_it_has_used(turns: DeviceQueue, clock: Clock) -> None:
    other = turns.ticket("other")
    assert other.take(0)
    other.end()
    clock.now += SLICE
    greedy = turns.ticket("greedy")
    assert greedy.take(0)
    clock.now += 10
    greedy.end()
    greedy.leave()
    again, newcomer = turns.ticket("greedy"), turns.ticket("newcomer")
    assert [other.place, newcomer.place, again.place] == [1, 2, 3]


def test_nobody_saves_up_turns(turns: DeviceQueue, clock: Clock) -> None:
    busy = begin(turns, 100, 1.0)
    for _ in range(50):
        run_one(clock, busy)
    late = begin(turns, 20, 1.0)
    assert runs_of(run(clock, [busy, late]))[1:4] == [("b", 1), ("a", 1), ("b", 1)]  # not fifty of its own first


def test_where_nobody_waits_nothing_is_remembered(turns: DeviceQueue, clock: Clock) -> None:
    for number in range(50):
        worked(turns, clock, f"session {number % 7}", 3.0)
    assert not turns.used and not turns.line


def run_one(clock: Clock, job: Job) -> None:
    """One more step of a job."""
    assert job.ticket.take(0)
    job.begun.append(clock.now)
    clock.now += job.step
    job.ticket.end()


@pytest.mark.parametrize("dice", range(5))
def test_sessions_that_draw_again_and_again_get_the_same_time(turns: DeviceQueue, clock: Clock, dice: int) -> None:
    """Runs of any length in steps of any length, with a short pause between two; some die without leaving."""
    chance, start = random.Random(dice), clock.now
    steps = [chance.choice([0.05, 0.2, 0.7, 1.5]) for _ in range(12)]
    served, waits = [0.0] * len(steps), [0.0] * len(steps)
    tickets: list[Ticket | None] = [None] * len(steps)
    left, rests, asked = [0] * len(steps), [start] * len(steps), [start] * len(steps)
    while clock.now < start + 600:
        who = None
        for number in chance.sample(range(len(steps)), len(steps)):
            if tickets[number] is None and clock.now >= rests[number]:
                tickets[number], left[number] = turns.ticket(number), chance.randrange(1, 40)
                asked[number] = clock.now
            if (ticket := tickets[number]) is not None and ticket.take(0):
                who = number
                break
        if who is None:
            clock.now += 0.02
            continue
        waits[who] = max(waits[who], clock.now - asked[who])
        clock.now += steps[who]
        served[who] += steps[who]
        left[who] -= 1
        asked[who] = clock.now
        for number, ticket in enumerate(tickets):
            if ticket is not None and number != who:
                ticket.take(0)  # asks on
        turns.line[0].end()
        if left[who] == 0:
            if chance.random() > 0.1:
                cast(Ticket, tickets[who]).leave()
            tickets[who], rests[who] = None, clock.now + 0.1
    assert min(served) > 0.8 * max(served)
    assert max(waits) < 3 * len(steps) * (SLICE + max(steps))


def test_leaving_frees_the_place_at_once_also_within_a_step(turns: DeviceQueue) -> None:
    first, second = turns.ticket(), turns.ticket()
    assert first.take(0) and not second.take(0)
    first.leave()  # as by an exception in the step
    assert second.take(0) and (second.place, second.of, first.place) == (1, 1, 0)
    first.end()
    first.leave()  # again, too late: nothing happens to the other
    assert second.working
    assert not first.take(0)


def test_one_in_the_middle_leaves(turns: DeviceQueue) -> None:
    first, second, third = (turns.ticket() for _ in range(3))
    assert first.take(0)
    second.leave()
    assert (first.place, third.place, third.of) == (1, 2, 2)


def test_a_forgotten_ticket_blocks_nobody_for_longer_than_a_turn(turns: DeviceQueue, clock: Clock) -> None:
    forgotten, other = turns.ticket(), turns.ticket()
    assert forgotten.take(0)
    forgotten.end()  # and is never heard of again
    assert not other.take(0)
    clock.now += SLICE
    for _ in range(20):
        assert other.take(0)
        clock.now += 0.5
        other.end()


def test_who_does_not_ask_is_passed_over_and_keeps_its_place(turns: DeviceQueue, clock: Clock) -> None:
    first, silent, third = (turns.ticket() for _ in range(3))
    assert first.take(0) and not silent.take(0)
    clock.now += ASKING + 0.1
    assert not third.take(0)  # asks
    first.end()
    assert third.place == 1 and silent.place == 2
    assert not silent.take(0)
    clock.now += SLICE
    assert silent.take(0)


def test_a_place_that_is_shared_is_free_when_its_last_user_leaves(turns: DeviceQueue) -> None:
    ticket, other = turns.ticket(), turns.ticket()
    assert ticket.again() and ticket.take(0)
    ticket.end()
    ticket.leave()
    assert ticket.place == 1
    ticket.leave()
    assert other.place == 1 and not ticket.again()


@pytest.mark.parametrize(
    ("own", "others", "ahead", "expected"),
    [
        (4.0, [], 0, 4.0),
        (4.0, [100.0], 0, 7.0),  # three turns of the other come in between its own four
        (4.0, [100.0], 1, 8.0),
        (4.0, [None], 1, 8.0),  # who does not say how long is taken to be long
        (4.0, [0.5], 1, 4.5),
        (0.2, [100.0, 0.3], 2, 1.5),
        (0.2, [100.0, 100.0], 0, 0.2),
        (None, [100.0], 1, None),
    ],
)
def test_eta(
    turns: DeviceQueue, own: float | None, others: list[float | None], ahead: int, expected: float | None
) -> None:
    before = [turns.ticket() for _ in others[:ahead]]
    ticket = turns.ticket()
    for other, seconds in zip([*before, *(turns.ticket() for _ in others[ahead:])], others, strict=True):
        other.tell(seconds)
    ticket.tell(own)
    assert ticket.eta == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("lengths", [(20, 20, 20), (4, 40, 12), (40, 4, 4, 20), (8, 100)])
def test_the_eta_comes_true(turns: DeviceQueue, clock: Clock, lengths: tuple[int, ...]) -> None:
    start, jobs = clock.now, [begin(turns, steps, 0.25) for steps in lengths]
    said = [job.ticket.eta for job in jobs]
    run(clock, jobs)
    for job, seconds in zip(jobs, said, strict=True):
        assert seconds is not None and job.done - start == pytest.approx(seconds, abs=SLICE * len(jobs))


def test_threads_share_the_device_evenly_and_one_at_a_time() -> None:
    turns, inside, most = DeviceQueue(0.02), [], []
    taken: Counter[int] = Counter()
    end = time.monotonic() + 1.5

    def work(number: int) -> None:
        ticket = turns.ticket()
        try:
            while time.monotonic() < end:
                if ticket.take(0.1):
                    inside.append(number)
                    most.append(len(inside))
                    time.sleep(0.002)
                    taken[number] += 1
                    inside.remove(number)
                    ticket.end()
        finally:
            ticket.leave()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert min(taken.values()) > 0.5 * max(taken.values())
    assert not turns.line


def test_a_waiting_thread_never_waits_longer_than_it_said() -> None:
    turns = DeviceQueue()
    first, second = turns.ticket(), turns.ticket()
    assert first.take(0)
    start = time.monotonic()
    assert not second.take(0.05)
    assert 0.04 < time.monotonic() - start < 2
