"""Open a run again from a file that was exported, here or elsewhere: the place to drop it."""

import streamlit as st

from side_core.files.public import limit_of

_MOST_MIB = 64


def reopen_input() -> None:
    """Drop a file, see what it is, open it."""
    most = int(limit_of("upload_mib") or _MOST_MIB)
    with st.expander("Open an exported run", icon=":material/upload_file:"):
        file = st.file_uploader(
            "Drop an exported picture, run.json or zip here",
            key="reopen",
            max_upload_size=most,
            help="Settings are read from it, nothing else. Fingerprints tell whether the run can be the same here.",
        )
        if file is not None:
            from pages._parts.links.reopened import offer_file  # which imports torch: no page waits for it

            offer_file(file.name, file.getvalue())
