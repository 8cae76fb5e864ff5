"""Labels: how much nearer a model comes to a part of its training set when it is told which part that is.

For disjoint parts D_i of the training set, M(D_i; p_i) - M(D_i; p) -> -KL(p_i || p) <= 0 (SIDE, arXiv 2410.02467,
theorem 1): labels that say something help, random ones do not. p_i is the model told by a surrogate, by Bayes' rule:
grad log p_t(x | c) = grad log p_t(x) + grad log p_t(c | x), which is lambda = 1; other lambda belong to no density. The
gain M(D_i; p) - M(D_i; p_i) is measured in the path form, and exactly for the ideal denoisers of set and part.
"""

from collections.abc import Generator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from side_core.dpm.denoiser import Denoiser
from side_core.files.parts import named
from side_core.settings.theory import TheorySettings
from side_core.stats.bootstrap import Interval, mean_intervals
from side_core.surrogate.classifier import probabilities
from side_core.surrogate.steering import Steering
from side_core.theory.chart import Curve, curves_chart
from side_core.theory.experiment import Measurement, Row, unbroken
from side_core.theory.levels import highest_of, levels_of, timesteps_between
from side_core.theory.path import noised_rows, path_integral
from side_core.theory.sides import Side
from side_core.theory.smoothed import Smoothed
from side_core.wording import rounded

LOWEST = 0.1  # noise level of the curve
_CURVE = 16  # intervals of it: parts of a set differ up to higher levels than sets do
_CHUNK = 256  # images that are labelled at once
_DEARER = 2.0  # evaluations that one with a surrogate's gradient costs


class Labelled:
    """The training images under the labels of a surrogate.

    Args:
        name: of the surrogate.
        steering: ready for the model.
        side: the training images.
        seed: of random labels.
    """

    def __init__(self, name: str, steering: Steering, side: Side, seed: int):
        self.name, self.steering, self.side, self.seed = name, steering, side, seed

    @property
    def is_random(self) -> bool:
        """Whether its labels have nothing to do with the picture."""
        return self.steering.surrogate.card.get("settings", {}).get("label_source") == "random"

    @cached_property
    def labels(self) -> Tensor:
        """(N,) of every training image: the likeliest of its clean picture; where labels are random, a random one."""
        if self.is_random:
            random = torch.Generator().manual_seed(self.seed)
            return torch.randint(len(self.steering.surrogate.kept), (len(self.side.images),), generator=random)
        clean = self.side.set_at.rows.view(-1, *self.side.denoiser.shape)
        device, timesteps = self.side.denoiser.device, self.steering.timesteps
        found = [
            probabilities(self.steering.network, part.to(device), 0, timesteps).argmax(1).cpu()
            for part in clean.split(_CHUNK)
        ]
        return torch.cat(found)

    @cached_property
    def parts(self) -> list[Smoothed]:
        """For each image that is looked at, the training images of its label."""
        rows, labels = self.side.set_at.rows, self.labels
        return [Smoothed(rows[labels == labels[row]]) for row in self.side.rows]


class Labels:
    """The experiment; see `Experiment`.

    Args:
        settings: what was asked for.
        denoiser: the model.
        side: its training images.
        steerings: of each surrogate by its name.
    """

    shipped = None
    columns = (
        "noise_level",
        "surrogate",
        "gain",
        "low",
        "high",
        "exact",
        "exact_low",
        "exact_high",
        "images",
        "labels",
    )

    def __init__(self, settings: TheorySettings, denoiser: Denoiser, side: Side, steerings: Mapping[str, Steering]):
        self.settings, self.denoiser, self.side = settings, denoiser, side
        self.labelled = tuple(Labelled(name, steering, side, settings.seed) for name, steering in steerings.items())
        self.known = levels_of(denoiser.alphas_cumprod)
        self.timesteps = timesteps_between(denoiser, LOWEST, highest_of(denoiser), _CURVE)
        self.measurements = tuple(
            Measurement(
                self._name(labelled, timestep),
                f"Labels of {labelled.name} at noise level {self.known[timestep]:.3g}",
                _DEARER,
                len(side.rows) * len(side.images),
                1,
                partial(self._measure, labelled, timestep),
            )
            for labelled in self.labelled
            for timestep in reversed(self.timesteps)
        )

    def _name(self, labelled: Labelled, timestep: int) -> str:
        """Names a measurement."""
        of = self.denoiser.fingerprint, self.denoiser.arithmetic, self.side.images.fingerprint, self.side.rows
        return named("labels", *of, labelled.steering.surrogate.fingerprint, self.settings.seed, timestep)

    @torch.no_grad()
    def _measure(self, labelled: Labelled, timestep: int) -> Generator[None, None, Mapping[str, Any]]:
        """Each image against its part: of the model, of the model that is told, and what the parts themselves say."""
        level, alpha = float(self.known[timestep]), float(self.denoiser.alphas_cumprod[timestep])
        noisy = noised_rows(self.side.clean, self.side.rows, level, timestep, self.settings.seed)
        x = (alpha**0.5 * noisy).to(self.denoiser.device)
        plain = self.denoiser.predict_noise(x, timestep)
        labels = labelled.labels[list(self.side.rows)]
        told = plain - (1 - alpha) ** 0.5 * labelled.steering.log_gradient(x, timestep, labels)
        flat, found = noisy.flatten(1), {}
        ideal = torch.cat([part.noise(flat[i : i + 1], level) for i, part in enumerate(labelled.parts)])
        for name, noise in (("plain", plain), ("told", told)):
            found[name] = (noise.cpu().flatten(1) - ideal).double().square().sum(1).tolist()
        own = torch.cat([part.log_density(flat[i : i + 1], level) for i, part in enumerate(labelled.parts)])
        found["exact"] = (own - self.side.set_at.log_density(flat, level)).tolist()
        yield
        return found

    def rows(self, parts: Mapping[str, Mapping[str, Any]]) -> list[Row]:
        """A row for each surrogate and noise level, from the noisiest down, as far as there is no gap."""
        return [row for labelled in self.labelled for row in self._rows_of(labelled, parts)]

    def _rows_of(self, labelled: Labelled, parts: Mapping[str, Mapping[str, Any]]) -> list[Row]:
        """Those of a surrogate, the least noise first."""
        known = unbroken([self._name(labelled, timestep) for timestep in reversed(self.timesteps)], parts)[::-1]
        if len(known) < 2:
            return []
        at = self.timesteps[-len(known) :]
        plain, told = (
            path_integral(self.known[list(at)], np.array([part[name] for part in known])) for name in ("plain", "told")
        )
        gains = mean_intervals((plain - told)[:-1])
        exact = mean_intervals(np.array([part["exact"] for part in known[:-1]]))
        count = len(labelled.labels[list(self.side.rows)].unique())
        return [
            {
                "noise_level": float(self.known[timestep]),
                "surrogate": labelled.name,
                "gain": gain.value,
                "low": gain.low,
                "high": gain.high,
                "exact": ideal.value,
                "exact_low": ideal.low,
                "exact_high": ideal.high,
                "images": len(self.side.rows),
                "labels": count,
            }
            for timestep, gain, ideal in zip(at[:-1], gains, exact, strict=True)
        ]

    def headline(self, rows: Sequence[Row]) -> str:
        """The largest gain over all noise levels of each label set."""
        return "; ".join(f"{row['surrogate']} {gain_in_words(row)}" for row in largest_gains(rows)) or "labels"

    def lines(self, rows: Sequence[Row]) -> list[str]:
        """One for each label set: the whole path; the table has every noise level."""
        return [
            f"{row['surrogate']}, from noise {row['noise_level']:.2g} on: gain {gain_in_words(row)} of {row['images']} "
            f"images under {row['labels']} labels; of the ideal denoisers {_between(row, 'exact')}"
            for row in largest_gains(rows)
        ]

    def remarks(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """What the figures do not say."""
        return (
            "lambda is 1, which is Bayes' rule: with another one the steered model belongs to no density, and has no "
            "divergence.",
            "A gain below 0 is that of a surrogate whose gradient misleads: the theorem is of the true p(c | x).",
            "Random labels help the ideal denoiser, too, where few images share one: at finite N they name them (Gu et "
            "al. 2023).",
        )

    def chart(self, rows: Sequence[Row]) -> np.ndarray:
        """Gain by noise level."""
        return curves_chart(gain_curves(rows), "noise level", "gain in nats", log_x=True)


def gain_in_words(row: Row) -> str:
    """A gain with its interval."""
    return f"{rounded(row['gain'])} nats ({rounded(row['low'])} to {rounded(row['high'])})"


def _between(row: Row, name: str) -> str:
    """A figure with its interval."""
    return f"{rounded(row[name])} ({rounded(row[f'{name}_low'])} to {rounded(row[f'{name}_high'])})"


def largest_gains(rows: Sequence[Row]) -> list[Row]:
    """Of each label set the row of the least noise: the whole path."""
    found: dict[str, Row] = {}
    for row in rows:
        if row["surrogate"] not in found or row["noise_level"] < found[row["surrogate"]]["noise_level"]:
            found[row["surrogate"]] = row
    return list(found.values())


def gain_curves(rows: Sequence[Row]) -> list[Curve]:
    """A curve for each label set."""
    names = list(dict.fromkeys(row["surrogate"] for row in rows))
    return [
        Curve(
            name,
            tuple(row["noise_level"] for row in rows if row["surrogate"] == name),
            tuple(Interval(row["gain"], row["low"], row["high"]) for row in rows if row["surrogate"] == name),
            place,
        )
        for place, name in enumerate(names)
    ]
