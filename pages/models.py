"""Models: bring your own model and pictures, and see what was understood of them before anything runs."""

import streamlit as st

from pages._parts.inputs import controls
from pages._parts.inputs.steering import follow_model
from pages._parts.links import arrival
from pages._parts.links.link import MODELS, Opening
from pages._parts.links.link_values import DRAW, model_values
from pages._parts.runtime.resources import forget_all, open_set, open_subject
from pages._parts.show.description import show_description, show_set
from pages._parts.show.heading import offer_link, show_heading
from pages._parts.show.text import say_error
from side_core.dpm.description import Description, describe
from side_core.dpm.folder import known_models, model_folder, read_card, trained_mirrored
from side_core.extraction.subject import data_and_control
from side_core.settings import ExtractSettings

LARGE = 2**30  # bytes of weights that are not loaded unasked

heading = show_heading("Bring your own model", "models")
st.markdown(
    "Name a diffusers folder (or a Hub id), the pictures it was **trained on**, and as **control** pictures of the "
    "same kind that it never saw. Here you see what was understood; nothing is drawn yet."
)
left, middle, right = st.columns(3)
with left:
    model = controls.open_choice("model", known_models(), on_change=follow_model)
with middle:
    data = controls.text("data", "left out: what the model says")
with right:
    control = controls.text("control", "left out: the model's own, if any")
try:
    by_card = trained_mirrored(read_card(model_folder(model)))
except ValueError:  # said below
    by_card = False
mirror = controls.checkbox("mirror", default=by_card)


def show_model(settings: ExtractSettings) -> Description | None:
    """What the model's files say, without loading it."""
    st.subheader("Model", anchor=False)
    try:
        description = describe(settings.model)
    except ValueError as error:
        say_error(error)
        return None
    show_description(description)
    return description


def show_data(settings: ExtractSettings, size: tuple[int, int]) -> bool:
    """What the training images and the control hold, at the model's size; whether they could be read."""
    try:
        source, control_source = data_and_control(settings)
    except ValueError as error:
        st.subheader("Training images", anchor=False)
        say_error(error)
        return False
    try:
        st.subheader("Training images", anchor=False)
        training = open_set(source, size)
        show_set(training, mirror=mirror)
        st.subheader("Control", anchor=False)
        if control_source is not None:
            show_set(open_set(control_source, size), training, mirror)
            return True
        st.info(
            "There is no control: pictures get their scores, but the headline is withheld. Name pictures of the same "
            "kind that the model never saw.",
            icon=":material/balance:",
        )
    except ValueError as error:
        say_error(error)
        return False
    return True


def show_fingerprints(settings: ExtractSettings, description: Description) -> None:
    """What names the model's weights; large ones are loaded when asked for."""
    if description.weights_bytes > LARGE and not st.button(
        "Load the weights and name them", icon=":material/fingerprint:", help="Reads all of them; may take a minute."
    ):
        return
    try:
        subject = open_subject(settings)
    except ValueError as error:
        say_error(error)
        return
    st.caption(f"Model fingerprint (SHA-256 of the weights as loaded): {subject.denoiser.fingerprint}")
    if subject.calibration is None:
        st.caption("It has no calibration for these pictures: `python -m side_core calibrate` makes one.")


settings = ExtractSettings(model=model, data=data or None, control=control or None, mode="fast")
chosen = {**model_values(settings), "mirror": None if mirror == by_card else mirror}
offer_link(heading, Opening(MODELS, chosen))
description = show_model(settings)
if description is not None:
    ready = show_data(settings, description.image_size)
    with st.container(horizontal=True):
        if ready and st.button("Draw pictures with it", icon=":material/image_search:", type="primary"):
            arrival.go("extract.py", {"pictures": DRAW, **chosen, "surrogate": None})
        st.button(
            "Read all files again",
            icon=":material/refresh:",
            help="If they have changed since they were opened.",
            on_click=forget_all,
        )
    if ready:
        show_fingerprints(settings, description)
