"""Extract where pictures are scored that others generated."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.inputs import sidebar, view
from pages._parts.links.link import link_of
from pages._parts.runtime.recording import keep_run
from pages._parts.runtime.resources import score_folder
from pages._parts.show.heading import offer_link
from pages._parts.show.results import Shown, provenance, show_results
from side_core.extraction.run import Extraction
from side_core.settings import ScoreSettings


def score_pictures(heading: DeltaGenerator) -> None:
    """Score pictures that others generated and show them.

    Args:
        heading: where the link goes.

    Raises:
        ValueError: something cannot be read or compared.
    """
    st.markdown(
        "In each pair: left, a picture **somebody generated**; right, the **training picture** it is nearest to. "
        "No model is needed, but its training images are, and as control images of the same kind that it never saw."
    )
    with st.sidebar:
        chosen = sidebar.score_inputs()
        st.divider()
        below = st.container()
    if not (chosen.get("samples") and chosen.get("data")):
        st.info(
            "Name a folder of generated pictures and the training images in the sidebar: a path, a .npy or .npz file.",
            icon=":material/folder_open:",
        )
        return
    with below:
        with view.detail("encoder"):
            chosen |= sidebar.encoder_inputs(has_model=False)
            chosen |= sidebar.view_inputs(chosen["encoder"], False, None)
        thresholds = st.container()
    scored = score_folder(ScoreSettings.read(chosen))
    with thresholds:
        chosen |= sidebar.threshold_inputs(chosen, scored.subject)
        threshold_note = st.empty()
    settings = ScoreSettings.read(chosen)
    offer_link(heading, link_of(settings))
    shown = Shown(Extraction(settings, scored.subject, scored.references, scored.match, scored.samples), "picture", {})
    show_results(shown, threshold_note)
    provenance(shown)
    keep_run(shown.extraction)
