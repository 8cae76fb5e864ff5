"""Extract where a model draws: widgets, pictures, results."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.extract.intro import PLAIN_INTRO, STEERED_INTRO
from pages._parts.extract.mapping import live_map, map_input
from pages._parts.extract.results import provenance, show_results
from pages._parts.inputs import sidebar, view
from pages._parts.inputs.steering import first_surrogate, guidance_inputs, say_if_idle, surrogate_input
from pages._parts.links.link import opening_of
from pages._parts.runtime.live import Preview, draw_live
from pages._parts.runtime.pictures import PICTURES, SHIPPED
from pages._parts.runtime.recording import keep_drawn, keep_run, noted
from pages._parts.runtime.resources import (
    open_references,
    open_subject,
    open_surrogate,
    scored,
    steered,
)
from pages._parts.show import glossary
from pages._parts.show.heading import offer_link
from pages._parts.show.places import Places
from pages._parts.show.shipped import follow_slider, shipped_in_words
from pages._parts.show.shown import Shown
from side_core.extraction.run import Extraction
from side_core.extraction.subject import Subject, sample_sets
from side_core.sampling.schedule import schedule_of
from side_core.sampling.strips import Strips
from side_core.settings import ExtractSettings, MatchSettings

OTHER_VERSION = (
    ":material/inventory_2: The pictures that the app ships are of another version of this model or its surrogate: "
    "they are not used."
)


@dataclass(frozen=True)
class _Groups:
    """The groups of settings that few people change, closed at first."""

    drawing: DeltaGenerator
    steering: DeltaGenerator
    comparing: DeltaGenerator
    schedule: DeltaGenerator
    images: DeltaGenerator


def draw_pictures(heading: DeltaGenerator, places: Places) -> None:
    """Draw pictures of a model, steered or not, and show them.

    Args:
        heading: where the link goes.
        places: where the rest goes.

    Raises:
        ValueError: something cannot be opened, drawn or compared.
    """
    settings, subject = _ask(places)
    offer_link(heading, opening_of(settings))
    schedule = schedule_of(settings, subject.denoiser)
    subject, note = steered(subject, settings), ""
    if (exact := _shipped(settings)) is not None:
        (settings, subject), note = exact, shipped_in_words(settings.guidance_scale)
    glossary.line(PLAIN_INTRO if subject.guided_by is None else STEERED_INTRO, places.intro)
    with places.mapped:
        mapped = map_input()
    with places.status:
        if subject.steering is not None:
            say_if_idle(subject.steering, schedule)
        shown = _draw_and_match(settings, subject, note, places.map if mapped else None)
    if shown is not None:
        show_results(shown, places, schedule, settings.model if mapped else None)
        if shown.strips is not None:
            with places.scale:
                follow_slider(shown.strips)
        with places.below:
            provenance(shown)
            keep_run(shown.extraction, shown.drawn)


def _ask(places: Places) -> tuple[ExtractSettings, Subject]:
    """What a person wants drawn, and the model.

    Raises:
        ValueError: it cannot be opened, or does not go together.
    """
    with st.sidebar:
        top, agreed, pictures = st.container(), st.container(), st.container()
        groups = _make_groups()
    with top:
        chosen = sidebar.model_inputs(groups.images)
        name = surrogate_input(chosen["model"])
    if name is None:
        glossary.line(PLAIN_INTRO, places.intro)
    with groups.schedule:
        chosen["mode"] = sidebar.mode_input()
    subject = open_subject(ExtractSettings.read(chosen))
    with pictures:
        chosen |= sidebar.picture_inputs(subject.denoiser)
    with groups.drawing:
        chosen |= sidebar.sampling_inputs(subject.denoiser, steered=name is not None)
        chosen |= sidebar.solver_inputs(subject.denoiser)
    with groups.comparing:
        chosen |= sidebar.encoder_inputs(has_model=True)
        chosen |= sidebar.view_inputs(chosen["encoder"], subject.mirrored, subject.data.size)
        chosen |= sidebar.threshold_inputs(chosen, subject)
    with groups.schedule:
        chosen |= sidebar.schedule_inputs(subject.denoiser)
    if name is not None:  # last, so that nothing else is missing where this surrogate cannot be used
        with groups.steering.expander("Steering"):
            rest = st.container()
        chosen |= {"surrogate": name} | guidance_inputs(
            open_surrogate(name),
            subject.denoiser,
            (agreed, places.scale, rest),
            name == first_surrogate(chosen["model"]),
        )
    return ExtractSettings.read(chosen), subject


def _make_groups() -> _Groups:
    """Lay them out, in the order in which they are read."""
    with view.detail("settings"), st.expander("Settings", icon=":material/tune:"):
        drawing, steering = st.expander("Drawing"), st.container()
        return _Groups(drawing, steering, st.expander("Comparing"), st.expander("Schedule"), st.container())


def _shipped(settings: ExtractSettings) -> tuple[ExtractSettings, Subject] | None:
    """The same in exact arithmetic, where all of its pictures are shipped; None where something must be drawn."""
    if not SHIPPED.may_have(settings.model, settings.surrogate, settings.guidance_scale):
        return None
    exact, subject = _exact(settings)
    wanted = set(exact.seeds)
    shipped = all(wanted <= set(SHIPPED.seeds(samples.key)) for samples in sample_sets(exact, subject))
    return (exact, subject) if shipped else None


def _exact(settings: ExtractSettings, **other: Any) -> tuple[ExtractSettings, Subject]:
    """The same in exact arithmetic, as what is shipped was drawn in."""
    exact = settings.model_copy(update={"mode": "exact", **other})
    return exact, steered(open_subject(exact), exact)


def _strips_of(settings: ExtractSettings, extraction: Extraction) -> Strips | None:
    """What is shipped for the same pictures at other lambdas; None where they or what they are compared with differ."""
    strips, denoiser = SHIPPED.named(settings.model, settings.surrogate), extraction.denoiser
    if strips is None and SHIPPED.unread and settings.model == ExtractSettings.model_fields["model"].default:
        st.caption(OTHER_VERSION)
    if strips is None or denoiser is None or extraction.steering is None:
        return None
    if strips.are_of_others({"model": denoiser.fingerprint, "surrogate": extraction.steering.surrogate.fingerprint}):
        st.caption(OTHER_VERSION)
        return None
    subject, compared = extraction.subject, {"encoder": extraction.references.encoder.fingerprint}
    compared |= {"data": subject.data.fingerprint, "control": subject.control.fingerprint if subject.control else ""}
    fields = MatchSettings.model_fields
    alike = all(strips.settings.get(name, fields[name].default) == getattr(settings, name) for name in fields)
    if not alike or strips.are_of_others(compared) or tuple(settings.seeds) != strips.seeds:
        return None
    _, other = _exact(settings, guidance_scale=strips.strips[-1].scale)
    return SHIPPED.strips_of(sample_sets(settings, other)[0].key)


def _draw_and_match(
    settings: ExtractSettings, subject: Subject, note: str, faces: DeltaGenerator | None
) -> Shown | None:
    """The settings' pictures, matched and scored, as far as they are drawn; None before the first is.

    Args:
        settings: what to draw.
        subject: the model.
        note: below the sentence.
        faces: where a map goes, on which pictures move while they are drawn.

    Raises:
        ValueError: they cannot be drawn or compared, or guidance has lost every one.
    """
    with st.container():  # what shows progress now and then lies in one: what follows keeps its place
        references = open_references(settings, subject)
    preview = None
    if faces is not None:
        look, spot = live_map(faces, settings.model, references, subject.guided_by is not None)
        preview = Preview(0.0, look)
    begin = partial(noted, settings, subject, references)
    unseen = partial(keep_drawn, settings, subject, references)
    drawn = draw_live(settings, subject, PICTURES, begin, preview, references, unseen)
    if faces is not None:
        spot.empty()
    if not drawn.own:
        return None
    extraction = scored(settings, subject, references, drawn)
    keys = [samples.key for samples in sample_sets(settings, subject)]
    paths = {str(seed): picture for seed, picture in drawn.own.items()}
    by_key = dict(zip(keys, (drawn.own, drawn.plain), strict=False))
    return Shown(extraction, "seed", paths, by_key, note, _strips_of(settings, extraction))
