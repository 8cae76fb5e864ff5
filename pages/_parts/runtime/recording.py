"""Runs of a page go into the workspace: noted as they begin, kept when they end. Trouble there stops no page."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import streamlit as st

from pages._parts.runtime.pictures import FILES
from pages._parts.runtime.resources import scored
from pages._parts.runtime.workspace import workspace
from pages._parts.show.text import plain
from side_core.extraction.references import References
from side_core.extraction.run import Drawn, Extraction
from side_core.extraction.subject import Subject
from side_core.runs.identity import new_run
from side_core.runs.recording import Recorded, begin_run, keep, keep_folder, leave_run
from side_core.runs.run import NewRun
from side_core.runs.wording import when
from side_core.runs.workspace import Workspace
from side_core.sampling.picture import Picture
from side_core.settings import ExtractSettings


@contextmanager
def noted(settings: ExtractSettings, subject: Subject, references: References) -> Iterator[None]:
    """Note that a run draws; if the person ends it before it is done, it is cancelled, with what is finished."""
    run = None
    try:
        if (here := workspace()) is not None:
            run = begin_run(here, new_run(settings, subject, references))
    except ValueError:
        here = None  # said when it ends
    try:
        yield
    except BaseException:  # also that a page was stopped, which is no Exception
        if here is not None and run is not None:
            leave_run(here, run.id)
        raise


def keep_run(extraction: Extraction, drawn: Mapping[str, Mapping[int, Picture]] | None = None) -> None:
    """Keep an extraction as it is shown, and say so below it.

    Args:
        extraction: what came out.
        drawn: its pictures by what they depend on and their seed; those that are not there as files, as after a
            clean-up, are written.
    """
    own: set[int] = st.session_state.setdefault("own_runs", set())
    last: int | None = st.session_state.get("last_run")

    def keep_all(here: Workspace) -> Recorded:
        for key, pictures in (drawn or {}).items():
            FILES.put(key, pictures)
        return keep(here, extraction, replaces=last if last in own else None)

    kept = _say_kept(keep_all)
    if kept is None:
        return
    st.session_state["last_run"] = kept.run.id
    if not kept.reused:
        own.add(kept.run.id)


def keep_unseen(store: Callable[[Workspace], object]) -> None:
    """Keep what has come out where nobody looks, and nothing can be said; in any thread."""
    with suppress(ValueError):
        if (here := workspace()) is not None:
            store(here)


def keep_drawn(settings: ExtractSettings, subject: Subject, references: References, drawn: Drawn) -> None:
    """Score and keep pictures that were finished where nobody looks."""
    keep_unseen(lambda here: keep(here, scored(settings, subject, references, drawn)))


def keep_files(
    new: NewRun, finished: int, headline: str, write: Callable[[Path], Mapping[str, Any]]
) -> Recorded | None:
    """Keep a sweep or a surrogate: what `write` puts into the run's folder, and the summary it returns; and say so."""
    return _say_kept(lambda here: keep_folder(here, new, finished, headline, write))


def _say_kept(store: Callable[[Workspace], Recorded]) -> Recorded | None:
    """Keep something and say in small print under which number, or why not; None where it is not kept."""
    try:
        here = workspace()
        kept = None if here is None else store(here)
    except ValueError as error:
        st.warning(plain(str(error), 500), icon=":material/save:")
        return None
    if kept is None:
        return None
    own = kept.run.id in st.session_state.get("own_runs", set())
    with st.container():
        if kept.reused and not own:
            begun = when(kept.run.created)
            st.caption(f"The same as run {kept.run.id} of {begun}: its result is reused. See History.")
        else:
            st.caption(f"Kept as run {kept.run.id}. See History.")
    return kept
