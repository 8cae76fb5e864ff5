"""The pinned run, which others are held against, on the page of a method."""

from contextlib import suppress

import streamlit as st

from pages._parts.history.state import COMPARED, pin_button
from pages._parts.runtime.workspace import workspace
from side_core.runs import store
from side_core.runs.run import Run

_MOST = 50  # runs that are looked through: pinned ones come first


def pinned_run(kind: str) -> Run | None:
    """The newest pinned run of a kind; None where there is none, or no history."""
    with suppress(ValueError):
        if (here := workspace()) is not None:
            return next((run for run in store.listed(here, most=_MOST) if run.pinned and run.kind == kind), None)
    return None


def offer_pinning(run: Run) -> None:
    """Pin a run that was just kept, or put it beside the one that is pinned.

    Args:
        run: of this page.
    """
    base = pinned_run(run.kind)
    with st.container(horizontal=True, vertical_alignment="center"):
        own = base is not None and base.id == run.id
        pin_button(
            [run.id], own, "Pin this one", "A pinned one stays in sight here and is what others are compared with."
        )
        if base is not None and not own:
            st.page_link(
                "history.py",
                label=f"Compare with run {base.id}, which is pinned",
                icon=":material/compare:",
                query_params={COMPARED: f"{base.id},{run.id}"},
            )
