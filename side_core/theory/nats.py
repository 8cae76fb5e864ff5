"""What the rows of a divergence say: in words, and as curves."""

from collections.abc import Sequence

import numpy as np

from side_core.stats.bootstrap import Interval
from side_core.theory.chart import Curve
from side_core.theory.experiment import Row
from side_core.theory.sides import CONTROL, TRAINING
from side_core.wording import rounded

TOLD_AT = 0.1  # the noise level of the answer in a line
NOTHING = 1e-4  # nats
_ROUND = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # noise levels of a curve that are told in words


def pair_at(rows: Sequence[Row], near: float = TOLD_AT) -> tuple[Row, Row] | None:
    """The model on training images and on control, at the level nearest to one, by likelihood where there is one."""
    for form in ("likelihood", "path"):
        own = [row for row in rows if row["form"] == form and row["model"] == "model"]
        levels = {row["noise_level"] for row in own if row["data"] == TRAINING} & {
            row["noise_level"] for row in own if row["data"] == CONTROL
        }
        if levels:
            level = min(levels, key=lambda found: abs(float(np.log(found / near))))
            at = {row["data"]: row for row in own if row["noise_level"] == level}
            return at[TRAINING], at[CONTROL]
    return None


def some_of(rows: Sequence[Row]) -> list[Row]:
    """Of each curve the rows nearest to a few round noise levels."""
    levels = sorted({row["noise_level"] for row in rows if row["form"] == "path"})
    near = {min(levels, key=lambda found: abs(float(np.log(found / at)))) for at in _ROUND} if levels else set()
    return [row for row in rows if row["form"] != "path" or row["noise_level"] in near]


def nats_in_words(row: Row) -> str:
    """A figure with its interval."""
    value, low, high = (_nats(row[name]) for name in ("nats", "low", "high"))
    return f"{value} nats ({low} to {high})"


def _nats(value: float) -> str:
    """A figure for people; what is below arithmetic is 0."""
    return rounded(value) if abs(value) >= NOTHING else "0"


def curves_of(rows: Sequence[Row]) -> list[Curve]:
    """A curve for each form, model and side."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["form"], row["model"], row["data"]), []).append(row)
    return [
        Curve(
            f"{_NAMES[model, data]}{'' if form == 'path' else ', likelihood'}",
            tuple(row["noise_level"] for row in some),
            tuple(Interval(row["nats"], row["low"], row["high"]) for row in some),
            _PLACES[model, data],
        )
        for (form, model, data), some in found.items()
    ]


_NAMES = {
    ("model", TRAINING): "model, training images",
    ("model", CONTROL): "model, control",
    ("twin", TRAINING): "twin, the same training images",
    ("ideal", TRAINING): "ideal denoiser, training images",
    ("ideal", CONTROL): "ideal denoiser, control",
}
_PLACES = {
    ("model", TRAINING): 0,
    ("twin", TRAINING): 1,
    ("ideal", CONTROL): 2,
    ("ideal", TRAINING): 3,
    ("model", CONTROL): 6,
}
