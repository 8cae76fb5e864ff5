"""What came out, from the headline to a single pair."""

from pathlib import Path

import streamlit as st

from pages._parts.extract.mapping import show_landings
from pages._parts.inputs import view
from pages._parts.show import charts
from pages._parts.show.bands import show_bands
from pages._parts.show.card import show_large, show_sentence
from pages._parts.show.detail import show_detail
from pages._parts.show.exporting import export_button
from pages._parts.show.gallery import best_card, show_gallery, show_returned
from pages._parts.show.headline import show_effect, show_headline, show_second
from pages._parts.show.places import Places, asked_how_sure
from pages._parts.show.shown import Shown
from pages._parts.show.text import plain, show_notes, show_warnings
from side_core.extraction.effect import effect_of
from side_core.extraction.run import Extraction
from side_core.runs.result import result_of
from side_core.sampling.schedule import Schedule
from side_core.settings import ExtractSettings
from side_core.similarity.scores import SCORES
from side_core.surrogate.strength import Strength
from side_core.wording import counted, rounded


def show_results(shown: Shown, places: Places, schedule: Schedule | None = None, model: str | None = None) -> None:
    """The pair that stands out, the headline in words and in figures, the gallery, what came back, how it was drawn.

    Args:
        shown: what is shown.
        places: where.
        schedule: of drawn pictures.
        model: whose map they are shown on; None: on none.
    """
    extraction, follows = shown.extraction, shown.strips is not None
    with places.sentence:
        if (sentence := extraction.sentence) is None:
            st.warning(extraction.withheld() or "", icon=":material/balance:")
        else:
            show_sentence(sentence, shown.note, follows=follows)
        show_warnings(extraction.warnings)
    with places.pair:
        show_large(best_card(extraction, shown.noun), follows=follows)
    if asked_how_sure(places.sure):
        with places.figures.container(border=True):
            _show_figures(extraction)
    touched = None
    if model is not None:
        with places.map:
            touched = show_landings(shown, model)
    with places.gallery:
        chosen = show_gallery(extraction, shown.noun, follows, touched.picked if touched else ())
    if touched is not None and touched.picture in extraction.match.names:
        chosen = touched.picture
    with places.below:
        show_returned(extraction, shown.noun)
        if schedule is not None:
            _show_drawing(extraction, schedule)
    if chosen is not None:
        show_detail(extraction, shown.noun, shown.paths, chosen)


def _show_figures(extraction: Extraction) -> None:
    """Count, control, interval and calibration."""
    line, effect = extraction.headline(), effect_of(extraction)
    if effect is None:
        noun = "picture" if extraction.guided_by is None else "steered picture"
        show_headline(line, extraction.denoiser is not None, noun, extraction.withheld() or "")
    else:
        show_effect(effect)
    if line is not None and line.calibrated is not None:
        st.caption(
            f"{rounded(line.threshold)} stands for a control rate of {100 * line.calibrated.share:.2f} % "
            f"({line.calibrated.beat:,} of {counted(line.calibrated.count, 'plain picture')})."
        )
    show_second(extraction.second())
    show_notes(extraction.notes)
    with view.detail("charts"):
        _show_scores(extraction)
        show_bands(extraction, extraction.threshold)


def _show_scores(extraction: Extraction) -> None:
    """How the scores are spread."""
    score = extraction.settings.score
    st.markdown("**How near the pictures come**")
    st.plotly_chart(
        charts.score_histogram(extraction.match, score, extraction.threshold, extraction.plain),
        alt=f"Histogram of {SCORES[score].title}: {effect_of(extraction) or extraction.headline() or 'no control'}",
    )


def _show_drawing(extraction: Extraction, schedule: Schedule) -> None:
    """The steps, and how hard each is steered."""
    with st.expander("How they were drawn", icon=":material/gesture:", key="drawn", on_change="rerun") as opened:
        if not opened.open:
            return
        steering = extraction.guided_by
        first, *second = st.columns(1 if steering is None else 2)
        first.markdown("**The steps from noise to image**")
        first.plotly_chart(
            charts.schedule_chart(schedule),
            alt=f"{counted(len(schedule), 'timestep')} from {schedule.timesteps[0]} to {schedule.timesteps[-1]}",
        )
        if steering is not None:
            strength = steering.strength
            second[0].markdown("**How hard each step is steered**")
            second[0].plotly_chart(
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
    subject_name = extraction.settings.model if isinstance(extraction.settings, ExtractSettings) else "scored"
    export_button(lambda: result_of(extraction), f"{Path(subject_name).name}-{extraction.settings.digest}")
    with st.container(key="provenance"):
        st.caption(plain(" · ".join(parts), 2000))
