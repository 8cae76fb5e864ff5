"""How the page of prompts looks: what stands side by side, and pictures that form."""

from collections.abc import Sequence

import streamlit as st

# Words and score of another prompt: hidden until those of this one take their place, or the script ends. Streamlit
# takes no element away before, unless another stands in its very place.
HIDE_STALE = """<style>
.st-key-prompt-words [data-stale="true"], .st-key-score-row [data-stale="true"] { visibility: hidden; }
</style>"""
HIDE_NOTHING = "<style></style>"
_STYLE = """<style>
.forming { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.6rem; }
@media (max-width: 640px) { .forming { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
.forming figure { margin: 0; padding: 0.4rem 0.4rem 3rem; }
.forming img { width: 100%; image-rendering: pixelated; border-radius: 2px; display: block; }
</style>"""


def show_grid(figures: Sequence[str]) -> None:
    """HTML figures where, finished and compared, pictures stand as cards."""
    st.html(f'{_STYLE}<div class="forming">{"".join(figures)}</div>')
