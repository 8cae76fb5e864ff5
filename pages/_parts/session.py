"""What outlives a rerun: opened models, encoded sets, finished pictures."""

import streamlit as st

from pages._parts.pictures import PictureStore
from side_core.extraction.matching import Reference, make_reference
from side_core.extraction.run import Subject, open_subject
from side_core.settings import EncoderName, ExtractSettings, Mode


@st.cache_resource(max_entries=4, show_spinner="Opening the model …")
def open_model(model: str, mode: Mode) -> Subject:
    """A model with its own training images, control and calibration, shared by all sessions."""
    return open_subject(ExtractSettings(model=model, mode=mode, steps=1))


@st.cache_resource(max_entries=8, show_spinner="Encoding training and control images …")
def references(_subject: Subject, fingerprints: tuple[str, ...], encoder: EncoderName) -> tuple[Reference, Reference]:
    """Encoded training images and control; `fingerprints` (of model, arithmetic, data and control) is the key."""
    data = make_reference(_subject.data, encoder, _subject.denoiser)
    return data, make_reference(_subject.control, encoder, _subject.denoiser)


@st.cache_resource(show_spinner=False)
def picture_store() -> PictureStore:
    """The pictures finished so far, of all sessions."""
    return PictureStore()
