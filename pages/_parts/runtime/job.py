"""A method's job on a page: what it will take, a button to begin and one to stop, results as they come; none twice."""

import time
from collections.abc import Callable, Generator
from dataclasses import replace

import streamlit as st

from pages._parts.runtime.background import At, Plan, follow, goes_on
from pages._parts.runtime.device_queue import in_one_turn
from pages._parts.runtime.pictures import MEMORY
from pages._parts.runtime.resources import timing_of
from pages._parts.runtime.shared_cache import SharedCache
from pages._parts.show.rest import Phase
from pages._parts.show.text import plain
from side_core.files.parts import MemoryParts
from side_core.job import Advance, Estimate, Job, Report, run_job
from side_core.method import Method
from side_core.sampling.store import Store

STORE = Store(MEMORY, MemoryParts())  # what is finished, for everybody
_ESTIMATES: SharedCache[Estimate] = SharedCache(64, idle=None)
_REDRAW = 1.0  # seconds between two pictures of unfinished work
_RUNNING, _STOPPED = "running_job", "stopped_job"  # in the session: the keys of a job
_BEGUN = "begun"  # in the session: jobs of a quick method begin by themselves
_SOON = 60.0  # seconds; what takes longer waits for its button


def run_live(
    method: Method,
    job: Job,
    show: Callable[[Report], None],
    keep: Callable[[Report], object] | None = None,
    quick: bool = False,
) -> Report:
    """What there is of a job; the rest is done when the person says so, and goes on while another page is looked at.

    Args:
        method: what the job is of.
        job: opened.
        show: shows what there is while it works.
        keep: what becomes of the report where nobody looks as it is complete.
        quick: whether, once somebody has begun, each change of settings begins by itself, where it takes seconds.
    """
    offer, during = st.empty(), st.empty()  # nothing of one state is left beside the other
    report = job.found(STORE)
    if report.done == job.total:
        return report
    if quick and st.session_state.get(_BEGUN) and _estimate_for(job, report).seconds < _SOON:
        st.session_state[_RUNNING] = job.key
    if st.session_state.get(_RUNNING) == job.key or goes_on(job.key):
        with during.container():
            _watch(method, job, report, show, keep)
        during.empty()
        return job.found(STORE)
    with offer.container():
        _offer(method, job, report)
    return report


def begin() -> None:
    """What a quick method is asked for begins by itself from now on: called by widgets that ask for it."""
    st.session_state[_BEGUN] = True


def _offer(method: Method, job: Job, report: Report) -> None:
    """What it will take, and a button to begin or to go on; not where it would take too long."""
    estimate = _estimate_for(job, report)
    sentence = ""
    try:
        job.check(estimate)
    except ValueError as error:
        sentence = str(error)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Go on" if report.done else "Start",
            icon=":material/play_arrow:",
            type="primary",
            disabled=bool(sentence),
            on_click=_start,
            args=(job.key,),
        )
        if report.done and st.session_state.get(_STOPPED) == job.key:
            st.info(f"Stopped: {report.done:,} of {method.amount(job.total)} are finished.", icon=":material/pause:")
        st.caption(plain(str(estimate), 500))
    if sentence:
        st.warning(plain(sentence, 500), icon=":material/timer:")


def _watch(
    method: Method,
    job: Job,
    report: Report,
    show: Callable[[Report], None],
    keep: Callable[[Report], object] | None,
) -> None:
    """Do what is missing, showing what there is as it grows."""
    estimate, shown = _estimate_for(job, report), 0.0

    def work() -> Generator[At[Report], None, Report]:
        at, done = At[Report](0, max(estimate.steps, 1), "Steps"), report.done
        parts = run_job(job, STORE, estimate)
        while True:
            try:
                part = next(parts)
            except StopIteration as end:
                return end.value
            if isinstance(part, Advance):
                yield (at := At(part.done, part.total, plain(f"{part.words}. Steps")))
            elif not isinstance(part, Estimate) and part.done > done:
                done = part.done
                yield replace(at, seen=part)

    plan = Plan(
        job.key,
        method.name,
        method.amount(job.total),
        work,
        "Stop",
        f"Keeps the {method.counted} that are finished.",
        lambda: _stop(job.key),
        [Phase(estimate.steps, estimate.seconds)],
        keep,
    )
    bar, place = st.container(), st.empty()

    def look(at: At[Report], spent: float) -> None:
        nonlocal shown
        if at.seen is not None and time.monotonic() - shown > _REDRAW:
            with place.container():
                show(at.seen)
            shown = time.monotonic()

    with bar:
        follow(plan, look)


def _estimate_for(job: Job, report: Report) -> Estimate:
    """What is missing will take; measured once."""
    timing = timing_of(job.denoiser, job.batch)
    return _ESTIMATES.get_or_make((job.key, report.done), lambda: in_one_turn(lambda: job.estimate(STORE, timing)))


def _start(key: str) -> None:
    """Called by the button."""
    st.session_state[_RUNNING] = key
    begin()


def _stop(key: str) -> None:
    """Called by the button."""
    st.session_state.pop(_RUNNING, None)
    st.session_state.pop(_BEGUN, None)
    st.session_state[_STOPPED] = key
