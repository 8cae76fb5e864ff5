"""Extract where a model draws: widgets, pictures, results."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.extract.intro import PLAIN_INTRO, STEERED_INTRO
from pages._parts.inputs import sidebar, view
from pages._parts.inputs.steering import first_surrogate, guidance_inputs, say_if_idle, surrogate_input
from pages._parts.links.link import link_of
from pages._parts.runtime.live import draw_live
from pages._parts.runtime.pictures import PICTURES, SHIPPED
from pages._parts.runtime.recording import keep_run, noted
from pages._parts.runtime.resources import (
    matching,
    open_references,
    open_subject,
    open_surrogate,
    reference_key,
    steered,
)
from pages._parts.show import glossary
from pages._parts.show.heading import offer_link
from pages._parts.show.results import Shown, provenance, show_results
from side_core.extraction.run import score_images
from side_core.extraction.subject import Subject, sample_sets
from side_core.sampling.schedule import schedule_of
from side_core.settings import ExtractSettings

SHIPPED_NOTE = ":material/inventory_2: Shipped with the app, in exact arithmetic: nothing had to be drawn."


def draw_pictures(heading: DeltaGenerator, intro: DeltaGenerator, first: DeltaGenerator) -> None:
    """Draw pictures of a model, steered or not, and show them.

    Args:
        heading: where the link goes.
        intro: where a line says what is seen.
        first: where shipped pictures are, until there are others.

    Raises:
        ValueError: something cannot be opened, drawn or compared.
    """
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
    if (exact := _shipped(settings)) is not None:
        settings, subject = exact
        st.caption(SHIPPED_NOTE)
    glossary.line(PLAIN_INTRO if subject.guided_by is None else STEERED_INTRO, intro)
    if subject.steering is not None:
        say_if_idle(subject.steering, schedule)
    shown = _draw_and_match(settings, subject)
    first.empty()
    if shown is not None:
        show_results(shown, threshold_note, schedule)
        provenance(shown)
        keep_run(shown.extraction, shown.drawn)


def _shipped(settings: ExtractSettings) -> tuple[ExtractSettings, Subject] | None:
    """The same in exact arithmetic, where all of its pictures are shipped; None where something must be drawn."""
    if not SHIPPED.may_have(settings.model, settings.surrogate, settings.guidance_scale):
        return None
    exact = settings.model_copy(update={"mode": "exact"})
    subject = steered(open_subject(exact), exact)
    wanted = set(exact.seeds)
    shipped = all(wanted <= set(SHIPPED.seeds(samples.key)) for samples in sample_sets(exact, subject))
    return (exact, subject) if shipped else None


def _draw_and_match(settings: ExtractSettings, subject: Subject) -> Shown | None:
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
