"""Find training pictures by words, with CLIP features."""

import streamlit as st

from pages._parts.runtime.device_queue import in_turn
from pages._parts.runtime.shared_cache import SharedCache
from pages._parts.runtime.work import run_with_progress
from pages._parts.show.figures import figure, show_row
from pages._parts.show.text import say_error, show_notes
from side_core.data.training_set import TrainingSet
from side_core.similarity.text import TextEncoder, open_text_encoder
from side_core.similarity.text_search import search
from side_core.wording import counted

_TOP = 8
_ENCODERS: SharedCache[TextEncoder] = SharedCache(2)


def show_search(data: TrainingSet) -> None:
    """An expander with a line of text; what is found, best first, with captions and cosines.

    Args:
        data: the pictures that are searched.
    """
    with st.expander("Find training pictures by words", icon=":material/search:"):
        left, right = st.columns([3, 2])
        words = left.text_input(
            "Words",
            key="search",
            bind="query-params",
            placeholder="long hair and glasses",
            max_chars=500,
            help=f"The {_TOP} of {counted(len(data), 'training picture')} whose CLIP features are nearest the words'.",
        )
        weights = right.text_input(
            "CLIP model",
            key="search_weights",
            bind="query-params",
            placeholder="built in, for the pixel faces",
            help="local-dir:FOLDER or hf-hub:ORG/NAME of open_clip.",
        )
        if not (words or "").strip():
            return
        try:
            _show_found(data, words, (weights or "").strip())
        except ValueError as error:
            say_error(error)


def _show_found(data: TrainingSet, words: str, weights: str) -> None:
    """The best matches.

    Raises:
        ValueError: the model cannot be opened, or the pictures not encoded.
    """
    encoder = _ENCODERS.get_or_make((weights,), lambda: open_text_encoder(weights or None))
    hits = run_with_progress(in_turn(search(data, words, encoder, _TOP)), "Encoding training pictures")
    show_row(
        [
            figure(data.images[hit.row], f"Training picture {hit.id}", f"{hit.cosine:.2f}: {hit.caption or hit.id}")
            for hit in hits
        ],
        least="6rem",
        most="9rem",
    )
    show_notes(encoder.doubts(words))
    st.caption("The number is the cosine of the features of picture and words: 1 would be the same direction.")
