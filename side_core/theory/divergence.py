"""Memorisation divergence: KL from the blurred training set to the model, beside the control, a twin and the ideal.

M(D; p, s0) = KL(q_s0 || p_s0) (SIDE, arXiv 2406.12752, definition 1): the smaller, the more is memorised.
"""

from collections.abc import Container, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

from side_core.dpm.denoiser import Denoiser
from side_core.dpm.differentiable import need_gradients
from side_core.dpm.ideal import IdealDenoiser
from side_core.files.parts import named
from side_core.settings.theory import TheorySettings
from side_core.stats.bootstrap import Interval, mean_interval, mean_intervals
from side_core.theory.chart import curves_chart
from side_core.theory.experiment import Measurement, Row, unbroken
from side_core.theory.levels import (
    check_levels,
    curve_from,
    halved,
    highest_of,
    levels_of,
    nearest_timestep,
    timesteps_between,
)
from side_core.theory.likelihood import extrapolated
from side_core.theory.nats import TOLD_AT, curves_of, nats_in_words, pair_at, some_of
from side_core.theory.path import halving_errors, mismatch, noised_rows, path_integral
from side_core.theory.sides import Side
from side_core.theory.smoothed import Smoothed

LOWEST = 0.05  # noise level of the curve
_BATCH = 16  # images whose likelihood is measured at once, and kept
_BACKWARD = 3.0  # evaluations that one with a vector-Jacobian product costs
_SAFE = 60.0  # what an extrapolated figure's error is below, as a part of the halving error
_ENOUGH = 0.02  # of the figure: a halving error above it asks for more steps


@dataclass(frozen=True, eq=False)
class Judged:
    """A model whose divergence from a side is measured.

    Attributes:
        who: `model`, `twin` or `ideal`.
        denoiser: the model.
        side: of the images.
    """

    who: str
    denoiser: Denoiser
    side: Side

    @property
    def is_ideal(self) -> bool:
        """Whether all of it is known in closed form."""
        return isinstance(self.denoiser, IdealDenoiser)

    @property
    def pairs(self) -> int:
        """Comparisons at one noise level: each image with its set, and where the model is a set, too, with that."""
        known = len(self.denoiser.images) if isinstance(self.denoiser, IdealDenoiser) else 0
        return len(self.side.rows) * (len(self.side.images) + known)


class Divergence:
    """The experiment; see `Experiment`.

    Args:
        settings: what was asked for.
        judged: models and sides; the first is the model on its training images, the second the model on the control.
        condition: what the model is asked for.

    Raises:
        ValueError: noise levels outside the model's, or a likelihood of what has no gradients.
    """

    shipped = None  # measurements that come with the app
    columns = ("form", "noise_level", "model", "data", "nats", "low", "high", "images", "halving_error", "bits")

    def __init__(self, settings: TheorySettings, judged: Sequence[Judged], condition: Tensor | None = None):
        self.settings, self.judged, self.condition = settings, tuple(judged), condition
        denoiser = judged[0].denoiser
        self.known, self.dimension = levels_of(denoiser.alphas_cumprod), int(np.prod(denoiser.shape))
        asked = settings.levels
        if asked is not None:
            check_levels(denoiser, asked)
        self.asked = None if asked is None else tuple(nearest_timestep(denoiser, level) for level in asked)
        lowest = max(LOWEST, float(self.known[0])) if asked is None else min(asked)
        self.path_at = tuple(sorted({*curve_from(denoiser, lowest), *(self.asked or ())}))
        self.likelihood_at = self.asked or (nearest_timestep(denoiser, TOLD_AT),)
        self.grids = {t: self._grids(denoiser, t) for t in self.likelihood_at} if self.by_likelihood else {}
        self.answering = self._measurements_of(self.judged[:2])
        self.measurements = (*self.answering, *self._measurements_of(self.judged[2:]))

    @property
    def by_path(self) -> bool:
        """Whether the path form is asked for."""
        return self.settings.form != "likelihood"

    @property
    def by_likelihood(self) -> bool:
        """Whether the likelihood form is."""
        return self.settings.form != "path"

    def _grids(self, denoiser: Denoiser, timestep: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The coarse and the fine grid of the ODE from a timestep on."""
        lowest, highest = float(self.known[timestep]), highest_of(denoiser)
        coarse = timesteps_between(denoiser, lowest, highest, self.settings.ode_steps)
        return coarse, halved(denoiser, coarse)

    def is_answered(self, parts: Container[str]) -> bool:
        """Whether all is there that the answer rests on: model and control; twin and ideal denoiser come after them."""
        return all(item.name in parts for item in self.answering)

    def _measurements_of(self, group: Sequence[Judged]) -> tuple[Measurement, ...]:
        """In all forms that are asked for."""
        found = []
        if self.by_path:
            found += [self._path_measurement(judged, t) for t in reversed(self.path_at) for judged in group]
        for judged in group if self.by_likelihood else ():
            found += self._likelihood_measurements(judged)
        return tuple(found)

    def _path_measurement(self, judged: Judged, timestep: int) -> Measurement:
        """Of a model, a side and a noise level; from the noisiest down, so that the curve fills in as it comes."""
        return Measurement(
            self._path_name(judged, timestep),
            f"{_in_words(judged)} at noise level {self.known[timestep]:.3g}",
            0.0 if judged.is_ideal else 1.0,
            judged.pairs,
            1,
            partial(self._measure_path, judged, timestep),
        )

    def _path_name(self, judged: Judged, timestep: int) -> str:
        """Names a measurement of the path form."""
        return named("path", *self._depends(judged), judged.side.rows, timestep)

    def _depends(self, judged: Judged) -> tuple[object, ...]:
        """What every measurement depends on."""
        denoiser = judged.denoiser
        of = denoiser.fingerprint, denoiser.arithmetic, judged.side.images.fingerprint
        return *of, self.settings.seed, self.settings.prompt

    def _measure_path(self, judged: Judged, timestep: int) -> Generator[None, None, Mapping[str, Any]]:
        """The mismatch of each image."""
        side, level = judged.side, float(self.known[timestep])
        noisy = noised_rows(side.clean, side.rows, level, timestep, self.settings.seed)
        ideal = side.set_at.noise(noisy.flatten(1), level)
        squares = mismatch(judged.denoiser, ideal, noisy, timestep, self.condition)
        yield
        return {"squares": squares.tolist()}

    def _likelihood_measurements(self, judged: Judged) -> Iterator[Measurement]:
        """For each noise level and few images; a model whose density is known in closed form needs no ODE."""
        if not judged.is_ideal:
            need_gradients(judged.denoiser, judged.who)
        count = len(judged.side.rows)
        for timestep in self.likelihood_at:
            evaluations = 0 if judged.is_ideal else 2 * sum(len(grid) - 1 for grid in self.grids[timestep])
            for start in range(0, count, _BATCH):
                places = range(start, min(start + _BATCH, count))
                yield Measurement(
                    self._likelihood_name(judged, timestep, places),
                    f"{_in_words(judged)}, likelihood of images {places[0] + 1} to {places[-1] + 1}",
                    _BACKWARD * evaluations * len(places) / count,
                    judged.pairs * len(places) // count,
                    1 + evaluations,
                    partial(self._measure_likelihood, judged, timestep, places),
                )

    def _likelihood_name(self, judged: Judged, timestep: int, places: Sequence[int]) -> str:
        """Names a measurement of the likelihood form."""
        rows = [judged.side.rows[place] for place in places]
        return named("likelihood", *self._depends(judged), rows, timestep, self.settings.ode_steps)

    def _measure_likelihood(
        self, judged: Judged, timestep: int, places: Sequence[int]
    ) -> Generator[None, None, Mapping[str, Any]]:
        """log q - log p of some images, and what halving the steps changed."""
        side, level, denoiser = judged.side, float(self.known[timestep]), judged.denoiser
        rows = [side.rows[place] for place in places]
        noisy = noised_rows(side.clean[list(places)], rows, level, timestep, self.settings.seed)
        expected = side.set_at.log_density(noisy.flatten(1), level)
        yield
        if isinstance(denoiser, IdealDenoiser):
            own = Smoothed(denoiser.images).log_density(noisy.flatten(1), level)
            return {"nats": (expected - own).tolist(), "halving": [0.0] * len(rows)}
        spread = float(side.set_at.rows.square().mean())
        model = need_gradients(denoiser, judged.who)
        asked = self.grids[timestep], noisy, spread, self.settings.seed + rows[0], self.condition
        found = yield from extrapolated(model, *asked)
        return {"nats": (expected - found.nats).tolist(), "halving": found.halving.tolist()}

    def rows(self, parts: Mapping[str, Mapping[str, Any]]) -> list[Row]:
        """A row for each form, level, model and side that is finished."""
        found = []
        for judged in self.judged:
            found += self._path_rows(judged, parts) + self._likelihood_rows(judged, parts)
        return found

    def _path_rows(self, judged: Judged, parts: Mapping[str, Mapping[str, Any]]) -> list[Row]:
        """From the noisiest level down, as far as there is no gap."""
        names = [self._path_name(judged, timestep) for timestep in reversed(self.path_at)]
        squares = [part["squares"] for part in unbroken(names, parts)][::-1] if self.by_path else []
        at = self.path_at[-len(squares) :]
        shown = [place for place, t in enumerate(at[:-1]) if self.asked is None or t in self.asked]
        if not squares or not shown:
            return []
        grid = self.known[list(at)], np.array(squares)
        means, errors = mean_intervals(path_integral(*grid)[shown]), halving_errors(*grid)[shown]
        return [self._row("path", judged, at[k], *both) for k, *both in zip(shown, means, errors, strict=True)]

    def _likelihood_rows(self, judged: Judged, parts: Mapping[str, Mapping[str, Any]]) -> list[Row]:
        """A level as soon as all of its images are measured."""
        found, count = [], len(judged.side.rows)
        for timestep in self.likelihood_at if self.by_likelihood else ():
            names = [
                self._likelihood_name(judged, timestep, range(start, min(start + _BATCH, count)))
                for start in range(0, count, _BATCH)
            ]
            if all(name in parts for name in names):
                nats, halving = (np.concatenate([parts[n][key] for n in names]) for key in ("nats", "halving"))
                mean = mean_interval(nats)
                found.append(self._row("likelihood", judged, timestep, mean, abs(float(halving.mean()))))
        return found

    def _row(self, form: str, judged: Judged, timestep: int, mean: Interval, halving: float) -> Row:
        """One row of the table."""
        return {
            "form": form,
            "noise_level": float(self.known[timestep]),
            "model": judged.who,
            "data": judged.side.name,
            "nats": mean.value,
            "low": mean.low,
            "high": mean.high,
            "images": len(judged.side.rows),
            "halving_error": float(halving),
            "bits": mean.value / (self.dimension * float(np.log(2))),
        }

    def headline(self, rows: Sequence[Row]) -> str:
        """The model on its training images beside the control, at one level."""
        pair = pair_at(rows)
        if pair is None:
            return "memorisation divergence"
        own, control = pair
        return (
            f"memorisation divergence at noise {own['noise_level']:.2g} ({own['form']}): {nats_in_words(own)} from "
            f"{own['images']} training images; control {nats_in_words(control)}"
        )

    def lines(self, rows: Sequence[Row]) -> list[str]:
        """One for each row; of a whole curve, some of it: the table has all."""
        return [
            f"{row['form']}, noise {row['noise_level']:.3g}, {row['model']} on {row['data']}: {nats_in_words(row)} "
            f"of {row['images']} images ({row['bits']:.3g} bits a dimension)"
            f", halving the steps changed {row['halving_error']:.2g}"
            for row in (some_of(rows) if self.asked is None else rows)
        ]

    def remarks(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Where the ODE had too few steps."""
        coarse = [
            row
            for row in rows
            if row["form"] == "likelihood" and _error_after(row) > _ENOUGH * max(abs(row["nats"]), 1.0)
        ]
        found = []
        if any(row["nats"] < 0 for row in rows):
            found.append(
                "A divergence below 0 cannot be: the ODE had too few steps for it. Double them, to "
                f"{2 * self.settings.ode_steps}, until the halving error is small."
            )
        if coarse:
            worst = max(_error_after(row) for row in coarse)
            found.append(
                f"Too few steps of the ODE: about {worst:.2g} nats may be missing. Take {2 * self.settings.ode_steps}."
            )
        return tuple(found)

    def chart(self, rows: Sequence[Row]) -> np.ndarray:
        """Nats by noise level, one curve for each model and side."""
        return curves_chart(curves_of(rows), "noise level", "nats", log_x=True, log_y=True)


def _error_after(row: Row) -> float:
    """What may be left of the error once two grids are extrapolated.

    Of pixel-faces the extrapolated figure changed by less than a four-hundredth of the halving error when all steps
    were doubled again (20 and 40 against 40 and 80: 51.5 nats both, halving error 44); a sixtieth is on the safe side.
    """
    return float(row["halving_error"]) / _SAFE


def _in_words(judged: Judged) -> str:
    """Who is measured on what."""
    return f"The {judged.who} on {judged.side.name} images"
