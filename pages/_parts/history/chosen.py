"""The runs that are chosen in the list, and what can be done with them."""

import streamlit as st

from pages._parts.history.state import bring_back, choose_only, chosen_ids, go_to, pin_button, throw_away
from pages._parts.show.text import plain
from side_core.runs import store
from side_core.runs.comparison import MOST_RUNS
from side_core.runs.run import Run
from side_core.runs.workspace import Workspace


def chosen_runs(here: Workspace, deleted: bool) -> list[Run]:
    """The runs that are chosen; those that another tab has deleted or brought back meanwhile are told and let go."""
    runs = []
    for id in chosen_ids():
        try:
            run = store.find(here, id)
        except ValueError as error:
            st.warning(plain(str(error), 300), icon=":material/tab_close:")
            continue
        if (run.deleted is not None) == deleted:
            runs.append(run)
            continue
        where = "came back from the bin" if deleted else "went into the bin"
        st.warning(f"{plain(run.title)} {where} in another tab.", icon=":material/tab_close:")
    choose_only([run.id for run in runs])
    return runs


def list_actions(runs: list[Run], listed: list[int]) -> None:
    """What can be done with the chosen runs."""
    ids, count = [run.id for run in runs], len(runs)
    several = 2 <= count <= MOST_RUNS
    with st.container(horizontal=True, vertical_alignment="center", key="history-actions"):
        _say_chosen(count)
        st.button(
            "Open",
            key="open",
            icon=":material/open_in_full:",
            disabled=count != 1,
            help="Choose one run. Its name opens it, too.",
            on_click=go_to,
            args=(ids[0] if ids else None,),
        )
        st.button(
            "Compare",
            key="compare",
            icon=":material/compare:",
            type="primary" if several else "secondary",
            disabled=not several,
            help=f"Choose 2 to {MOST_RUNS} runs: settings that differ, figures, the same seeds side by side.",
            on_click=go_to,
            args=(None, ids),
        )
        pinned = bool(runs) and all(run.pinned for run in runs)
        pin_button(ids, pinned)
        st.button(
            "Delete",
            key="delete",
            icon=":material/delete:",
            disabled=not count,
            help="Into the bin, from where runs can be brought back.",
            on_click=throw_away,
            args=(ids,),
        )
        _choosing(ids, listed)


def bin_actions(runs: list[Run], listed: list[int]) -> None:
    """What can be done with runs in the bin."""
    ids = [run.id for run in runs]
    with st.container(horizontal=True, vertical_alignment="center", key="history-actions"):
        _say_chosen(len(ids))
        st.button(
            "Restore",
            key="restore",
            icon=":material/restore_from_trash:",
            type="primary" if ids else "secondary",
            disabled=not ids,
            on_click=bring_back,
            args=(ids,),
        )
        _choosing(ids, listed)


def _say_chosen(count: int) -> None:
    """How many are chosen."""
    st.markdown(f"**{count:,} chosen**" if count else "Choose runs:", width="content")


def _choosing(ids: list[int], listed: list[int]) -> None:
    """Choose all of this page, or none."""
    everything = list(dict.fromkeys([*ids, *listed]))
    for label, key, then in (("Choose all here", "choose-all", everything), ("Choose none", "choose-none", [])):
        st.button(label, key=key, type="tertiary", disabled=then == ids, on_click=choose_only, args=(then,))
