"""What came out, from the headline to a single pair."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from pages._parts import charts
from pages._parts.bands import show_bands
from pages._parts.gallery import chosen_position, show_gallery, show_pair, show_returned
from pages._parts.headline import show_headline
from pages._parts.pictures import Picture
from pages._parts.text import plain, show_notes
from side_core.extraction.headline import threshold_of
from side_core.extraction.run import Extraction
from side_core.sampling.schedule import Schedule
from side_core.similarity.scores import SCORES


@dataclass(frozen=True, eq=False)
class Shown:
    """What a page shows.

    Attributes:
        extraction: the pictures with their scores.
        noun: what a picture's name is: a seed, or a picture.
        paths: of drawn pictures, from noise to image, by name.
    """

    extraction: Extraction
    noun: str
    paths: Mapping[str, Picture]

    @property
    def threshold(self) -> float:
        """From which score on a picture counts."""
        return threshold_of(
            self.extraction.match,
            self.extraction.settings,
            self.extraction.settings.score,
            self.extraction.subject.calibration,
        )


def show_results(
    shown: Shown, threshold_note: st.delta_generator.DeltaGenerator, schedule: Schedule | None = None
) -> None:
    """Headline, gallery, what came back most often, charts, tables, one pair."""
    extraction = shown.extraction
    score = extraction.settings.score
    line = extraction.headline()
    if line is not None and line.calibrated is not None:
        threshold_note.caption(
            f"{line.threshold:.3g} stands for a control rate of {100 * line.calibrated.share:.2f} % "
            f"({line.calibrated.beat:,} of {line.calibrated.count:,} plain pictures)."
        )
    show_headline(line, drawn=extraction.subject.denoiser is not None)
    show_notes(extraction.notes)
    show_gallery(shown.extraction, shown.noun, shown.threshold)
    show_returned(shown.extraction, shown.noun, shown.threshold)
    left, right = st.columns(2) if schedule else (st.container(), None)
    left.markdown("**How near the pictures come**")
    left.plotly_chart(
        charts.score_histogram(extraction.match, score, shown.threshold),
        alt=f"Histogram of {SCORES[score].title}: {line or 'no control'}",
    )
    if schedule and right:
        right.markdown("**The steps from noise to image**")
        right.plotly_chart(
            charts.schedule_chart(schedule),
            alt=f"{len(schedule)} timesteps from {schedule.timesteps[0]} to {schedule.timesteps[-1]}",
        )
    show_bands(extraction, shown.threshold)
    position = chosen_position(extraction.match, extraction.match.order(score))
    show_pair(extraction, shown.noun, shown.paths.get(extraction.match.names[position]), position)


def provenance(shown: Shown) -> None:
    """What the figures depend on, in small print."""
    extraction = shown.extraction
    subject, encoder, names = extraction.subject, extraction.references.encoder, extraction.match.names
    parts = [f"Settings {extraction.settings.digest}"]
    if subject.denoiser is not None:
        parts += [f"model {subject.denoiser.fingerprint[:12]}", str(subject.denoiser.arithmetic)]
    parts.append(f"training images {subject.data.name} ({subject.data.fingerprint[:12]})")
    if subject.control is not None:
        parts.append(f"control {subject.control.name} ({subject.control.fingerprint[:12]})")
    parts += [f"encoder {encoder.description}", f"{shown.noun}s {names[0]} to {names[-1]}"]
    with st.container(key="provenance"):
        st.caption(plain(" · ".join(parts), 2000))
