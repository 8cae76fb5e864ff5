"""Long work in a thread of its own: it goes on while another page is looked at, and a page that asks for it shows it.

What a page has shown a moment ago and does not ask for any more is stopped, as the person wants something else now.
What was left by going to another page goes on until it is done, stopped, or its tab is closed; also after that, where
the person has said so.
"""

import itertools
import threading
import time
from collections.abc import Callable, Generator, Hashable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages._parts.links.link import HERE, Opening
from pages._parts.runtime.device_queue import OWN, POLL, in_turn
from pages._parts.runtime.stop import ORDERS, Ended, heed_stop
from pages._parts.runtime.work import StopBar, own_time, shared, so_far
from pages._parts.show.rest import Phase, Rest
from side_core.files.public import is_public

Seen = TypeVar("Seen")
Result = TypeVar("Result")
_SHOWN, _SHOWING = "works_shown", "works_showing"  # in the session: works of this page, of this run of it
QUICK = 3.0  # seconds of work that is over at once
_LONG = 15.0  # seconds of work that one may want to leave alone


@dataclass(frozen=True, eq=False)
class At(Generic[Seen]):
    """How far some work is.

    Attributes:
        done: steps that are taken.
        total: of all.
        words: what these steps are of.
        seen: what can be shown of it; None where that is as before.
    """

    done: int
    total: int
    words: str
    seen: Seen | None = None


@dataclass(frozen=True, eq=False)
class Plan(Generic[Seen, Result]):
    """Long work, before it begins.

    Attributes:
        key: names all that its result depends on.
        slot: what it is; of one kind, a page does one thing at a time.
        title: what is made, in a few words.
        begin: begins it. It runs in another thread: no `st` in it.
        stop: what the button says that stops it.
        help: what stopping keeps.
        on_stop: called by the button, in the session of who presses it.
        phases: how long it should take, with all that follows until its result; empty where nobody knows.
        keep: what its page does with the result, for when nobody looks at that page as the work ends.
    """

    key: Hashable
    slot: str
    title: str
    begin: Callable[[], Generator[At[Seen], None, Result]]
    stop: str
    help: str
    on_stop: Callable[[], None]
    phases: Sequence[Phase] = ()
    keep: Callable[[Result], object] | None = None

    @property
    def seconds(self) -> float | None:
        """How long it should take; None where nobody knows."""
        return sum(phase.seconds for phase in self.phases) if self.phases else None

    @property
    def is_quick(self) -> bool:
        """Whether it should be over before one has read how long it takes."""
        return self.seconds is not None and self.seconds < QUICK


class Work(threading.Thread):
    """Work that has begun. What it says of itself is guarded by `changed`.

    Args:
        plan: what it is.
        number: names it in this process.
        owner: whose it is: a session, which pays for its turns.
        opening: of the page it was begun on.
    """

    def __init__(self, plan: Plan[Any, Any], number: int, owner: str, opening: Opening | None):
        super().__init__(name=f"work-{number}", daemon=True)
        self.plan, self.number, self.owner, self.opening = plan, number, owner, opening
        self.begun = time.monotonic()
        self.alone = False  # goes on though the tab is closed
        self.told, self.changed = threading.Event(), threading.Condition()
        self.at: At[Any] | None = None
        self.seen: Any = None
        self.version = self.followers = 0
        self.words, self.waiting = "Beginning …", ""
        self.over = False
        self.result: Any = None
        self.error: BaseException | None = None

    @property
    def stopped(self) -> bool:
        """Whether it ended before it was done, as it was told."""
        return isinstance(self.error, Ended)

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return 0.0 if self.at is None else min(1.0, self.at.done / max(self.at.total, 1))

    def stop(self) -> None:
        """End it at its next step; what is finished is kept. Called by a button."""
        self.told.set()
        self.plan.on_stop()

    def heed(self) -> None:
        """Raise Ended where it is to end: it was stopped, or its tab is closed."""
        if not self.alone and not _is_open(self.owner):
            self.told.set()
        if self.told.is_set():
            raise Ended

    def info(self, body: str, *, icon: str | None = None) -> None:
        """Note that it waits for the device; who shows it says so."""
        with self.changed:
            self.waiting = body

    def empty(self) -> None:
        """Note that it waits no more."""
        with self.changed:
            self.waiting = ""

    def run(self) -> None:
        """All of it, in its own thread."""
        OWN.account, ORDERS.heed = self.owner, self.heed
        try:
            self.result = self.work_through()
            if not self.followers and self.plan.keep is not None:
                self.plan.keep(self.result)
        except BaseException as error:  # raised again where it is shown
            self.error = error
        finally:
            with self.changed:
                self.over = True
                self.version += 1
                self.changed.notify_all()

    def work_through(self) -> Any:
        """Step after step, noting how far it is; its result."""
        rest = Rest(own_time, self.plan.phases)
        steps = in_turn(self.plan.begin(), self.plan.seconds, self)
        while True:
            try:
                at = next(steps)
            except StopIteration as end:
                return end.value
            self.note(at, so_far(at.words, at, shared(rest.after_step(at))))

    def note(self, at: At[Any], words: str) -> None:
        """Let whoever shows it know how far it is."""
        with self.changed:
            self.at, self.words = at, words
            self.seen = self.seen if at.seen is None else at.seen
            self.version += 1
            self.changed.notify_all()

    def wait(self, version: int) -> int:
        """Wait a moment for news since a version; the version there is now."""
        with self.changed:
            self.changed.wait_for(lambda: self.version > version, POLL)
            return self.version


class Works:
    """All work that has begun in this process, until somebody has seen its end."""

    def __init__(self) -> None:
        self.lock, self.numbers = threading.Lock(), itertools.count(1)
        self.works: list[Work] = []

    def of(self, owner: str) -> list[Work]:
        """A session's work, and what goes on alone."""
        with self.lock:
            self.works = [work for work in self.works if not work.over or _is_open(work.owner)]
            return [work for work in self.works if work.owner == owner or (work.alone and not work.over)]

    def find(self, owner: str, key: Hashable) -> Work | None:
        """The work of this key that a session may show."""
        return next((work for work in self.of(owner) if work.plan.key == key and not work.told.is_set()), None)

    def start(self, plan: Plan[Any, Any], owner: str, opening: Opening | None) -> Work:
        """Begin."""
        with self.lock:
            work = Work(plan, next(self.numbers), owner, opening)
            self.works.append(work)
        work.start()
        return work

    def drop(self, work: Work) -> None:
        """Somebody has seen its end."""
        with self.lock:
            self.works = [other for other in self.works if other is not work]


WORKS = Works()


def follow(plan: Plan[Seen, Result], show: Callable[[At[Seen], float], None] = lambda at, spent: None) -> Result:
    """Begin work, or come back to it, and show it until it is done; if this run of the page ends before, it goes on.

    Args:
        plan: what is to be done.
        show: shows how far it is, given the seconds since it began; what was not shown in time is passed over.

    Raises:
        ValueError: as the work does.
    """
    owner = _session()
    work = WORKS.find(owner, plan.key)
    if work is None:
        _replace(plan)
        work = WORKS.start(plan, owner, st.session_state.get(HERE))
    for known in (_SHOWN, _SHOWING):
        st.session_state.setdefault(known, set()).add(work)
    st.html(f"<style>.st-key-work-{work.number} {{ display: none; }}</style>")  # it is here, not on the list
    version, seen = -1, None
    work.followers += 1
    try:
        with ExitStack() as quiet:
            signs = None if plan.is_quick else Signs(work)
            if signs is None:  # a bar that goes as it has come would make the page jump
                quiet.enter_context(st.spinner(f"{plan.title} …"))
            while not work.over:
                heed_stop()
                version, before = work.wait(version), version
                if signs is None and time.monotonic() - work.begun > QUICK:
                    quiet.close()
                    with st.container(key="late-signs"):  # over the page, which has been read meanwhile: nothing jumps
                        signs = Signs(work)
                if signs is not None:
                    signs.show()
                if work.at is not None and version > before:
                    new, seen = None if work.seen is seen else work.seen, work.seen
                    show(replace(work.at, seen=new), time.monotonic() - work.begun)
    finally:
        work.followers -= 1
    WORKS.drop(work)
    if work.stopped:  # elsewhere: by another page, or another window
        plan.on_stop()
        st.rerun()
    if work.error is not None:
        raise work.error
    result: Result = work.result
    return result


class Signs:
    """What a page says of work that it shows: a bar with a way to stop, and what it waits for.

    Args:
        work: that goes on.
    """

    def __init__(self, work: Work):
        self.work, plan = work, work.plan
        beside = partial(alone_input, work, "page")
        self.bar = StopBar(plan.stop, plan.help, work.stop, beside=beside, key=f"stop-here-{work.number}")
        if work.alone:
            st.caption("You can close this tab: it goes on, and what comes out is in the history.")
        self.waiting, self.said = st.empty(), ""

    def show(self) -> None:
        """Show how it stands, unless the page was touched a moment ago."""
        work = self.work
        if work.waiting != self.said:
            self.said = work.waiting
            if self.said:
                self.waiting.info(self.said, icon=":material/hourglass_top:")
            else:
                self.waiting.empty()
        if work.at is not None:
            self.bar.show(work.share, lambda: work.words)


def goes_on(key: Hashable) -> bool:
    """Whether work of this key has begun, so that nobody needs to be asked again."""
    return WORKS.find(_session(), key) is not None


def alone_input(work: Work, where: str) -> None:
    """Whether work goes on though its tab is closed; not in a public app, and not where it is over soon.

    Args:
        work: which.
        where: tells two of them apart that are made in one run.
    """
    if is_public() or (work.plan.seconds or _LONG) < _LONG:
        return
    work.alone = st.toggle(
        "Go on without me",
        work.alone,
        key=f"alone-{where}-{work.number}",
        help="Also when this tab is closed. What comes out is in the history; while it goes on, every tab of this app "
        "can stop it.",
    )


def arrive(page: str) -> None:
    """A run of a page begins.

    Args:
        page: as its address has it.
    """
    of, shown = st.session_state.get(_SHOWN + "_page"), st.session_state.get(_SHOWN, set())
    st.session_state[_SHOWN + "_page"] = page
    st.session_state[_SHOWN] = shown if of == page else set()
    st.session_state[_SHOWING] = set()


def leave() -> None:
    """A run of a page ends: what it has shown before and did not ask for this time is stopped."""
    showing = st.session_state.get(_SHOWING, set())
    for work in st.session_state.get(_SHOWN, set()) - showing:
        _end(work)
    st.session_state[_SHOWN] = {work for work in showing if not work.over}


def elsewhere() -> list[Work]:
    """What goes on, or has ended unseen, and was not shown by this page a moment ago."""
    shown = st.session_state.get(_SHOWN, set())
    return [work for work in WORKS.of(_session()) if work not in shown]


def _replace(plan: Plan[Any, Any]) -> None:
    """Something of the same kind begins on this page: it takes the place of what the page has shown of it before."""
    for work in st.session_state.get(_SHOWN, set()):
        if work.plan.slot == plan.slot:
            _end(work)


def _end(work: Work) -> None:
    """Nobody wants it any more."""
    work.told.set()
    WORKS.drop(work)


def _session() -> str:
    """This session."""
    context = get_script_run_ctx(suppress_warning=True)
    return "" if context is None else context.session_id


def _is_open(owner: str) -> bool:
    """Whether the tab of a session is open."""
    return not runtime.exists() or runtime.get_instance().is_active_session(owner)
