"""The list of what goes on besides the page: how far it is, a way to go there, and a way to stop it."""

import time
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.runtime.background import WORKS, Work, alone_input, elsewhere
from pages._parts.runtime.work import BESIDE
from pages._parts.show.text import plain

_EVERY = 1.0  # seconds between two looks


def show_works() -> None:
    """A row for each; its place is there also where nothing goes on, so that the sidebar's next parts keep theirs."""
    works = elsewhere()
    BESIDE.touch = None
    with st.container(key="works"):
        if not works:
            return
        rows = [(work, _make_row(work)) for work in works]
        _follow_rows(rows)
    touched = 0.0

    def touch() -> None:  # no fragment runs while the page itself works
        nonlocal touched
        if time.monotonic() - touched > _EVERY:
            touched = time.monotonic()
            _show_rows(rows)

    BESIDE.touch = touch


def _make_row(work: Work) -> DeltaGenerator:
    """Its buttons; returns where it says how far it is."""
    with st.container(border=True, gap="small", key=f"work-{work.number}"):
        place = st.empty()
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if work.opening is not None:
                st.button(
                    "Open",
                    icon=":material/open_in_new:",
                    key=f"open-{work.number}",
                    on_click=_open,
                    args=(work,),
                    help="Go to its page, with its settings.",
                )
            st.button(
                "Remove" if work.over else "Stop",
                icon=":material/close:" if work.over else ":material/stop:",
                key=f"stop-{work.number}",
                on_click=_stop,
                args=(work,),
                help="What is finished is kept.",
            )
        if not work.over:
            alone_input(work, "list")
    return place


@st.fragment(run_every=_EVERY)
def _follow_rows(rows: Sequence[tuple[Work, DeltaGenerator]]) -> None:
    """How far each is, once a second while nothing else happens on the page."""
    _show_rows(rows)


def _show_rows(rows: Sequence[tuple[Work, DeltaGenerator]]) -> None:
    """How far each is."""
    for work, place in rows:
        page = work.opening.page.capitalize() if work.opening else ""
        title = plain(f"{page} · {work.plan.title}" if page else work.plan.title)
        if not work.over:
            place.progress(work.share, text=f"**{title}**  \n{plain(work.waiting or work.words)}")
        elif work.error is None:
            place.success(f"**{title}**: done", icon=":material/check:")
        elif work.stopped:
            place.info(f"**{title}**: stopped, what is finished is kept", icon=":material/pause:")
        else:
            place.error(f"**{title}**: {plain(str(work.error), 300)}", icon=":material/error:")


def _open(work: Work) -> None:
    """Called by the button: go to the page that began it."""
    if work.over:
        WORKS.drop(work)
    if work.opening is not None:
        work.opening.go()


def _stop(work: Work) -> None:
    """Called by the button: stop it, or take it off the list."""
    if work.over:
        WORKS.drop(work)
    else:
        work.stop()
