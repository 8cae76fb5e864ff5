"""The score of a prompt against those of prompts that the model has never seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._parts.prompts.hill import hill_chart
from side_core.prompts.held_out import HeldOut
from side_core.prompts.roc import Threshold
from side_core.settings import PromptSettings

UNIT = "‖e_c − e_0‖₂"


@dataclass(frozen=True, eq=False)
class Standing:
    """Where a prompt's score stands.

    Attributes:
        value: the score: mean L2 norm of what the text changes in the predicted noise.
        held_out: the same of prompts that the model has never seen.
        threshold: what a score must exceed to count, and the held-out prompts above it.
        settings: over how many images and steps it is.
    """

    value: float
    held_out: HeldOut
    threshold: Threshold
    settings: PromptSettings

    @property
    def counts(self) -> bool:
        """Whether the score is above the threshold."""
        return self.value > self.threshold.value

    @property
    def times(self) -> float:
        """How many times as high it is as the median of the held-out prompts."""
        return self.value / float(np.median(self.held_out.scores))


def standing_of(value: float, held_out: HeldOut, settings: PromptSettings) -> Standing:
    """A score among those of held-out prompts, with the threshold that the settings ask for."""
    return Standing(value, held_out, held_out.threshold(settings.false_positives), settings)


def show_score(standing: Standing, before: Sequence[tuple[str, float]]) -> None:
    """The score in figures, beside it the chart.

    Args:
        standing: of this prompt.
        before: prompts that were tried before, with their scores.
    """
    above = standing.held_out.at_or_above(standing.value)
    row = st.container(horizontal=True, vertical_alignment="center", gap="medium", key="score-row")
    with row.container(key="score-figures"):
        st.metric(
            f"Score after {steps_in_words(standing.settings)}",
            f"{standing.value:.3g}",
            help=f"{UNIT}: how much the text changes the noise that the model predicts. "
            f"Mean over {standing.settings.images} image(s), each from its own noise, and {standing.settings.first} "
            "step(s).",
        )
        st.markdown(badge(standing))
        st.markdown(f"**{standing.times:.1f} times** what prompts do that it has never seen (their median).")
        st.caption(
            f"As high or higher: {above} of the held-out prompts. Above the threshold by chance: "
            f"{standing.threshold.alarms} of those it was not chosen on."
        )
    with row.container(key="score-hill"):
        chart = hill_chart(standing.value, standing.held_out.scores, standing.threshold.value, before)
        st.plotly_chart(chart, alt=in_words(standing), key="score-chart")


def badge(standing: Standing) -> str:
    """On which side of the threshold it is, as Markdown: in words, beside the colour."""
    if standing.counts:
        return f":violet-badge[:material/arrow_upward: above the threshold {standing.threshold.value:.3g}]"
    return f":gray-badge[:material/arrow_downward: not above the threshold {standing.threshold.value:.3g}]"


def without_held_out(value: float, known: bool) -> None:
    """No score without its control: what is missing.

    Args:
        value: the score.
        known: whether there are held-out prompts, which are only not scored yet.
    """
    if not known:
        st.warning(
            f"The score is {value:.2f}, but nobody can tell what that is worth without prompts that the model has "
            "never seen: name a file of them in the sidebar, under More.",
            icon=":material/balance:",
        )


def steps_in_words(settings: PromptSettings) -> str:
    """How much of the drawing it takes."""
    if settings.first == 1:
        return f"the first of {settings.sampling_steps} steps"
    return f"{settings.first} of {settings.sampling_steps} steps"


def in_words(standing: Standing) -> str:
    """The chart for who cannot see it."""
    scores = standing.held_out.scores
    return (
        f"This prompt scores {standing.value:.2f}. {len(scores):,} held-out prompts score {scores.min():.2f} to "
        f"{scores.max():.2f}, half of them below {np.median(scores):.2f}; the threshold is "
        f"{standing.threshold.value:.2f}."
    )
