"""Open a run again from a file that was exported, here or elsewhere: dropped anywhere on a page, or chosen here."""

import streamlit as st

from pages._parts.show.browser.part import part
from side_core.files.public import limit_of

_MOST_MIB = 64
_DROPPED = "dropped_file"  # in the session: the name of a file that was dropped on the page and is on its way
_KEY, _DROP = "drop", part("drop")


def _note() -> None:
    """Called as a file is dropped on the page: the run of this call may end before it comes to the file."""
    st.session_state[_DROPPED] = st.session_state[_KEY].dropped


def reopen_input() -> None:
    """Drop a file, see what it is, open it; one that was dropped beside this place is opened at once."""
    _DROP(key=_KEY, data={"words": "Drop it to open the run"}, on_dropped_change=_note)
    most = int(limit_of("upload_mib") or _MOST_MIB)
    with st.expander("Open an exported run", icon=":material/upload_file:"):
        file = st.file_uploader(
            "Drop an exported picture, run.json or zip here, or anywhere on the page",
            key="reopen",
            max_upload_size=most,
            help="Settings are read from it, nothing else. Fingerprints tell whether the run can be the same here.",
        )
        if file is None:
            return
        from pages._parts.links import reopened  # which imports torch: no page waits for it

        if st.session_state.get(_DROPPED) == file.name:
            del st.session_state[_DROPPED]
            reopened.open_at_once(file.name, file.getvalue())
        else:
            reopened.offer_file(file.name, file.getvalue())
