"""Take a run along: everything in one zip, or a page to print."""

from collections.abc import Callable

import streamlit as st

from side_core.runs.exchange.export import export_zip
from side_core.runs.exchange.safe_names import safe_name
from side_core.runs.report.page import report_html
from side_core.runs.result import Result


def export_button(result_of: Callable[[], Result], name: str) -> None:
    """Two downloads, made when asked for.

    Args:
        result_of: gives the run.
        name: of the files, without an ending.
    """
    safe = safe_name(name)
    with st.container(key="export", horizontal=True, gap="small"):
        st.download_button(
            "Export",
            lambda: export_zip(result_of()),
            f"{safe}.zip",
            "application/zip",
            key="export-zip",
            icon=":material/folder_zip:",
            on_click="ignore",
            help="Pictures, tables, settings and the report in one zip, to keep or to open again.",
        )
        st.download_button(
            "Report (HTML)",
            lambda: report_html(result_of()).encode(),
            f"{safe}.html",
            "text/html",
            key="export-report",
            icon=":material/description:",
            on_click="ignore",
            help="One page that needs no network: to read, to print, to attach.",
        )
