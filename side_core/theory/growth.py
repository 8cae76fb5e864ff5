"""Growth: models trained alike on ever more images. When does copying turn into inventing?

For each model: the share of its pictures that are copies (d1/d2 < 1/3 against its own training images, and against as
many that it never saw), how far it is from both (path form), and how alike the pictures are that it and its twin,
trained on other images, draw from the same noise (Kadkhodaie et al. 2024): copies of two different sets, or the same
new picture.
"""

import math
from collections.abc import Generator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from side_core.dpm.denoiser import Denoiser
from side_core.dpm.folder import open_denoiser
from side_core.extraction.matching import match
from side_core.extraction.subject import open_subject, references_of
from side_core.files.assets import GROWTH_FIGURES
from side_core.files.parts import FolderParts, PartStore, named
from side_core.progress import finish, mapped
from side_core.sampling.completed import completed
from side_core.sampling.missing import SampleSet, draw_missing, images_of
from side_core.sampling.store import MemoryStore, SampleStore
from side_core.settings import ExtractSettings, MatchSettings, SamplingSettings
from side_core.settings.theory import TheorySettings
from side_core.stats.bootstrap import Interval, mean_interval
from side_core.stats.rate import rate
from side_core.theory.chart import Curve, curves_chart
from side_core.theory.experiment import Measurement, Row
from side_core.theory.family import Member
from side_core.theory.levels import HIGHEST, levels_of, timesteps_between
from side_core.theory.path import mismatch, noised_rows, path_integral
from side_core.theory.sides import sides_of

STEPS = 25  # of drawing a picture
LEVEL = 0.1  # noise level at which the divergence is told
COPY = 1 / 3  # of d1/d2, below which a picture counts as a copy
_MOSTLY = 0.9  # share of copies up to which a model does nothing but copy (Gu et al. 2023)
_CURVE = 20  # intervals of the path
_BATCH = 64  # pictures drawn at once


class Growth:
    """The experiment; see `Experiment`.

    Args:
        settings: what was asked for.
        family: its models, by size.
    """

    columns = (
        *("size", "steps", "images", "copied", "copied_low", "copied_high"),
        *("control_copied", "control_copied_low", "control_copied_high"),
        *("agreement", "agreement_low", "agreement_high", "chance", "chance_low", "chance_high"),
        *("nats", "nats_low", "nats_high", "control_nats", "control_nats_low", "control_nats_high", "measured"),
    )

    def __init__(self, settings: TheorySettings, family: Sequence[Member]):
        self.settings, self.family = settings, tuple(family)
        batches = math.ceil(settings.count / _BATCH)
        self.names = {member: self._named(member) for member in self.family}
        self.measurements = tuple(
            Measurement(
                self.names[member],
                f"{member.size:,} images, step {member.steps:,}",
                batches * STEPS * _BATCH / settings.images * (1 if member.twin is None else 2) + 2 * (_CURVE + 1),
                2 * (_CURVE + 1) * settings.images * member.size,
                batches * STEPS * (1 if member.twin is None else 2) + 2 * (_CURVE + 1),
                partial(self._measure, member),
            )
            for member in self.family
        )

    @property
    def shipped(self) -> PartStore | None:
        """What was measured of the shipped family."""
        return FolderParts(GROWTH_FIGURES) if self.settings.family is None else None

    def _named(self, member: Member) -> str:
        """Names what is measured of a model."""
        said = self.settings.model_dump(include={"images", "count", "seed"})
        return named("growth", member.digest, member.data, member.control, sorted(said.items()))

    def _measure(self, member: Member) -> Generator[None, None, Mapping[str, Any]]:
        """Draw with both twins, compare, and measure the divergence of the first."""
        settings = self.settings
        own = yield from _drawing(member.model, settings, MemoryStore())
        found: dict[str, Any] = _counted(member, own)
        if member.twin is not None:
            other = yield from _drawing(member.twin, settings, MemoryStore())
            found["agreement"] = alike(own, other).round(4).tolist()
            found["chance"] = alike(own, np.roll(other, 1, axis=0)).round(4).tolist()
        nats, control = yield from divergence_of(member, settings)
        return found | {"nats": nats.round(3).tolist(), "control_nats": control.round(3).tolist()}

    def rows(self, parts: Mapping[str, Mapping[str, Any]]) -> list[Row]:
        """A row for each model that is measured."""
        return [
            self._row(member, part) for member in self.family if (part := parts.get(self.names[member])) is not None
        ]

    def _row(self, member: Member, part: Mapping[str, Any]) -> Row:
        """One row of the table."""
        row: Row = {"size": member.size, "steps": member.steps, "images": part["images"]}
        for name in ("copied", "control_copied"):
            found = rate(part[name], part["images"])
            row |= {name: found.share, f"{name}_low": found.low, f"{name}_high": found.high}
        for name in ("agreement", "chance", "nats", "control_nats"):
            mean = None if name not in part else mean_interval(np.array(part[name]))
            ends = ("", None), ("_low", None), ("_high", None)
            row |= (
                {f"{name}{end}": value for end, value in ends}
                if mean is None
                else {name: mean.value, f"{name}_low": mean.low, f"{name}_high": mean.high}
            )
        return row | {"measured": len(part["nats"])}

    def headline(self, rows: Sequence[Row]) -> str:
        """Up to which N they only copy, and what the largest does."""
        finals = finals_of(rows)
        if len(finals) < 2:
            return "growth"
        last, copying = finals[-1], effective_memorisation(rows)
        most = "no model copies nine times in ten"
        return (
            f"{most if copying is None else f'nine in ten are copies up to N = {copying:,}'}; "
            f"at N = {last['size']:,} {_share(last, 'copied')} of {last['images']:,} "
            f"(control {_share(last, 'control_copied')}){_agreement(last)}"
        )

    def lines(self, rows: Sequence[Row]) -> list[str]:
        """One for each model."""
        return [
            f"N {row['size']:,}, step {row['steps']:,}: copies {_share(row, 'copied')} of {row['images']:,}, control "
            f"{_share(row, 'control_copied')}; {_figure(row, 'nats', 0)} nats from {row['measured']} of its images, "
            f"control {_figure(row, 'control_nats', 0)}{_agreement(row)}"
            for row in rows
        ]

    def remarks(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """What the figures do not say."""
        return (
            "All were trained for as many steps, so a model on fewer images has seen each of them more often.",
            "That twins agree is measured as the cosine of their pictures, less the mean picture of both.",
        )

    def chart(self, rows: Sequence[Row]) -> np.ndarray:
        """Copies and agreement by N."""
        return curves_chart(share_curves(rows), "training images N", "share, or cosine", log_x=True)


def _drawing(model: str, settings: TheorySettings, store: SampleStore) -> Generator[None, None, np.ndarray]:
    """(n, H, W, 3) uint8 pictures of the settings' seeds, handing out each step."""
    drawn = yield from mapped(drawing_of(model, settings.seed, store, settings.count), lambda _: None)
    images = images_of(drawn)
    return np.stack([images[seed] for seed in sorted(images)])


def drawing_of(model: str, seed: int, store: SampleStore, count: int) -> Generator[Any, None, Any]:
    """What draws so many pictures of a model from a seed on."""
    denoiser = opened(model)
    asked = SamplingSettings(count=count, seed=seed, steps=STEPS, batch_size=_BATCH)
    return draw_missing(SampleSet(denoiser, completed(asked, denoiser)), store)


@lru_cache(4)
def opened(model: str) -> Denoiser:
    """A model of the family in float32, as they are small; two twins follow each other."""
    return open_denoiser(model)


def _counted(member: Member, images: np.ndarray) -> dict[str, Any]:
    """How many pictures are copies, against training images and against as many others."""
    asked = ExtractSettings(model=member.model, data=member.data, control=member.control, steps=1)
    references = finish(references_of(MatchSettings(), open_subject(asked)))
    found = match(images, tuple(map(str, range(len(images)))), references)
    assert found.control is not None  # a family has one
    sides = {"copied": found.compared, "control_copied": found.control}
    return {"images": len(images)} | {name: int((side.scores.ratio < COPY).sum()) for name, side in sides.items()}


def alike(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(n,) cosine of pictures, less the mean picture of both sets.

    Args:
        first: (n, H, W, 3) uint8.
        second: the same.
    """
    flat = [images.reshape(len(images), -1).astype(np.float64) for images in (first, second)]
    mean = np.concatenate(flat).mean(axis=0)
    a, b = flat[0] - mean, flat[1] - mean
    cosines: np.ndarray = (a * b).sum(1) / np.maximum(np.sqrt((a * a).sum(1) * (b * b).sum(1)), 1e-12)
    return cosines


def divergence_of(member: Member, settings: TheorySettings) -> Generator[None, None, tuple[np.ndarray, np.ndarray]]:
    """(n,) and (m,) nats from images of the training set and of the control, path form at noise 0.1."""
    asked = ExtractSettings(model=member.model, data=member.data, control=member.control, steps=1)
    subject = open_subject(asked)
    denoiser, found = subject.denoiser, []
    timesteps = timesteps_between(denoiser, LEVEL, HIGHEST, _CURVE)
    levels = levels_of(denoiser.alphas_cumprod)[list(timesteps)]
    for side in sides_of(settings, subject):
        squares = []
        for level, timestep in zip(levels, timesteps, strict=True):
            noisy = noised_rows(side.clean, side.rows, float(level), timestep, settings.seed)
            ideal = side.set_at.noise(noisy.flatten(1), float(level))
            squares.append(mismatch(denoiser, ideal, noisy, timestep))
            yield
        found.append(path_integral(levels, np.stack(squares))[0])
    return found[0], found[1]


def finals_of(rows: Sequence[Row]) -> list[Row]:
    """The models at the end of their training, by size."""
    most = max((row["steps"] for row in rows), default=0)
    return sorted((row for row in rows if row["steps"] == most), key=lambda row: row["size"])


def effective_memorisation(rows: Sequence[Row]) -> int | None:
    """The largest N whose model draws at least nine copies in ten (Gu et al. 2023); None where no model does."""
    return max((row["size"] for row in finals_of(rows) if row["copied"] >= _MOSTLY), default=None)


def _interval(row: Row, name: str) -> Interval:
    """A figure of a row."""
    return Interval(row[name], row[f"{name}_low"], row[f"{name}_high"])


def _share(row: Row, name: str) -> str:
    """A share with its interval, in percent."""
    found = _interval(row, name)
    return f"{100 * found.value:.1f} % ({100 * found.low:.1f} to {100 * found.high:.1f})"


def _figure(row: Row, name: str, digits: int) -> str:
    """A figure with its interval."""
    found = _interval(row, name)
    return f"{found.value:.{digits}f} ({found.low:.{digits}f} to {found.high:.{digits}f})"


def _agreement(row: Row) -> str:
    """How alike the pictures of twins are; nothing where there is no twin."""
    if row["agreement"] is None:
        return ""
    return f"; twins agree {_figure(row, 'agreement', 2)}, by chance {_figure(row, 'chance', 2)}"


def share_curves(rows: Sequence[Row]) -> list[Curve]:
    """Copies and agreement of the finished models, by N."""
    finals = finals_of(rows)
    named_ = {
        "copied": ("copies", 0),
        "control_copied": ("copies, control", 6),
        "agreement": ("twins agree", 1),
        "chance": ("twins agree, by chance", 4),
    }
    return [_curve_of(finals, name, words, place) for name, (words, place) in named_.items() if finals]


def time_curves(rows: Sequence[Row]) -> list[Curve]:
    """Copies by steps for each image: of models of all sizes at the end, and of one on the way."""
    finals = finals_of(rows)
    sizes = {row["size"] for row in rows if row not in finals}
    found = [_curve_of(sorted(finals, key=_passes), "copied", "all sizes, at the end", 0, _passes)] if finals else []
    for place, size in enumerate(sorted(sizes), 1):
        some = sorted((row for row in rows if row["size"] == size), key=_passes)
        found.append(_curve_of(some, "copied", f"N = {size:,}, on the way", place, _passes))
    return found


def _passes(row: Row) -> float:
    """Steps for each training image."""
    return float(row["steps"] / row["size"])


def _curve_of(rows: Sequence[Row], name: str, words: str, place: int, at: Any = None) -> Curve:
    """A figure of some rows by N, or by something else."""
    known = [row for row in rows if row[name] is not None]
    return Curve(
        words,
        tuple(float(row["size"]) if at is None else at(row) for row in known),
        tuple(_interval(row, name) for row in known),
        place,
    )
