"""Small pictures as HTML: sharp at any size, with alternative text, and cheap for the browser.

One `st.html` for a whole row takes the place of many `st.image`, each of which would be a request and, as long as the
session lives, a file in the server's memory.
"""

import base64
from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from side_core.files.images import png, thumbnail

_LARGEST_SIDE = 256  # pixels of a picture that is sent to the browser


def figure(image: np.ndarray, alt: str, caption: str = "") -> str:
    """One picture as HTML.

    Args:
        image: (H, W, 3) uint8, sent at native size and enlarged by the browser; large ones are made smaller.
        alt: what it shows, for who cannot see it.
        caption: text below it.
    """
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img src="{source_of(image)}" alt="{escape(alt, quote=True)}">{below}</figure>'


def source_of(image: np.ndarray) -> str:
    """(H, W, 3) uint8 as the address of a picture, at native size; a large one is made smaller."""
    return f"data:image/png;base64,{base64.b64encode(png(thumbnail(image, _LARGEST_SIDE))).decode()}"


def show_row(figures: list[str], least: str = "3rem", most: str = "100%") -> None:
    """Figures side by side, each between `least` and `most` wide (CSS lengths)."""
    st.html(f'<div class="row-of-figures" style="--least: {least}; --most: {most}">{"".join(figures)}</div>')


def sheet_of(rows: Sequence[np.ndarray]) -> str:
    """Rows of (n, H, W, 3) uint8 as the address of one picture, at native size."""
    paper = np.concatenate([np.concatenate(list(row), axis=1) for row in rows])
    return f"data:image/png;base64,{base64.b64encode(png(paper)).decode()}"
