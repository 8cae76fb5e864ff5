"""Extract: pictures beside their nearest training images, drawn here or brought along, with scores and control."""

import streamlit as st

from pages._parts.inputs import sidebar, view
from pages._parts.inputs.steering import first_surrogate, guidance_inputs, say_if_idle, surrogate_input
from pages._parts.links import checks
from pages._parts.links.link import link_of
from pages._parts.links.link_values import DRAW, SCORE
from pages._parts.runtime.live import draw_live
from pages._parts.runtime.pictures import PICTURES
from pages._parts.runtime.recording import keep_run, noted
from pages._parts.runtime.resources import (
    matching,
    open_references,
    open_subject,
    open_surrogate,
    reference_key,
    score_folder,
    steered,
)
from pages._parts.show import glossary
from pages._parts.show.figures import STYLE
from pages._parts.show.heading import offer_link, show_heading
from pages._parts.show.results import Shown, provenance, show_results
from pages._parts.show.text import say_error
from side_core.extraction.run import Extraction, score_images
from side_core.extraction.subject import Subject, sample_sets
from side_core.sampling.schedule import schedule_of
from side_core.settings import ExtractSettings, ScoreSettings

PLAIN_INTRO = (
    "In each pair: left, a picture the [[diffusion model|model]] **has just drawn**; right, the "
    "[[nearest training image|training picture]] it is nearest to. A match is a sign that the model remembers rather "
    "than invents; the [[control]] tells how strong a sign."
)
STEERED_INTRO = (
    "On each card: a picture drawn while a [[surrogate]] **steers** the model, the same [[seed]] **without it**, and "
    "the [[nearest training image|training picture]] that the steered one is nearest to. Move [[guidance scale|λ]] to "
    "steer harder; at 0 the model draws by itself."
)


def draw_pictures() -> None:
    """Draw pictures of a model, steered or not, and show them."""
    intro = st.empty()
    with st.sidebar:
        chosen = sidebar.model_inputs()
        name = surrogate_input(chosen["model"])
        steering_place, rest, more = st.container(), st.container(), view.detail("more").expander("More")
        with more:
            chosen["mode"] = sidebar.mode_input()
    if name is None:
        glossary.line(PLAIN_INTRO, intro)
    subject = open_subject(ExtractSettings.read(chosen))
    with rest:
        chosen |= sidebar.sampling_inputs(subject.denoiser, steered=name is not None)
        st.divider()
        with view.detail("encoder"):
            chosen |= sidebar.encoder_inputs(has_model=True)
            chosen |= sidebar.view_inputs(chosen["encoder"], subject.mirrored, subject.data.size)
        chosen |= sidebar.threshold_inputs(chosen, subject)
        threshold_note = st.empty()
        with view.detail("schedule"):
            st.divider()
            chosen |= sidebar.schedule_inputs(subject.denoiser)
    with more:
        chosen |= sidebar.solver_inputs(subject.denoiser, steered=name is not None)
    if name is not None:
        with steering_place:  # last, so that nothing else is missing where this surrogate cannot be used
            chosen |= {"surrogate": name} | guidance_inputs(
                open_surrogate(name), subject.denoiser, idle=name == first_surrogate(chosen["model"])
            )
            st.divider()
    settings = ExtractSettings.read(chosen)
    offer_link(heading, link_of(settings))
    schedule = schedule_of(settings, subject.denoiser)
    subject = steered(subject, settings)
    glossary.line(PLAIN_INTRO if subject.guided_by is None else STEERED_INTRO, intro)
    if subject.steering is not None:
        say_if_idle(subject.steering, schedule)
    shown = draw_and_match(settings, subject)
    if shown is not None:
        show_results(shown, threshold_note, schedule)
        provenance(shown)
        keep_run(shown.extraction, shown.drawn)


def draw_and_match(settings: ExtractSettings, subject: Subject) -> Shown | None:
    """The settings' pictures, matched and scored, as far as they are drawn; None before the first is.

    Raises:
        ValueError: they cannot be drawn or compared, or guidance has lost every one.
    """
    references = open_references(settings, subject)
    drawn = draw_live(settings, subject, PICTURES, lambda: noted(settings, subject, references), references=references)
    if not drawn.own:
        return None
    extraction = score_images(settings, subject, references, drawn, matching(reference_key(settings, subject)))
    keys = [samples.key for samples in sample_sets(settings, subject)]
    paths = {str(seed): picture for seed, picture in drawn.own.items()}
    return Shown(extraction, "seed", paths, dict(zip(keys, (drawn.own, drawn.plain), strict=False)))


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


st.html(STYLE)
heading = show_heading("What has this model memorised?")
with st.sidebar:
    checks.name("pictures", "Pictures", [DRAW, SCORE], DRAW)
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
