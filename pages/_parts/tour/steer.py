"""Step 4: lambda, how hard the surrogate steers the model while it draws."""

import numpy as np
import streamlit as st

from pages._parts.show.figures import figure
from pages._parts.tour import look
from pages._parts.tour.stage import steered_match, subject
from side_core.extraction.matching import Match
from side_core.similarity.scores import SCORES
from side_core.stats.rate import rate_of

SCALES = (0, 1, 2, 3, 5, 8, 12, 20, 50)
_FIRST = 8
_RATIO = SCORES["ratio"]


def show() -> None:
    """The same seeds alone and steered, with the training images nearest to the steered ones."""
    scale = st.select_slider("Guidance scale λ", SCALES, _FIRST, key="lam", bind="query-params")
    alone, guided = steered_match(0), steered_match(scale)
    data = subject().data
    rows = guided.training.neighbours.rows[:, 0]
    nearest = [
        figure(data.images[row], f"Training image {data.ids[row]}, nearest to steered seed {name}")
        for row, name in zip(rows, guided.names, strict=True)
    ]
    look.show(
        look.table(
            [
                ("Alone", "λ = 0; below each d₁/d₂", _figures_of(alone, "Alone")),
                (f"Steered, λ = {scale}", "the same seeds", _figures_of(guided, f"Steered with λ = {scale}")),
                ("Training image", "nearest to the steered one", nearest),
            ],
            most="4.25rem",
        )
    )
    st.markdown(_in_counts(alone, guided))


def _figures_of(match: Match, how: str) -> list[str]:
    """Pictures with their scores; those below the threshold have a mark."""
    found = []
    for name, image, value in zip(match.names, match.images, match.training.scores.ratio, strict=True):
        mark = "◎ " if value < _RATIO.threshold else ""
        found.append(figure(image, f"{how}, seed {name}, d₁/d₂ {value:.2f}", f"{mark}{value:.2f}"))
    return found


def _in_counts(alone: Match, guided: Match) -> str:
    """How many beat the threshold, against the training images and against the control."""

    def count(values: np.ndarray) -> str:
        return str(rate_of(_RATIO.beats(values, _RATIO.threshold)))

    assert guided.control is not None  # the embedded model has one
    return (
        f"◎ d₁/d₂ below ⅓: steered **{count(guided.training.scores.ratio)}**, alone "
        f"**{count(alone.training.scores.ratio)}**, the steered ones against the control "
        f"**{count(guided.control.scores.ratio)}**. Few pictures, wide intervals."
    )
