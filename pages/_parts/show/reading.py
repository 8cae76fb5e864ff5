"""How the model reads a prompt: what is cut, and which words it does not know."""

import streamlit as st

from pages._parts.show.text import plain
from side_core.dpm.text.tokens import Tokens

_LONGEST = 300  # characters of what is cut that are shown


def show_reading(tokens: Tokens, context: int) -> None:
    """What is cut from a prompt that is too long, and words that are read in pieces; nothing where all is well."""
    if tokens.cut:
        st.warning(
            f"The model reads {context - 2} tokens at most. Cut off, and without any effect: "
            f"**{plain(tokens.cut, _LONGEST)}**",
            icon=":material/content_cut:",
        )
    if tokens.unknown:
        words = ", ".join(plain(word, 40) for word in tokens.unknown[:8])
        more = f" and {len(tokens.unknown) - 8} more" if len(tokens.unknown) > 8 else ""
        st.caption(f":material/help: Not a word of its vocabulary, so read in pieces: {words}{more}.")
