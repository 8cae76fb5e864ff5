"""History: every run that was made here, to look at again, to compare, to take over, to export, to delete."""

import streamlit as st

from pages._parts.history.compared import show_comparison
from pages._parts.history.list import show_list
from pages._parts.history.opened import show_run
from pages._parts.history.space import show_space
from pages._parts.history.state import COMPARED, DONE, OPENED, show_said
from pages._parts.history.style import STYLE
from pages._parts.runtime.workspace import workspace
from pages._parts.show.heading import begin_notices
from pages._parts.show.text import say_error, show_warnings
from side_core.runs.database.recovery import told
from side_core.runs.workspace import Workspace

PUBLIC = (
    "This app is public and keeps no history: take a run along with **Export** below its result, and open it again "
    "from that file."
)


def show_all(here: Workspace) -> None:
    """The list, with the room it takes."""
    st.title("Every run so far", anchor=False)
    show_said()
    show_warnings(told(here.folder))
    show_list(here)
    show_space(here)


st.html(STYLE)
begin_notices("History")
st.session_state.pop(DONE, None)  # what a dialog said before it was closed
try:
    kept = workspace()
    if kept is None:
        st.title("History", anchor=False)
        st.info(PUBLIC, icon=":material/public:")
    elif opened := st.query_params.get(OPENED):
        show_said()
        show_run(kept, opened)
    elif compared := st.query_params.get(COMPARED):
        show_comparison(kept, compared)
    else:
        show_all(kept)
except ValueError as error:
    say_error(error)
