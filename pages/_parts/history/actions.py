"""What can be done with one run of the history."""

from contextlib import suppress

import streamlit as st

from pages._parts.history.state import TROUBLE, close_if_done, pin_button, say_and_close, throw_away
from pages._parts.links.copy_link import copy_link
from pages._parts.links.link import absolute, link_of, take_over
from pages._parts.show.exporting import export_button
from side_core.runs import store
from side_core.runs.exchange.places import names_in
from side_core.runs.reading import result_in
from side_core.runs.run import Run, settings_of
from side_core.runs.store import LONGEST_NAME, LONGEST_NOTE
from side_core.runs.workspace import Workspace


def show_actions(here: Workspace, run: Run) -> None:
    """Take over or go on, pin, rename, note, delete, export, copy the link."""
    with st.container(horizontal=True, vertical_alignment="center", key="run-actions"):
        label, icon = ("Take over its settings", "input") if run.finished >= run.asked else ("Go on", "play_arrow")
        about = "Opens the page that made it, with these settings. Nothing of yours changes before you press this."
        if st.button(label, key="take-over", icon=f":material/{icon}:", type="primary", help=about):
            take_over(settings_of(run), run.model)
        pin_button([run.id], run.pinned)
        if st.button("Rename", key="rename", icon=":material/edit:"):
            rename(here, run)
        if st.button("Note", key="note", icon=":material/sticky_note_2:"):
            _annotate(here, run)
        if run.deleted is None:
            st.button("Delete", key="delete", icon=":material/delete:", on_click=throw_away, args=([run.id],))
        if run.kind in ("extract", "score") and run.headline:
            names = names_in({"model": run.model}, run.settings)
            export_button(lambda: result_in(here, run), names.text(run.title))
        with suppress(ValueError):  # settings of another version have no link; taking them over says so
            copy_link(absolute(link_of(settings_of(run), model=run.model), st.context.url or ""))


@st.dialog("Rename", icon=":material/edit:")
def rename(here: Workspace, run: Run) -> None:
    """Ask for another name."""
    close_if_done()
    key = f"name-of-{run.id}"
    with st.form("rename-form", border=False):
        st.text_input("Name", run.name, max_chars=LONGEST_NAME, placeholder=run.title, key=key)
        st.form_submit_button("Save", icon=":material/save:", on_click=_save, args=(here, run, "name", key))


@st.dialog("Note", icon=":material/sticky_note_2:", width="medium")
def _annotate(here: Workspace, run: Run) -> None:
    """Ask for a note."""
    close_if_done()
    key = f"note-of-{run.id}"
    with st.form("note-form", border=False):
        about = "What is worth knowing about this run"
        st.text_area(about, run.note, max_chars=LONGEST_NOTE, height=200, key=key)
        st.form_submit_button("Save", icon=":material/save:", on_click=_save, args=(here, run, "note", key))


def _save(here: Workspace, run: Run, what: str, key: str) -> None:
    """Save a name or a note, unless another tab has changed it since the person began to write."""
    text = st.session_state[key] or ""
    try:
        now = getattr(store.find(here, run.id), what)
        if now != getattr(run, what):
            raise ValueError(
                f"Another tab has changed the {what} to '{now[:80]}' meanwhile: copy yours, close this, begin again."
            )
        after = (store.rename if what == "name" else store.annotate)(here, run.id, text)
    except ValueError as error:
        st.session_state[TROUBLE] = str(error)
        return
    done = f"Run {run.id} is called '{after.title}' now." if what == "name" else f"The note of '{after.title}' is kept."
    say_and_close(done)
