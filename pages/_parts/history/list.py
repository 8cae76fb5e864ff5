"""The list of runs: search, sort, choose some, and what can be done with those."""

from html import escape

import streamlit as st

from pages._parts.history.chosen import bin_actions, chosen_runs, list_actions
from pages._parts.history.state import CHOSEN, choose, choose_only, go_to, throw_away
from pages._parts.history.style import facts_html, icon, result_html, state_html, thumb_html
from pages._parts.show.text import plain
from side_core.runs import store
from side_core.runs.database.row import Damaged
from side_core.runs.run import Run
from side_core.runs.titles import told_apart
from side_core.runs.wording import damage_in_words, headline_in_words, progress_in_words, when
from side_core.runs.workspace import Workspace
from side_core.wording import counted, shortened

_PER_PAGE = 50
_LONGEST_NOTE, _LONGEST_HELP = 80, 2500  # characters of a note in the list; of a title behind a shortened one
_ORDERS: dict[str, tuple[store.Order, bool]] = {
    "Newest first": ("created", False),
    "Oldest first": ("created", True),
    "Highest rate first": ("share", False),
    "Lowest rate first": ("share", True),
    "Most pictures first": ("finished", False),
    "By name": ("name", True),
    "By model": ("model", True),
}
_RUNS, _BIN = "runs", "bin"


def show_list(here: Workspace) -> None:
    """Everything of the list."""
    counts = {_RUNS: store.counted(here), _BIN: store.counted(here, deleted=True)}
    if not sum(counts.values()):
        _say_empty()
        return
    search, order, deleted = _list_inputs(counts)
    count = store.counted(here, search, deleted)
    if not count:
        _say_nothing_found(search, deleted)
        return
    pages = -(-count // _PER_PAGE)
    actions = st.container()
    page = st.session_state.get("history_page", 1)
    name, ascending = _ORDERS[order]
    found = store.page(here, search, name, ascending, deleted, (min(page, pages) - 1) * _PER_PAGE, _PER_PAGE)
    runs = found.runs
    thumbnails = store.thumbnails_of(here, [run.id for run in runs])
    with actions:
        (bin_actions if deleted else list_actions)(chosen_runs(here, deleted), [run.id for run in runs])
    _say_damaged(found.damaged, deleted)
    with st.container(gap=None):
        differences = told_apart(runs)
        for run in runs:
            _show_row(run, thumbnails.get(run.id), differences.get(run.id, ""))
    if pages > 1:
        st.pagination(pages, key="history_page", persist_state="session")
        st.caption(f"{counted(count, 'run')}, {_PER_PAGE} a page.")


def _list_inputs(counts: dict[str, int]) -> tuple[str, str, bool]:
    """Words to search for, the order, and whether the bin is shown."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="history-inputs"):
        search = st.text_input(
            "Search",
            key="history_search",
            type="search",
            icon=":material/search:",
            placeholder="Name, note, model, steps=10, interrupted …",
            help="Runs that have all of these words in name, note, number, state, headline or settings.",
            persist_state="session",
            on_change=_first_page,
        )
        order = st.selectbox(
            "Sort", list(_ORDERS), key="history_order", width=200, persist_state="session", on_change=_first_page
        )
        which = st.segmented_control(
            "Show",
            [_RUNS, _BIN],
            format_func=lambda name: f"{'Runs' if name == _RUNS else 'Bin'} · {counts[name]:,}",
            default=_RUNS,
            required=True,
            key="history_which",
            persist_state="session",
            on_change=_other_list,
        )
    return search or "", order if order in _ORDERS else next(iter(_ORDERS)), which == _BIN


def _first_page() -> None:
    """Another search or order begins on its first page."""
    st.session_state["history_page"] = 1


def _other_list() -> None:
    """What was chosen in one list is not there in the other."""
    _first_page()
    choose_only([])


def _show_row(run: Run, thumbnail: bytes | None, difference: str) -> None:
    """One run: a checkbox, its pictures, its name as a button that opens it, what it is and what came out.

    Args:
        run: it.
        thumbnail: its pictures.
        difference: in what it differs from the others of the list, in words.
    """
    key = f"choose-{run.id}"
    st.session_state[key] = run.id in st.session_state[CHOSEN]
    with st.container(horizontal=True, vertical_alignment="center", key=f"run-row-{run.id}"):
        name = f"Choose run {run.id}"  # what a screen reader says, where escaped text would be spelt out
        st.checkbox(name, key=key, label_visibility="collapsed", on_change=choose, args=(run.id, key))
        st.html(thumb_html(run, thumbnail), width="content")
        with st.container(gap=None):
            st.button(
                plain(f"{run.title} · {difference}" if difference else run.title),
                key=f"open-{run.id}",
                icon=":material/keep:" if run.pinned else None,
                type="tertiary",
                help=_whole(run),
                on_click=go_to,
                args=(run.id,),
            )
            st.html(facts_html(_facts_of(run)))
        with st.container():
            st.html(result_html(headline_in_words(run)) or facts_html(["no result yet"]))


def _say_damaged(damaged: list[Damaged], deleted: bool) -> None:
    """Name the rows that cannot be read; they can go into the bin like others."""
    if not damaged:
        return
    st.warning(plain(damage_in_words(damaged), 1000), icon=":material/heart_broken:")
    if not deleted:
        ids = [item.id for item in damaged]
        label = f"Put run {ids[0]} into the bin" if len(ids) == 1 else f"Put these {len(ids)} runs into the bin"
        st.button(label, key="damaged", icon=":material/delete:", on_click=throw_away, args=(ids,))


def _whole(run: Run) -> str | None:
    """What lies behind a title that has lost its middle; None where it has not."""
    return None if run.own_title == run.whole_title else plain(run.whole_title, _LONGEST_HELP)


def _facts_of(run: Run) -> list[str]:
    """What a run is, as HTML."""
    parts = [state_html(run), progress_in_words(run), when(run.created)]
    if run.name:
        parts.append(f'<span title="{escape(run.whole_title, quote=True)}">{escape(run.own_title)}</span>')
    if run.note.strip():
        parts.append(f"{icon('sticky_note_2')}{escape(shortened(run.note.strip().splitlines()[0], _LONGEST_NOTE))}")
    return parts


def _say_empty() -> None:
    """There is no run yet."""
    st.info(
        "Nothing is kept yet. Draw pictures, score some, sweep or train: each run is then listed here by itself, with "
        "its pictures, settings and result.",
        icon=":material/history:",
    )
    st.page_link("extract.py", label="Draw the first pictures", icon=":material/image_search:")


def _say_nothing_found(search: str, deleted: bool) -> None:
    """The search has found nothing, or this list is empty."""
    if not search.strip():
        st.info("The bin is empty." if deleted else "All runs are in the bin.", icon=":material/inbox:")
        return
    st.info(f"No run has all of '{plain(search)}'.", icon=":material/search_off:")
    st.button("Show all", key="show-all", on_click=st.session_state.__setitem__, args=("history_search", ""))
