"""The score of a prompt against those of prompts that the model has never seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._parts.inputs import view
from pages._parts.prompts.hill import hill_chart
from side_core.prompts.held_out import HeldOut
from side_core.settings import PromptSettings
from side_core.stats.roc import Threshold
from side_core.wording import counted, rounded

_UNIT = "‖e_c − e_0‖₂"


@dataclass(frozen=True, eq=False)
class Standing:
    """Where a prompt's score stands, among those held-out prompts that are scored so far.

    Attributes:
        value: the score: mean L2 norm of what the text changes in the predicted noise.
        held_out: the same of prompts that the model has never seen.
        of: how many of these there are in all.
        threshold: what a score must exceed to count, and the held-out prompts above it; None until all are scored.
        settings: over how many images and steps it is.
    """

    value: float
    held_out: HeldOut
    of: int
    threshold: Threshold | None
    settings: PromptSettings

    @property
    def scored(self) -> int:
        """How many held-out prompts it is held against."""
        return len(self.held_out.norms)

    @property
    def counts(self) -> bool | None:
        """Whether the score is above the threshold; None where there is none yet."""
        return None if self.threshold is None else self.value > self.threshold.value

    @property
    def times(self) -> float:
        """How many times as high it is as the median of the held-out prompts."""
        return self.value / float(np.median(self.held_out.scores))


def standing_of(value: float, held_out: HeldOut, of: int, settings: PromptSettings) -> Standing:
    """A score among those of held-out prompts; with the threshold that the settings ask for, once all are scored."""
    threshold = held_out.threshold(settings.false_positives) if len(held_out.norms) == of else None
    return Standing(value, held_out, of, threshold, settings)


class Panel:
    """Where a score stands on the page: its figures, beside them the chart. It can be shown again in the same run."""

    def __init__(self) -> None:
        row = st.container(horizontal=True, vertical_alignment="center", gap="medium", key="score-row")
        self.figures = row.container(key="score-figures").empty()
        self.hill = row.container(key="score-hill").empty()
        self.shown = 0  # how often: no two charts of a run may have the same key

    def show(self, standing: Standing, before: Sequence[tuple[str, float]], edited: Standing | None = None) -> None:
        """The score, first of all; and how it stands among the held-out prompts, as far as these are scored.

        Args:
            standing: of this prompt.
            before: prompts that were tried before, with their scores.
            edited: of the same prompt with other words, where there is one.
        """
        self.shown += 1
        with self.figures.container():
            if edited is None:
                _show_metric(f"Score after {_steps_in_words(standing.settings)}", standing)
                if standing.scored:
                    st.markdown(_badge(standing))
                    than = "the median" if view.is_demo() else "what prompts do that it has never seen (their median)"
                    st.markdown(f"**{standing.times:.1f} times** {than}{'' if view.is_demo() else '.'}")
                _show_counts({"": standing}, f"score-counts-{self.shown}")
            else:
                pair = (("as typed", standing), ("edited", edited))
                for place, (name, own) in zip(st.columns(2), pair, strict=True):
                    with place:
                        _show_metric(f"Score {name}", own)
                        if own.scored:
                            st.markdown(_badge(own, short=True))
                            st.markdown(f"**{own.times:.1f} times** the median")
                _show_counts(dict(pair), f"score-counts-{self.shown}")
        if standing.scored:
            threshold = None if standing.threshold is None else standing.threshold.value
            other = None if edited is None else edited.value
            chart = hill_chart(standing.value, standing.held_out.scores, threshold, before, other)
            self.hill.plotly_chart(chart, alt=_in_words(standing, edited), key=f"score-chart-{self.shown}")
        else:
            self.hill.info(
                f"Nothing to hold it against yet: none of {counted(standing.of, 'held-out prompt')} is scored. "
                "What a score is worth can be told only beside prompts that the model has never seen.",
                icon=":material/balance:",
            )


def _show_metric(label: str, standing: Standing) -> None:
    """One score."""
    settings = standing.settings
    st.metric(
        label,
        rounded(standing.value),
        help=f"{_UNIT}: how much the text changes the noise that the model predicts, after "
        f"{_steps_in_words(settings)}. Mean over {counted(settings.score_images, 'image')}, each from its own noise, "
        f"and {counted(settings.first_steps, 'step')}.",
    )


def _show_counts(standings: Mapping[str, Standing], key: str) -> None:
    """How sure that is: held-out prompts as high or higher, and how many pass the threshold by chance.

    Args:
        standings: of the page's prompts, by what they are called; of one alone, that is empty.
        key: unique in this run of the page.
    """
    first = next(iter(standings.values()))
    if not first.scored:
        return
    counts = "; ".join(f"{name} {own.held_out.at_or_above(own.value)}".strip() for name, own in standings.items())
    if first.threshold is not None:
        view.detail(key).caption(
            f"As high or higher: {counts} of the held-out prompts. Above the threshold by chance: "
            f"{first.threshold.alarms} of those it was not chosen on."
        )
        return
    st.caption(
        f"As high or higher so far: {counts} of the held-out prompts. The threshold comes when all {first.of:,} are "
        "scored."
    )


def _badge(standing: Standing, short: bool = False) -> str:
    """On which side of the threshold a score is, as Markdown: in words, beside the colour."""
    if standing.threshold is None:
        return ":gray-badge[:material/hourglass_top: no threshold yet]"
    rule = rounded(standing.threshold.value) if short else f"the threshold {rounded(standing.threshold.value)}"
    if standing.counts:
        return f":violet-badge[:material/arrow_upward: above {rule}]"
    return f":gray-badge[:material/arrow_downward: not above {rule}]"


def without_held_out(value: float) -> None:
    """No score without its control: what is missing."""
    st.warning(
        f"The score is {value:.2f}, but nobody can tell what that is worth without prompts that the model has "
        "never seen: name a file of them in the sidebar, under More.",
        icon=":material/balance:",
    )


def _steps_in_words(settings: PromptSettings) -> str:
    """How much of the drawing it takes."""
    of = counted(settings.steps, "step")
    return f"the first of {of}" if settings.first_steps == 1 else f"{settings.first_steps} of {of}"


def _in_words(standing: Standing, edited: Standing | None) -> str:
    """The chart for who cannot see it."""
    also = "" if edited is None else f", edited {edited.value:.2f}"
    scores, verb = standing.held_out.scores, "scores" if standing.scored == 1 else "score"
    threshold = standing.threshold
    rule = "there is no threshold yet" if threshold is None else f"the threshold is {threshold.value:.2f}"
    return (
        f"This prompt scores {standing.value:.2f}{also}. {counted(len(scores), 'held-out prompt')} {verb} "
        f"{scores.min():.2f} to {scores.max():.2f}, half of them below {np.median(scores):.2f}; {rule}."
    )
