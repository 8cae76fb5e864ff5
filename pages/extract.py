"""Extract: pictures beside their nearest training images, drawn here or brought along, with scores and control."""

import numpy as np
import streamlit as st

from pages._parts import sidebar
from pages._parts.figures import STYLE
from pages._parts.live import draw_missing, store_key
from pages._parts.results import Shown, provenance, show_results
from pages._parts.session import MATCHES, PICTURES, open_references, open_subject, reference_key, score_folder
from pages._parts.text import say_error
from side_core.extraction.matching import match
from side_core.extraction.run import Extraction
from side_core.sampling.schedule import schedule_of
from side_core.settings import ExtractSettings, ScoreSettings

DRAW, SCORE = "Draw", "Score a folder"


def draw_pictures() -> None:
    """Draw pictures of a model and show them."""
    st.markdown(
        "In each pair: left, a picture the model **has just drawn**; right, the **training picture** it is nearest to. "
        "A match is a sign that the model remembers rather than invents; the control tells how strong a sign."
    )
    with st.sidebar:
        chosen = sidebar.model_inputs()
        rest, more = st.container(), st.expander("More")
        with more:
            chosen["mode"] = sidebar.mode_input()
    subject = open_subject(ExtractSettings.read(chosen))
    assert subject.denoiser is not None  # it was opened with a model
    with rest:
        chosen |= sidebar.sampling_inputs(subject.denoiser)
        st.divider()
        chosen |= sidebar.encoder_inputs(has_model=True)
        chosen |= sidebar.threshold_inputs(chosen, subject)
        threshold_note = st.empty()
        st.divider()
        chosen |= sidebar.schedule_inputs(subject.denoiser)
    with more:
        chosen |= sidebar.solver_inputs(subject.denoiser)
    settings = ExtractSettings.read(chosen)
    schedule = schedule_of(settings, subject.denoiser.alphas_cumprod)
    references = open_references(settings, subject)
    pictures = draw_missing(settings, subject, PICTURES)
    if not pictures:
        return
    seeds = tuple(sorted(pictures))
    key = (store_key(settings, subject), seeds, *reference_key(settings, subject))
    images = np.stack([pictures[seed].image for seed in seeds])
    found = MATCHES.get_or_make(key, lambda: match(images, tuple(map(str, seeds)), references))
    shown = Shown(Extraction(settings, subject, references, found), "seed", {str(s): pictures[s] for s in seeds})
    show_results(shown, threshold_note, schedule)
    provenance(shown)


def score_pictures() -> None:
    """Score pictures that others generated and show them."""
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
        chosen |= sidebar.encoder_inputs(has_model=False)
        thresholds = st.container()
    scored = score_folder(ScoreSettings.read(chosen))
    with thresholds:
        chosen |= sidebar.threshold_inputs(chosen, scored.subject)
        threshold_note = st.empty()
    settings = ScoreSettings.read(chosen)
    shown = Shown(Extraction(settings, scored.subject, scored.references, scored.match, scored.samples), "picture", {})
    show_results(shown, threshold_note)
    provenance(shown)


st.html(STYLE)
st.title("What has this model memorised?", anchor=False)
with st.sidebar:
    source = st.segmented_control(
        "Pictures",
        [DRAW, SCORE],
        default=DRAW,
        required=True,
        key="pictures",
        bind="query-params",
        width="stretch",
        help="Draw pictures with a model, or score pictures that others generated: no model is needed for that.",
    )
try:
    if source == SCORE:
        score_pictures()
    else:
        draw_pictures()
except ValueError as error:
    say_error(error)
