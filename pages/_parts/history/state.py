"""What the History page remembers between two looks: which view, which runs are chosen, what was just said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from pages._parts.links.back import COMPARED, OPENED
from pages._parts.runtime.workspace import workspace
from pages._parts.show.text import plain, say_error
from side_core.runs import store
from side_core.runs.database.row import DamagedRunError
from side_core.runs.run import Run
from side_core.runs.workspace import Workspace
from side_core.wording import counted

CHOSEN, _SAID = "history_chosen", "history_said"
DONE, TROUBLE = "history_done", "history_trouble"  # of a dialog: it is to close; why it cannot yet


@dataclass(frozen=True)
class Said:
    """What an action has done.

    Attributes:
        text: one sentence; may hold what a person typed.
        undo: runs that were put into the bin and can be brought back.
        error: whether it could not be done.
    """

    text: str
    undo: tuple[int, ...] = ()
    error: bool = False


def chosen_ids() -> list[int]:
    """The numbers of the runs that are chosen, in the order in which they were."""
    found: list[int] = st.session_state.setdefault(CHOSEN, [])
    return found


def choose(id: int, key: str) -> None:
    """Called by a checkbox."""
    ids = [other for other in chosen_ids() if other != id]
    st.session_state[CHOSEN] = [*ids, id] if st.session_state[key] else ids


def choose_only(ids: Sequence[int]) -> None:
    """Choose these and no others."""
    st.session_state[CHOSEN] = list(ids)


def go_to(opened: int | None = None, compared: Sequence[int] = ()) -> None:
    """Turn to one run, to a comparison, or back to the list; the link says which."""
    for name, value in ((OPENED, str(opened or "")), (COMPARED, ",".join(map(str, compared)))):
        if value:
            st.query_params[name] = value
        elif name in st.query_params:
            del st.query_params[name]


def _act(work: Callable[[Workspace], Said]) -> None:
    """Do something when a button is pressed; what came of it is said above the page."""
    try:
        if (here := workspace()) is not None:
            st.session_state[_SAID] = work(here)
    except ValueError as error:
        st.session_state[_SAID] = Said(str(error), error=True)


def show_said() -> None:
    """What the last action has done, with Undo where there is something to undo, until the next action."""
    if trouble := st.session_state.pop(TROUBLE, ""):  # of a dialog that is not there any more
        say_error(ValueError(trouble))
    said: Said | None = st.session_state.get(_SAID)
    if said is None:
        return
    if said.error:
        say_error(ValueError(said.text))
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="history-said"):
        st.markdown(f":material/check: {plain(said.text, 300)}", width="stretch")
        if said.undo:
            st.button(
                "Undo", key="undo", icon=":material/undo:", type="primary", on_click=bring_back, args=(said.undo,)
            )
        st.button("Close", key="said-close", icon=":material/close:", type="tertiary", on_click=_forget_said)


def _forget_said() -> None:
    """Show it no longer."""
    st.session_state.pop(_SAID, None)


def say_and_close(text: str) -> None:
    """Called by a button of a dialog that has done its work."""
    st.session_state[_SAID], st.session_state[DONE] = Said(text), True


def close_if_done() -> None:
    """At the top of a dialog: close it if its work is done, or say why it is not."""
    if st.session_state.pop(DONE, False):
        st.rerun()
    if trouble := st.session_state.pop(TROUBLE, ""):
        say_error(ValueError(trouble))


def _names_of(runs: Sequence[Run]) -> str:
    """Runs for a sentence."""
    return f"'{runs[0].title}'" if len(runs) == 1 else counted(len(runs), "run")


def _called(here: Workspace, ids: Sequence[int]) -> str:
    """The same by their numbers; damaged ones have no name."""
    try:
        return _names_of([store.find(here, id) for id in ids])
    except DamagedRunError:
        return f"Run {ids[0]}" if len(ids) == 1 else f"{len(ids):,} runs"


def throw_away(ids: Sequence[int]) -> None:
    """Put runs into the bin, and turn back to the list."""

    def work(here: Workspace) -> Said:
        store.delete(here, ids)
        return Said(f"{_called(here, ids)} went into the bin.", undo=tuple(ids))

    _act(work)
    choose_only([])
    go_to()


def bring_back(ids: Sequence[int]) -> None:
    """Bring runs back from the bin."""

    def work(here: Workspace) -> Said:
        store.restore(here, ids)
        return Said(f"{_called(here, ids)} came back from the bin.")

    _act(work)
    choose_only([])


def pin_all(ids: Sequence[int], pinned: bool) -> None:
    """Pin runs, or let them go."""

    def work(here: Workspace) -> Said:
        runs = [store.pin(here, id, pinned) for id in ids]
        after = "on top now, and the baseline of comparisons" if pinned else "not pinned any more"
        return Said(f"{_names_of(runs)} {'is' if len(runs) == 1 else 'are'} {after}.")

    _act(work)


def pin_button(
    ids: Sequence[int],
    pinned: bool,
    label: str = "Pin",
    help: str = "Pinned runs stay on top; a comparison takes the pinned one as its baseline.",
) -> None:
    """A button that pins runs, or lets them go; it waits where there is none.

    Args:
        ids: of the runs.
        pinned: whether they are pinned.
        label: what it says where they are not.
        help: what pinning does.
    """
    st.button(
        "Unpin" if pinned else label,
        key="pin",
        icon=":material/keep_off:" if pinned else ":material/keep:",
        disabled=not ids,
        help=help,
        on_click=pin_all,
        args=(ids, not pinned),
    )
