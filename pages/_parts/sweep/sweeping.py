"""A sweep on a page: what it will take, a button to begin and one to stop, cells as they come; none twice."""

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from pages._parts.inputs import controls
from pages._parts.links import checks
from pages._parts.runtime.device_queue import in_one_turn, in_turn
from pages._parts.runtime.pictures import MEMORY
from pages._parts.runtime.resources import open_references, open_subject, open_surrogate, timing_of
from pages._parts.runtime.shared_cache import Key, SharedCache
from pages._parts.runtime.work import StopBar
from pages._parts.show.rest import Phase
from pages._parts.show.text import plain
from side_core.extraction.subject import Subject
from side_core.files.parts import MemoryParts
from side_core.files.public import limit_of
from side_core.progress import finish
from side_core.sampling.store import Store
from side_core.settings import ExtractSettings, GuidanceSettings, MetricName, SweepSettings
from side_core.settings.sweep import PLAIN
from side_core.surrogate.steering import Steering, make_steering
from side_core.sweep.cell import Cell
from side_core.sweep.estimate import Estimate, check_time, estimate_of, in_words, missing_sets, steps_missing
from side_core.sweep.plan import Plan, Shared, compared_by, make_plan
from side_core.sweep.sweep import Advance, Sweep, finished, sweep, sweep_of
from side_core.wording import counted

STORE = Store(MEMORY, MemoryParts())  # pictures and cells, for everybody
STEERINGS: SharedCache[Steering] = SharedCache(8)  # surrogates that are ready to steer a model
OTHER: dict[MetricName, MetricName] = {"ams": "ums", "ums": "ams"}
REDRAW = 0.7  # seconds between two pictures of unfinished sweeps
ESTIMATES: SharedCache[Estimate] = SharedCache(64, idle=None)


def subject_for(chosen: dict[str, Any]) -> Subject:
    """The model with its images, in the arithmetic that was chosen."""
    names = {"model", "mode", "data", "control"}
    return open_subject(ExtractSettings.read({name: value for name, value in chosen.items() if name in names}))


def foreign_input(curves: tuple[str, ...], subject: Subject) -> bool:
    """Whether a surrogate of another model may steer; asked only where there is one."""
    made_of = [open_surrogate(curve).card["model"]["fingerprint"] for curve in curves if curve != PLAIN]
    own = subject.denoiser.fingerprint
    return controls.checkbox("foreign_surrogate") if any(other != own for other in made_of) else False


def minutes_input() -> float:
    """How long a sweep may take."""
    field = SweepSettings.model_fields["minutes"]
    most = int(limit_of("minutes") or 600)
    checks.number("minutes", "Minutes at most", 1, most, min(int(field.default), most), 1)
    return st.number_input(
        "Minutes at most",
        1,
        most,
        min(int(field.default), most),
        help=field.description,
        key="minutes",
        bind="query-params",
    )


def plan_for(settings: SweepSettings, subject: Subject) -> Plan:
    """All cells, checked; what was opened for another sweep is not opened again.

    Raises:
        ValueError: something cannot be opened, or does not go together.
    """
    steerings = {curve: steering_for(curve, subject, settings) for curve in settings.curves if curve != PLAIN}
    references = {asked.encoder: open_references(asked, subject) for asked in compared_by(settings)}
    return make_plan(settings, Shared(subject, steerings, references))


def steering_for(curve: str, subject: Subject, settings: SweepSettings) -> Steering:
    """A surrogate as its card says; each cell then has its own guidance."""
    surrogate, denoiser = open_surrogate(curve), subject.denoiser
    key = (surrogate.fingerprint, denoiser.fingerprint, str(denoiser.arithmetic), settings.foreign_surrogate)
    guidance, foreign = GuidanceSettings(), settings.foreign_surrogate
    return STEERINGS.get_or_make(key, lambda: make_steering(surrogate, denoiser, guidance, None, foreign))


def measured_otherwise(found: Sweep) -> Sweep | None:
    """Finished curves of AMS by UMS, from the same pictures, and the other way round; None of others.

    How often copies come back and how many different ones do are two sides of one question. None also where the
    pictures are gone: nothing is drawn again for it.
    """
    settings = found.plan.settings
    if settings.metric not in OTHER or len(settings.axes) == 2 or not found.complete:
        return None
    plan = make_plan(settings.model_copy(update={"metric": OTHER[settings.metric]}), found.plan.shared)
    if missing_sets(plan, STORE):
        return None
    with st.spinner(f"Measuring the same pictures by {plan.settings.metric.upper()} …"):
        return finish(in_turn(sweep(plan, STORE)))


def key_of(plan: Plan) -> Key:
    """What a sweep depends on but for the time it may take."""
    return tuple(place.name for place in plan.places)


def estimate_for(plan: Plan, missing: int) -> Estimate:
    """What the missing cells will take; measured once."""
    sampling = plan.places[0].samples.settings
    timing = timing_of(plan.shared.denoiser, min(sampling.batch_size, sampling.count))
    return ESTIMATES.get_or_make(
        (*key_of(plan), missing), lambda: in_one_turn(lambda: estimate_of(plan, STORE, timing))
    )


def sweep_live(plan: Plan, show: Callable[[Sweep], None]) -> Sweep:
    """The sweep as far as it is measured; the rest is measured when the person says so.

    Args:
        plan: the sweep.
        show: shows what there is after each cell.
    """
    key = key_of(plan)
    offer, during = st.empty(), st.empty()  # nothing of one state is left beside the other
    found = finished(plan, STORE)
    if found.complete:
        return found
    if st.session_state.get("sweeping") == key:
        with during.container():
            watch_sweep(plan, show)
        during.empty()
        return finished(plan, STORE)
    with offer.container():
        offer_sweep(plan, found, key)
    return found


def offer_sweep(plan: Plan, found: Sweep, key: Key) -> None:
    """What it will take, and a button to begin or to go on; not where it would take too long."""
    estimate = estimate_for(plan, len(plan.places) - len(found.cells))
    sentence = ""
    try:
        check_time(plan, estimate)
    except ValueError as error:
        sentence = str(error)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Go on" if found.cells else "Start",
            icon=":material/play_arrow:",
            type="primary",
            disabled=bool(sentence),
            on_click=st.session_state.__setitem__,
            args=("sweeping", key),
        )
        if found.cells and st.session_state.get("stopped_sweep") == key:
            st.info(
                f"Stopped: {len(found.cells):,} of {counted(len(plan.places), 'cell')} are finished.",
                icon=":material/pause:",
            )
        st.caption(plain(in_words(estimate), 500))
    if sentence:
        st.warning(plain(sentence, 500), icon=":material/timer:")


def watch_sweep(plan: Plan, show: Callable[[Sweep], None]) -> None:
    """Measure what is missing, showing each cell as it comes."""
    cells = list(finished(plan, STORE).cells)
    estimate = estimate_for(plan, len(plan.places) - len(cells))
    phases = [Phase(steps_missing(plan, STORE), estimate.seconds)]
    bar = StopBar("Stop", "Keeps the cells that are finished.", lambda: stop(key_of(plan)), phases)
    waiting, place, shown = st.empty(), st.empty(), 0.0
    for event in in_turn(sweep(plan, STORE, estimate), estimate.seconds, waiting):
        if isinstance(event, Advance):
            words = plan.settings.words_for(event.place.values)
            bar.see(event, plain(f"Cell {event.cell} of {event.cells}, {words}. Steps"))
        elif isinstance(event, Cell):
            cells.append(event)
            if time.monotonic() - shown > REDRAW:
                with place.container():
                    show(sweep_of(plan, cells))
                shown = time.monotonic()


def stop(key: Key) -> None:
    """Called by the button."""
    st.session_state.pop("sweeping", None)
    st.session_state["stopped_sweep"] = key
