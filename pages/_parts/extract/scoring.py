"""Extract where pictures are scored that others generated."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.extract.intro import SCORED_INTRO
from pages._parts.extract.results import provenance, show_results
from pages._parts.inputs import sidebar, view
from pages._parts.links.link import opening_of
from pages._parts.runtime.recording import keep_run
from pages._parts.runtime.resources import score_folder
from pages._parts.show.heading import offer_link
from pages._parts.show.places import Places
from pages._parts.show.shown import Shown
from side_core.extraction.run import Extraction
from side_core.settings import ScoreSettings


def score_pictures(heading: DeltaGenerator, places: Places) -> None:
    """Score pictures that others generated and show them.

    Args:
        heading: where the link goes.
        places: where the rest goes.

    Raises:
        ValueError: something cannot be read or compared.
    """
    places.intro.markdown(SCORED_INTRO)
    with st.sidebar:
        chosen = sidebar.score_inputs()
        st.divider()
        below = st.container()
    if not (chosen.get("samples") and chosen.get("data")):
        places.status.info(
            "Name a folder of generated pictures and the training images in the sidebar: a path, a .npy or .npz file.",
            icon=":material/folder_open:",
        )
        return
    with below, view.detail("settings"), st.expander("Settings", icon=":material/tune:"):
        chosen |= sidebar.encoder_inputs(has_model=False)
        chosen |= sidebar.view_inputs(chosen["encoder"], False, None)
        thresholds = st.container()
    with places.status:
        scored = score_folder(ScoreSettings.read(chosen))
    with thresholds:
        chosen |= sidebar.threshold_inputs(chosen, scored.subject)
    settings = ScoreSettings.read(chosen)
    offer_link(heading, opening_of(settings))
    shown = Shown(Extraction(settings, scored.subject, scored.references, scored.match, scored.samples), "picture", {})
    show_results(shown, places)
    with places.below:
        provenance(shown)
        keep_run(shown.extraction)
