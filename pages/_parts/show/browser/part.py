"""What runs in the browser: of each part a `.js`, and where it shows something a `.html` and a `.css`, here."""

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent


def part(name: str) -> Any:
    """A part as a function that shows it; its look is the page's own, so styles begin with a class of their own."""
    html, css, js = (_HERE / f"{name}.{ending}" for ending in ("html", "css", "js"))
    shown = {"html": html.read_text("utf-8"), "css": css.read_text("utf-8")} if html.is_file() else {}
    return st.components.v2.component(f"side_{name}", js=js.read_text("utf-8"), isolate_styles=False, **shown)
