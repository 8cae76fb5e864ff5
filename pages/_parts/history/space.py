"""How much room the history takes, where it is, and cleaning up."""

import streamlit as st

from pages._parts.history.state import TROUBLE, close_if_done, say_and_close
from pages._parts.show.text import plain
from side_core.extraction.overview import in_bytes
from side_core.runs.database.backup import RUNS, backups
from side_core.runs.space import clean_up, to_free, usage
from side_core.runs.wording import when
from side_core.runs.workspace import Workspace
from side_core.wording import counted


def show_space(here: Workspace) -> None:
    """Counted when asked for, as every file is looked at."""
    box = st.expander("Disk use and clean-up", icon=":material/hard_drive:", key="space", on_change="rerun")
    if not box.open:
        return
    with box:
        used, spare = usage(here), to_free(here)
        st.markdown(f"Everything is in {plain(str(here.folder), 400)}; `SIDE_WORKSPACE` names another folder.")
        saved = next(backups(here.folder), None)
        copied = "not copied yet" if saved is None else f"copied on {when(saved.stat().st_mtime)}"
        sizes = {
            "Pictures": in_bytes(used.pictures),
            "Results": in_bytes(used.runs),
            "List": in_bytes(used.database),
            "Free on the disk": in_bytes(used.free),
        }
        with st.container(horizontal=True):
            for label, value in sizes.items():
                st.metric(label, value, width="content", border=True)
        st.caption(
            f"The list is {copied}: after {RUNS} runs, or a day, it is copied again. If its file is ever damaged, that "
            "file is set aside and the copy takes its place."
        )
        runs = f"{counted(used.in_bin, 'run')} in the bin"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Cleaning up would free **{in_bytes(spare)}**: {runs}, and pictures that no run shows.")
            if st.button("Clean up", key="clean", icon=":material/mop:", disabled=not (spare or used.in_bin)):
                _confirm(here, runs, spare)


@st.dialog("Delete for good?", icon=":material/delete_forever:")
def _confirm(here: Workspace, runs: str, spare: int) -> None:
    """Ask once more, as this cannot be undone."""
    close_if_done()
    st.markdown(f"{runs}, and pictures that no run shows: **{in_bytes(spare)}**. No undo.")
    st.button(
        "Delete for good", key="clean-up", icon=":material/delete_forever:", on_click=_delete_for_good, args=(here,)
    )


def _delete_for_good(here: Workspace) -> None:
    """Called by the button."""
    try:
        freed = clean_up(here)
    except ValueError as error:
        st.session_state[TROUBLE] = str(error)
        return
    say_and_close(f"Cleaned up: {in_bytes(freed)} are free again.")
