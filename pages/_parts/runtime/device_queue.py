"""One device for all sessions: each computes in its turn, and a person who waits sees for how long."""

import threading
import time
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator
from typing import Any, Protocol, TypeVar, overload

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages._parts.runtime.computer import on_computer
from pages._parts.runtime.stop import ORDERS, heed_stop
from pages._parts.show.text import in_time
from side_core.device_queue import DeviceQueue, Ticket
from side_core.progress import finish

Event = TypeVar("Event")
Result = TypeVar("Result")

DEVICE = DeviceQueue()  # whatever computes here: the cores and the GPU are busy together
POLL = 0.1  # seconds between two looks at whether the run is to end
NOTICE_AFTER = 0.5  # seconds before a person who waits is told
LONG = 5.0  # the same for who has begun: turns that alternate are no news
_RENEW = 0.5  # seconds between two notices


class Own(threading.local):
    """What a thread has of the line: its ticket, how long it has waited in all, and who pays where no session runs."""

    ticket: Ticket | None = None
    account: Hashable = None
    waited = 0.0


OWN = Own()


class Board(Protocol):
    """Where a notice is put up and taken down: an `st.empty`, or work in a thread of its own, for its page to show."""

    def info(self, body: str, *, icon: str | None = None) -> object: ...

    def empty(self) -> object: ...


@overload
def in_turn(
    work: Generator[Event, Any, Result], seconds: float | None = None, place: Board | None = None
) -> Generator[Event, None, Result]: ...


@overload
def in_turn(
    work: Iterable[Event], seconds: float | None = None, place: Board | None = None
) -> Generator[Event, None, Any]: ...


def in_turn(
    work: Iterable[Event], seconds: float | None = None, place: Board | None = None
) -> Generator[Event, None, Any]:
    """The same events, each made while nobody else computes; a generator's return value is kept.

    Between two events others may have their turn; while it waits, Stop, another widget or a closed tab ends the run.
    Work within work shares the place of the outer one. A step must not wait for what another session makes
    (`SharedCache.get_or_make`): that one may be waiting for the device.

    Args:
        work: computes at each `next`.
        seconds: how long all of it takes alone, where that is known before.
        place: where a person who waits is told; left out: a new one, where the page stands.
    """
    steps, ticket, notice = iter(work), _own_ticket(), Notice(place)
    if seconds is not None:
        ticket.tell(seconds)
    try:
        while True:
            outer = ticket.working  # this very work is a part of another one's step
            if not outer:
                _wait_for_turn(ticket, notice)
            try:
                if not outer:
                    notice.clear()
                event = next(steps) if outer else on_computer(_step_of(steps, ticket))
            except StopIteration as end:
                return end.value
            finally:
                if not outer:
                    ticket.end()
            yield event
    finally:
        if isinstance(steps, Generator):
            steps.close()
        ticket.leave()


def _step_of(steps: Iterator[Event], ticket: Ticket) -> Callable[[], Event]:
    """One step, in which work within work finds the place of the outer one."""
    heed = ORDERS.heed

    def step() -> Event:
        before = OWN.ticket, ORDERS.heed
        OWN.ticket, ORDERS.heed = ticket, heed
        try:
            return next(steps)
        finally:
            OWN.ticket, ORDERS.heed = before

    return step


def in_one_turn(call: Callable[[], Result], place: Board | None = None) -> Result:
    """What `call` gives, computed in one step; it cannot be stopped once it has begun."""

    def work() -> Generator[None, None, Result]:
        return call()
        yield

    return finish(in_turn(work(), place=place))


def _own_ticket() -> Ticket:
    """The place of this script run: the one it has, or a new one, for which its session pays."""
    if OWN.ticket is None or not OWN.ticket.again():
        run = get_script_run_ctx(suppress_warning=True)
        OWN.ticket = DEVICE.ticket(OWN.account if run is None else run.session_id)
    return OWN.ticket


def _wait_for_turn(ticket: Ticket, notice: "Notice") -> None:
    """Begin a step as soon as it is this one's turn."""
    start = time.monotonic()
    heed_stop()
    while not ticket.take(POLL):
        heed_stop()
        notice.see(ticket, time.monotonic() - start)
    OWN.waited += time.monotonic() - start


class Notice:
    """Tells a person who waits for the device, without a flicker where turns alternate.

    Args:
        place: where; None: a new one, where the page stands.
    """

    def __init__(self, place: Board | None):
        self.place = place
        self.shown: float | None = None
        self.begun = False

    def see(self, ticket: Ticket, waited: float) -> None:
        """Show how long it will still take, if it has taken a while."""
        now = time.monotonic()
        if waited < (LONG if self.begun else NOTICE_AFTER) or (self.shown is not None and now - self.shown < _RENEW):
            return
        self.place = self.place or st.empty()
        self.shown = now
        self.place.info(sentence(ticket.place, ticket.of, ticket.eta), icon=":material/hourglass_top:")

    def clear(self) -> None:
        """Take it away: it is this one's turn."""
        self.begun = True
        if self.shown is not None and self.place is not None:
            self.shown = None
            self.place.empty()


def sentence(place: int, of: int, eta: float | None) -> str:
    """Where one stands in the line, and how long it takes."""
    when = "" if eta is None else f", done in about {in_time(max(eta, 1))}"
    return f"Waiting for the device: place {place} of {of}{when}"


def others() -> int:
    """How many other sessions share the device with this one now; 0 where this one does not compute."""
    ticket = OWN.ticket
    return ticket.of - 1 if ticket is not None and ticket.place else 0


def waited() -> float:
    """Seconds that this script run's thread has waited for the device in all."""
    return OWN.waited


def with_others(seconds: float) -> float:
    """How long `seconds` of own work take while others have their turns, too; also what they are told of it."""
    ticket = OWN.ticket
    if ticket is None or not ticket.place:
        return seconds
    ticket.tell(seconds)
    return ticket.eta or seconds
