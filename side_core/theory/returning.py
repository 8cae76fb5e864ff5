"""The return curve: how far can a picture be noised and still come back? (ours)

A picture is noised to a timestep and denoised; it has come back where the result is nearer to it than to any other
picture of its set, by half. The share over some draws, against the timestep, for training images and for control.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from side_core.dpm.denoiser import Denoiser
from side_core.files.parts import named
from side_core.sampling.completed import clip_of
from side_core.sampling.sampler import sample
from side_core.sampling.schedule import make_schedule
from side_core.settings import SamplingSettings
from side_core.settings.theory import TheorySettings
from side_core.stats.bootstrap import FEW, Interval, mean_interval
from side_core.stats.rate import rate
from side_core.theory.chart import Curve, curves_chart
from side_core.theory.experiment import Measurement, Row
from side_core.theory.levels import levels_of
from side_core.theory.path import noised_rows
from side_core.theory.sides import CONTROL, TRAINING, Side

_SHARES = (0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)  # of all timesteps
HALF = 0.5  # of the distance to the next picture
_DRAW = 1_000_003  # between the seeds of two draws


class Return:
    """The experiment; see `Experiment`.

    Args:
        settings: what was asked for.
        denoiser: the model.
        sides: training images and control.
        condition: what the model is asked for.
    """

    shipped = None  # measurements that come with the app
    columns = ("timestep", "noise_level", "data", "share", "low", "high", "images", "draws")

    def __init__(
        self, settings: TheorySettings, denoiser: Denoiser, sides: Sequence[Side], condition: Tensor | None = None
    ):
        self.settings, self.denoiser, self.sides, self.condition = settings, denoiser, tuple(sides), condition
        self.known = levels_of(denoiser.alphas_cumprod)
        total = len(self.known)
        self.timesteps = tuple(
            t for t in dict.fromkeys(round(share * total) for share in _SHARES) if settings.steps <= t < total
        )
        if not self.timesteps:
            raise ValueError(
                f"{settings.steps} steps do not fit into the model's {total} timesteps: take fewer than {total // 2}."
            )
        self.measurements = tuple(
            Measurement(
                self._name(side, t),
                f"Noised to timestep {t}, {side.name} images",
                settings.draws * settings.steps,
                settings.draws * len(side.rows) * len(side.images),
                settings.draws * settings.steps,
                partial(self._measure, side, t),
            )
            for t in self.timesteps
            for side in self.sides
        )

    def _name(self, side: Side, timestep: int) -> str:
        """Names a measurement."""
        said = self.settings.model_dump(include={"seed", "draws", "steps", "prompt"})
        denoiser = self.denoiser
        of = denoiser.fingerprint, denoiser.arithmetic, side.images.fingerprint, side.rows
        return named("return", *of, sorted(said.items()), timestep)

    def _measure(self, side: Side, timestep: int) -> Generator[None, None, Mapping[str, Any]]:
        """The share of draws in which each image came back."""
        settings, back = self.settings, torch.zeros(len(side.rows))
        for draw in range(settings.draws):
            seed = settings.seed + draw * _DRAW
            back += (yield from brought_back(side, timestep, settings.steps, seed, self.condition)).back
        return {"shares": (back / settings.draws).tolist()}

    def rows(self, parts: Mapping[str, Mapping[str, Any]]) -> list[Row]:
        """A row for each timestep and side that is finished."""
        return [
            self._row(side, timestep, np.array(part["shares"]))
            for side in self.sides
            for timestep in self.timesteps
            if (part := parts.get(self._name(side, timestep))) is not None
        ]

    def _row(self, side: Side, timestep: int, shares: np.ndarray) -> Row:
        """One row of the table."""
        found = share_interval(shares, self.settings.draws)
        return {
            "timestep": timestep,
            "noise_level": float(self.known[timestep]),
            "data": side.name,
            "share": found.value,
            "low": found.low,
            "high": found.high,
            "images": len(shares),
            "draws": self.settings.draws,
        }

    def headline(self, rows: Sequence[Row]) -> str:
        """Where both sides differ most."""
        pair = widest_pair(rows)
        if pair is None:
            return "return curve"
        own, control = pair
        return (
            f"noised to timestep {own['timestep']}, {share_in_words(own)} of {own['images']} training images come "
            f"back; control {share_in_words(control)}"
        )

    def lines(self, rows: Sequence[Row]) -> list[str]:
        """One for each row."""
        return [
            f"timestep {row['timestep']}, {row['data']}: {share_in_words(row)} of {row['images']} images, "
            f"{row['draws']} draws each"
            for row in rows
        ]

    def remarks(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """It says nothing of which of them are drawn by themselves."""
        return (
            "That a picture comes back says that the model knows it better than pictures it never saw, not that it "
            "draws it by itself.",
        )

    def chart(self, rows: Sequence[Row]) -> np.ndarray:
        """The share that came back by timestep."""
        return curves_chart(return_curves(rows), "noised to timestep", "share that comes back")


@dataclass(frozen=True, eq=False)
class BroughtBack:
    """Pictures in noise, and what a model makes of them.

    Attributes:
        noisy: (n, C, H, W) in the order of `Side.rows`.
        found: (n, C, H, W) denoised.
        back: (n,) 1 where it is the same picture; see `came_back`.
    """

    noisy: Tensor
    found: Tensor
    back: Tensor


@torch.no_grad()
def brought_back(
    side: Side, timestep: int, steps: int, seed: int, condition: Tensor | None = None
) -> Generator[None, None, BroughtBack]:
    """Noise the pictures of a side to a timestep and denoise them, handing out each step.

    Args:
        side: whose rows, by whose model.
        timestep: that they are noised to.
        steps: of denoising.
        seed: of the noise.
        condition: what the model is asked for.
    """
    denoiser, alphas = side.denoiser, side.denoiser.alphas_cumprod
    level = float(levels_of(alphas)[timestep])
    noisy = float(alphas[timestep]) ** 0.5 * noised_rows(side.clean, side.rows, level, timestep, seed)
    schedule, clip = make_schedule(alphas, steps, "linspace", first=timestep), clip_of(SamplingSettings(), denoiser)
    for step in sample(denoiser, schedule, range(len(noisy)), clip=clip, condition=condition, start=noisy):
        end = step.x
        yield
    return BroughtBack(noisy, end, came_back(end.cpu().flatten(1), side))


def came_back(found: Tensor, side: Side) -> Tensor:
    """(n,) 1 where an image is nearer to its own row than half the distance to any other row of its set.

    Args:
        found: (n, d) what came out, in the order of `side.rows`.
        side: the set.
    """
    distances = torch.cdist(found, side.set_at.rows, compute_mode="donot_use_mm_for_euclid_dist")
    places = torch.tensor(side.rows)[:, None]
    own = distances.gather(1, places).squeeze(1)
    others = distances.scatter(1, places, torch.inf).amin(1)
    return (own < HALF * others).float()


def share_interval(shares: np.ndarray, draws: int) -> Interval:
    """Mean of (n,) shares over so many draws each, with an interval over images; Wilson's of n where few came back."""
    found, times = mean_interval(shares), shares.sum() * draws
    if min(times, draws * len(shares) - times) >= FEW:
        return found
    bounds = rate(round(float(shares.sum())), len(shares))
    return Interval(found.value, min(found.low, bounds.low), max(found.high, bounds.high))


def share_in_words(row: Row) -> str:
    """A share with its interval, in percent."""
    return f"{100 * row['share']:.0f} % ({100 * row['low']:.0f} to {100 * row['high']:.0f} %)"


def widest_pair(rows: Sequence[Row]) -> tuple[Row, Row] | None:
    """Training images and control at the timestep where they differ most."""
    at = {(row["timestep"], row["data"]): row for row in rows}
    both = [(at[t, TRAINING], at[t, CONTROL]) for t, side in at if side == TRAINING and (t, CONTROL) in at]
    return max(both, key=lambda pair: pair[0]["share"] - pair[1]["share"], default=None)


def return_curves(rows: Sequence[Row]) -> list[Curve]:
    """A curve for each side."""
    found = []
    for side, place in ((TRAINING, 0), (CONTROL, 6)):
        some = [row for row in rows if row["data"] == side]
        if some:
            figures = tuple(Interval(row["share"], row["low"], row["high"]) for row in some)
            name = "training images" if side == TRAINING else "control"
            found.append(Curve(name, tuple(float(row["timestep"]) for row in some), figures, place))
    return found
