"""The skeleton of a method's page: heading, link, settings, estimate, start and stop, result, files, history, code."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from pages._parts.history.pinned import offer_pinning
from pages._parts.inputs import view
from pages._parts.links.link import opening_of
from pages._parts.runtime.job import run_live
from pages._parts.runtime.recording import keep_files, keep_unseen
from pages._parts.show.code import show_code
from pages._parts.show.heading import offer_link, show_heading
from pages._parts.show.text import plain, say_error, show_notes
from side_core.files.images import png
from side_core.job import Job, Report, write_report
from side_core.method import Method
from side_core.runs.exchange.places import report_without_places
from side_core.runs.identity import job_run
from side_core.runs.recording import keep_folder
from side_core.settings import Settings

_SHORT = 12  # digits of a fingerprint


@dataclass(frozen=True)
class MethodPage:
    """What a method's own page adds.

    Attributes:
        method: of the registry.
        question: that it answers; the page's title.
        about: what is done, in two or three lines.
        ask: makes the widgets and gives the settings; raises ValueError where they do not go together.
        open: the job of these settings, with what other sessions have opened; raises ValueError.
        show: a report as it stands; the flag says whether it still grows, so that nothing can be chosen from it.
        code: functions that are shown under it.
        quick: whether, once somebody has begun, each change of settings begins by itself, where it takes seconds.
    """

    method: Method
    question: str
    about: str
    ask: Callable[[], Any]
    open: Callable[[Any], Job]
    show: Callable[[Any, bool], None]
    code: tuple[Callable[..., Any], ...] = ()
    quick: bool = False


def show_page(page: MethodPage) -> None:
    """All of a page, from the heading to the line that says where its run is kept."""
    heading = show_heading(page.question, page.method.name)
    with view.detail("about"):
        st.markdown(page.about)
    try:
        settings = page.ask()
        offer_link(heading, opening_of(settings))
        page.method.check(settings.model)
        with st.container():  # what shows progress now and then lies in one: what follows keeps its place
            job = page.open(settings)

        def keep_alone(found: Report) -> None:
            write = partial(write_report, found, page.method.name)
            new = job_run(page.method, job)
            keep_unseen(lambda here: keep_folder(here, new, found.done, found.headline, write))

        report = run_live(page.method, job, lambda found: page.show(found, True), keep_alone, page.quick)
        if report.done:
            page.show(report, False)
            show_notes(tuple(report.notes))
            _offer_files(page.method, report, settings)
            _show_origin(job)
            name = page.method.name
            write = partial(write_report, report, name)
            kept = keep_files(job_run(page.method, job), report.done, report.headline, write)
            if kept is not None:
                offer_pinning(kept.run)
        if page.code:
            show_code(*page.code)
    except ValueError as error:
        say_error(error)


def _offer_files(method: Method, report: Report, settings: Settings) -> None:
    """The table and the pictures as files, made when asked for; they say nothing of where things lie here."""
    said = settings.model_dump(mode="json")

    def table() -> str:
        return report_without_places(report, said).table()

    def picture(file: str) -> Callable[[], bytes]:
        return lambda: png(report_without_places(report, said).pictures()[file])

    with st.container(horizontal=True):
        st.download_button(
            f"{method.name}.csv", table, f"{method.name}.csv", "text/csv", icon=":material/download:", on_click="ignore"
        )
        for file, words in method.pictures.items():
            st.download_button(
                file,
                picture(file),
                file,
                "image/png",
                icon=":material/image:",
                on_click="ignore",
                help=words,
            )


def _show_origin(job: Job) -> None:
    """What the result depends on, by fingerprints."""
    prints = " · ".join(f"{name} {value[:_SHORT]}" for name, value in job.fingerprints.items())
    st.caption(plain(f"Fingerprints: {prints}", 600))
