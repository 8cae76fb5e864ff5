"""Pictures of a prompt, and the training picture they are nearest to: large, and in the same place while they form."""

from html import escape

import streamlit as st

MOST = 8  # pictures of the first row; all of them stand in the gallery below
# What stands side by side where there is room for both, and one below the other where there is not.
WRAP = """<style>
.st-key-prompt-row > :has(> .st-key-prompt-field) { flex: 3 1 20rem; min-width: min(20rem, 100%); }
.st-key-prompt-row > :has(> .st-key-prompt-examples) { flex: 2 1 15rem; min-width: min(15rem, 100%); }
.st-key-score-row > :has(> .st-key-score-figures) { flex: 1 1 17rem; min-width: min(17rem, 100%); }
.st-key-score-row > :has(> .st-key-score-hill) { flex: 3 1 24rem; min-width: min(24rem, 100%); }
</style>"""
# Words and score of another prompt: hidden until those of this one take their place, or the script ends. Streamlit
# takes no element away before, unless another stands in its very place.
HIDE_STALE = """<style>
.st-key-prompt-words [data-stale="true"], .st-key-score-row [data-stale="true"] { visibility: hidden; }
</style>"""
HIDE_NOTHING = "<style></style>"
_STYLE = """<style>
.beside { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 1fr); gap: 0.5rem 2rem; }
.beside p { font-weight: 650; margin: 0; align-self: end; }
.beside .drawn { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.5rem; align-content: start; }
.beside figure { margin: 0; }
.beside img { width: 100%; image-rendering: pixelated; border-radius: 3px; display: block; }
.beside figcaption { font-size: 0.9rem; padding-top: 0.35rem; overflow-wrap: anywhere; }
@media (max-width: 640px) { .beside { grid-template-columns: minmax(0, 1fr); } .beside .right { order: 1; } }
</style>"""


def show_beside(title: str, pictures: list[str], other_title: str, other: str) -> None:
    """Pictures on the left, one on the right.

    Args:
        title: above the pictures.
        pictures: HTML figures.
        other_title: above the one.
        other: its HTML figure; may be empty.
    """
    st.html(
        f'{_STYLE}<div class="beside"><p>{escape(title)}</p><p>{escape(other_title)}</p>'
        f'<div class="drawn">{"".join(pictures)}</div><div class="right">{other}</div></div>'
    )
