"""Open a run again from a file that was exported, here or elsewhere: dropped anywhere on a page, or chosen here."""

import streamlit as st

from pages._parts.show.browser.part import part
from side_core.files.public import limit_of

_MOST_MIB = 64
_DROPPED = "dropped on the page: "  # how the name of a file begins that was; drop.js says so
_OPENED = "opened_file"  # in the session: of the one that was opened so
_DROP = part("drop")


def reopen_input() -> None:
    """Drop a file, see what it is, open it; one that was dropped beside this place is opened at once."""
    _DROP(key="drop", data={"words": "Drop it to open the run", "mark": _DROPPED})
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

        name = file.name.removeprefix(_DROPPED)
        if name != file.name and st.session_state.get(_OPENED) != file.file_id:
            st.session_state[_OPENED] = file.file_id
            reopened.open_at_once(name, file.getvalue())
        else:
            reopened.offer_file(name, file.getvalue())
