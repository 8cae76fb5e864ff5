"""Open a run again from a file that was exported, here or elsewhere: dropped anywhere on a page, or chosen here."""

import streamlit as st

from pages._parts.show.browser.part import part
from side_core.files.public import limit_of

_MOST_MIB = 64
_DROPPED = "dropped on the page: "  # how the name of a file begins that was; drop.js says so
_KEY = "reopen"
_ASKS = "dropped_asks"  # in the session: the file that was dropped and is not opened before a person has read of it
_DROP = part("drop")


def _open_dropped() -> None:
    """Called as a file has come: one that was dropped on the page is opened before the page runs again.

    In the page itself another run could take the place of the one that opens it.
    """
    file = st.session_state[_KEY]
    if file is not None and file.name.startswith(_DROPPED):
        from pages._parts.links import reopened  # which imports torch: no page waits for it

        if not reopened.opens_at_once(file.name.removeprefix(_DROPPED), file.getvalue()):
            st.session_state[_ASKS] = file.file_id


def reopen_input() -> None:
    """Drop a file, see what it is, open it; one that was dropped beside this place is opened at once."""
    _DROP(key="drop", data={"words": "Drop it to open the run", "mark": _DROPPED})
    most = int(limit_of("upload_mib") or _MOST_MIB)
    with st.expander("Open an exported run", icon=":material/upload_file:"):
        file = st.file_uploader(
            "Drop an exported picture, run.json or zip here, or anywhere on the page",
            key=_KEY,
            on_change=_open_dropped,
            max_upload_size=most,
            help="Settings are read from it, nothing else. Fingerprints tell whether the run can be the same here.",
        )
        if file is None:
            return
        from pages._parts.links import reopened  # which imports torch: no page waits for it

        name = file.name.removeprefix(_DROPPED)
        if st.session_state.get(_ASKS) == file.file_id:
            reopened.ask(name, file.getvalue())
            del st.session_state[_ASKS]
        else:
            reopened.offer_file(name, file.getvalue())
