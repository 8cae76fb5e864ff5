"""What came out, from the headline to a single pair."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from pages._parts.inputs import view
from pages._parts.show import charts
from pages._parts.show.bands import show_bands
from pages._parts.show.detail import show_pair
from pages._parts.show.exporting import export_button
from pages._parts.show.gallery import chosen_position, show_gallery, show_returned
from pages._parts.show.headline import show_effect, show_headline, show_second
from pages._parts.show.text import plain, show_notes, show_warnings
from side_core.extraction.effect import effect_of
from side_core.extraction.run import Extraction
from side_core.runs.result import result_of
from side_core.sampling.picture import Picture
from side_core.sampling.schedule import Schedule
from side_core.settings import ExtractSettings
from side_core.similarity.scores import SCORES
from side_core.surrogate.strength import Strength
from side_core.wording import counted, rounded


@dataclass(frozen=True, eq=False)
class Shown:
    """What a page shows.

    Attributes:
        extraction: the pictures with their scores.
        noun: what a picture's name is: a seed, or a picture.
        paths: of drawn pictures, from noise to image, by name.
        drawn: the same with those that nothing steered, by what they depend on, then by seed.
    """

    extraction: Extraction
    noun: str
    paths: Mapping[str, Picture]
    drawn: Mapping[str, Mapping[int, Picture]] = field(default_factory=dict)


def show_results(
    shown: Shown, threshold_note: st.delta_generator.DeltaGenerator, schedule: Schedule | None = None
) -> None:
    """Headline, gallery, what came back most often, charts, tables, one pair."""
    extraction = shown.extraction
    score = extraction.settings.score
    line = extraction.headline()
    if line is not None and line.calibrated is not None:
        threshold_note.caption(
            f"{rounded(line.threshold)} stands for a control rate of {100 * line.calibrated.share:.2f} % "
            f"({line.calibrated.beat:,} of {counted(line.calibrated.count, 'plain picture')})."
        )
    effect = effect_of(extraction)
    if effect is None:
        noun = "picture" if extraction.guided_by is None else "steered picture"
        show_headline(line, extraction.denoiser is not None, noun, extraction.withheld() or "")
    else:
        show_effect(effect)
    show_second(extraction.second())
    show_warnings(extraction.warnings)
    show_notes(extraction.notes)
    show_gallery(shown.extraction, shown.noun, extraction.threshold)
    show_returned(shown.extraction, shown.noun, extraction.threshold)
    with view.detail("charts"):
        _show_charts(shown, schedule)
        show_bands(extraction, extraction.threshold)
    position = chosen_position(extraction.match, extraction.match.order(score))
    show_pair(extraction, shown.noun, shown.paths.get(extraction.match.names[position]), position)


def _show_charts(shown: Shown, schedule: Schedule | None) -> None:
    """How the scores are spread; of drawn pictures the steps, of steered ones how hard each is steered."""
    extraction, score = shown.extraction, shown.extraction.settings.score
    steering = extraction.steering
    first, *others = st.columns(1 + (schedule is not None) + (schedule is not None and steering is not None))
    first.markdown("**How near the pictures come**")
    first.plotly_chart(
        charts.score_histogram(extraction.match, score, extraction.threshold, extraction.plain),
        alt=f"Histogram of {SCORES[score].title}: {effect_of(extraction) or extraction.headline() or 'no control'}",
    )
    if schedule is None:
        return
    second, *third = others
    second.markdown("**The steps from noise to image**")
    second.plotly_chart(
        charts.schedule_chart(schedule),
        alt=f"{counted(len(schedule), 'timestep')} from {schedule.timesteps[0]} to {schedule.timesteps[-1]}",
    )
    if steering is not None:
        strength = steering.strength
        third[0].markdown("**How hard each step is steered**")
        third[0].plotly_chart(
            charts.strength_chart(strength, schedule),
            alt=f"λ(t) at {counted(len(schedule), 'step')}: {_strength_in_words(strength)}",
        )


def _strength_in_words(strength: Strength) -> str:
    """When and how hard it is steered."""
    return f"λ {strength.scale:g} from t = {strength.first} to {strength.last}, {strength.shape}"


def provenance(shown: Shown) -> None:
    """What the figures depend on, in small print, and the run as files to take along."""
    extraction = shown.extraction
    subject, encoder, names = extraction.subject, extraction.references.encoder, extraction.match.names
    parts = [f"Settings {extraction.settings.digest}"]
    if (denoiser := extraction.denoiser) is not None:
        parts += [f"model {denoiser.fingerprint[:12]}", str(denoiser.arithmetic)]
    if (steering := extraction.steering) is not None:
        parts.append(f"surrogate {steering.surrogate.fingerprint[:12]}")
        parts.append(f"{_strength_in_words(steering.strength)}, label {steering.label}")
    parts.append(f"training images {subject.data.name} ({subject.data.fingerprint[:12]})")
    if subject.control is not None:
        parts.append(f"control {subject.control.name} ({subject.control.fingerprint[:12]})")
    parts += [f"encoder {encoder.description}", f"{shown.noun}s {names[0]} to {names[-1]}"]
    with view.detail("provenance"), st.container(key="provenance"):
        st.caption(plain(" · ".join(parts), 2000))
    subject_name = extraction.settings.model if isinstance(extraction.settings, ExtractSettings) else "scored"
    export_button(lambda: result_of(extraction), f"{Path(subject_name).name}-{extraction.settings.digest}")
