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
# The page's own style. What a rerun has not reached yet stays as it is: fading a whole gallery costs a browser without
# a graphics card more than the drawing itself, on the very cores that draw.
STYLE = """<style>
/* White on the dark theme's light purple could not be read. */
.stApp [kind^="primary"]:not(:disabled) p, .stApp [kind^="primary"]:not(:disabled) span,
.stMultiSelect [data-baseweb="tag"] span, .stMultiSelect span[title] { color: light-dark(#ffffff, #14121d); }
.stApp [data-testid="stMainBlockContainer"] { padding-top: 4rem; }
.stApp .st-key-heading h1 { font-size: 2rem; padding: 0.25rem 0; }
[data-stale="true"] { opacity: 1 !important; transition: none !important; }
.row-of-figures { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.row-of-figures figure { margin: 0; flex: 1 1 0; min-width: var(--least); max-width: var(--most); }
.row-of-figures img { width: 100%; image-rendering: pixelated; border-radius: 2px; display: block; }
/* A label or a figure that is cut says nothing: they take another line, also in projector size. */
[data-testid="stMetricLabel"] *, [data-testid="stMetricValue"] * { white-space: normal !important;
  overflow: visible !important; text-overflow: clip !important; }
ul.notes { margin: 0; padding-left: 1.2rem; font-size: 0.85rem; opacity: 0.8; overflow-wrap: anywhere; }
.row-of-figures figcaption { font-size: 0.8rem; opacity: 0.75; text-align: center; padding-top: 0.25rem; }
</style>"""


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
