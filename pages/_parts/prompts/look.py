"""How the page of prompts looks: what stands side by side, and pictures that form."""

from collections.abc import Sequence

import streamlit as st

# What stands side by side where there is room for both, and one below the other where there is not.
WRAP = """<style>
.st-key-prompt-row > :has(> .st-key-prompt-field) { flex: 3 1 20rem; min-width: min(20rem, 100%); }
.st-key-prompt-row > :has(> .st-key-prompt-examples) { flex: 2 1 15rem; min-width: min(15rem, 100%); }
.st-key-prompt-words { min-height: 7.6rem; } /* room for them while they are being explained */
.st-key-edit-row > :has(> .st-key-edit-field) { flex: 3 1 20rem; min-width: min(20rem, 100%); }
.st-key-edit-row > :has(> .st-key-edit-replacement) { flex: 2 1 15rem; min-width: min(15rem, 100%); }
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
.forming { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.6rem; }
@media (max-width: 640px) { .forming { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
.forming figure { margin: 0; padding: 0.4rem 0.4rem 3rem; }
.forming img { width: 100%; image-rendering: pixelated; border-radius: 2px; display: block; }
</style>"""


def show_grid(figures: Sequence[str]) -> None:
    """HTML figures where, finished and compared, pictures stand as cards."""
    st.html(f'{_STYLE}<div class="forming">{"".join(figures)}</div>')
