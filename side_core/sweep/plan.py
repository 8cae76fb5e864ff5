"""The plan of a sweep: every cell with its settings and pictures, checked before anything is drawn."""

import hashlib
import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from side_core.dpm.denoiser import Denoiser
from side_core.extraction.references import References
from side_core.extraction.subject import Subject, opening, references_of
from side_core.extraction.summary import set_json
from side_core.files.public import check_limit
from side_core.sampling.completed import completed
from side_core.sampling.drawing import check_label
from side_core.sampling.missing import SampleSet
from side_core.sampling.prompt import check_prompt
from side_core.sampling.sampler import check_noise
from side_core.sampling.schedule import schedule_of
from side_core.settings import EncoderName, ExtractSettings, GuidanceSettings, MatchSettings, SweepSettings, Value
from side_core.settings.sweep import PLAIN
from side_core.similarity.views import View
from side_core.surrogate.folder import load_surrogate
from side_core.surrogate.steering import Steering, make_steering
from side_core.surrogate.strength import strength_of
from side_core.sweep.measure import needs_control


@dataclass(frozen=True, eq=False)
class Shared:
    """What all cells of a sweep use, opened once.

    Attributes:
        subject: the model, its training images and control.
        steerings: the surrogate of each curve that has one, by its name.
        references: encoded training images and control, by encoder.
    """

    subject: Subject
    steerings: Mapping[str, Steering]
    references: Mapping[EncoderName, References]

    @property
    def denoiser(self) -> Denoiser:
        """The model."""
        return self.subject.denoiser


@dataclass(frozen=True, eq=False)
class Place:
    """A cell before it is measured.

    Attributes:
        curve: the surrogate that steers, or `none`.
        values: one for each axis.
        settings: of the extraction, with what the surrogate's card says filled in.
        samples: its pictures.
        plain: the same seeds without the surrogate, where the metric compares with them.
        name: 16 characters that stand for all that the figure depends on.
    """

    curve: str
    values: tuple[Value, ...]
    settings: ExtractSettings
    samples: SampleSet
    plain: SampleSet | None
    name: str

    @property
    def sets(self) -> tuple[SampleSet, ...]:
        """What must be drawn for it."""
        return (self.samples,) if self.plain is None else (self.samples, self.plain)


@dataclass(frozen=True, eq=False)
class Plan:
    """All cells of a sweep.

    Attributes:
        settings: what was asked for.
        shared: what all cells use.
        places: the cells, curve by curve, the first axis slowest.
        left_out: a sentence for each combination of values that cannot be drawn.
    """

    settings: SweepSettings
    shared: Shared
    places: tuple[Place, ...]
    left_out: tuple[str, ...]

    @property
    def sets(self) -> tuple[SampleSet, ...]:
        """All that must be drawn, each once."""
        return tuple({samples.name: samples for place in self.places for samples in place.sets}.values())

    @property
    def in_order_of_work(self) -> tuple[Place, ...]:
        """Cells of the same pictures follow each other, so that these are matched once."""
        first = {samples.name: number for number, samples in enumerate(self.sets)}
        return tuple(sorted(self.places, key=lambda place: first[place.samples.name]))

    def about(self) -> dict[str, Any]:
        """Which model, images and surrogates the cells are of, as JSON has it."""
        shared, subject, denoiser = self.shared, self.shared.subject, self.shared.denoiser
        references = next(iter(shared.references.values()))
        return {
            "settings": self.settings.model_dump(mode="json"),
            "model": {"name": self.settings.model, "fingerprint": denoiser.fingerprint},
            "arithmetic": str(denoiser.arithmetic),
            "device": str(denoiser.device),
            "surrogates": {name: steering.surrogate.fingerprint for name, steering in shared.steerings.items()},
            "encoders": {
                name: {"description": known.encoder.description, "fingerprint": known.encoder.fingerprint}
                for name, known in shared.references.items()
            },
            "data": set_json(subject.data, references.training, references.compared),
            "control": None if subject.control is None else set_json(subject.control, references.control),
        }


def sharing(
    settings: SweepSettings, device: str | None = None, recorded: str | None = None
) -> Generator[Any, None, Shared]:
    """Open what all cells use, handing out the progress.

    Args:
        settings: of the sweep.
        device: left out: the best there is.
        recorded: text of the arithmetic that it was begun in, see `open_denoiser`.

    Raises:
        ValueError: something cannot be opened, or does not go together.
    """
    surrogates = {curve: load_surrogate(curve) for curve in settings.curves if curve != PLAIN}
    common = settings.model_dump(include={"model", "mode", "data", "control"})
    subject = yield from opening(ExtractSettings(**common, steps=1), device, recorded)
    steerings = {
        name: make_steering(surrogate, subject.denoiser, GuidanceSettings(), None, settings.foreign_surrogate)
        for name, surrogate in surrogates.items()
    }
    references = {}
    for asked in compared_by(settings):
        references[asked.encoder] = yield from references_of(asked, subject, device)
    return Shared(subject, steerings, references)


def compared_by(settings: SweepSettings) -> tuple[MatchSettings, ...]:
    """What must be encoded: one for each encoder, with the most demanding of the scores."""
    swept = {axis.name: axis.values for axis in settings.axes}
    scores = swept.get("score", (settings.score,))
    rates = swept.get("control_rate", (settings.control_rate,))
    common = settings.model_dump(include=set(MatchSettings.model_fields) - {"threshold"})
    common |= {"score": "cosine" if "cosine" in scores else scores[0], "control_rate": rates[0]}
    encoders = swept.get("encoder", (settings.encoder,))
    return tuple(MatchSettings.read(common | {"encoder": encoder}) for encoder in encoders)


def make_plan(settings: SweepSettings, shared: Shared) -> Plan:
    """Lay out the cells and check each of them.

    Values that do not go together, such as a window of guidance that ends before it begins, are left out of a grid.

    Raises:
        ValueError: nothing can be drawn with one of the values, the metric cannot be had, or a public app does not
            allow as much.
    """
    check_limit("minutes", settings.minutes)
    check_limit("cells", len(settings.curves) * math.prod(len(axis.values) for axis in settings.axes))
    if shared.subject.control is None and settings.metric != "median":
        raise ValueError(needs_control(settings.metric))
    places: list[Place] = []
    failed: dict[tuple[str, tuple[Value, ...]], str] = {}
    grid = list(product(*(axis.values for axis in settings.axes)))
    for curve, values in product(settings.curves, grid):
        try:
            places.append(_place_of(settings, shared, curve, values))
        except ValueError as error:
            failed[curve, values] = str(error)
    for number, axis in enumerate(settings.axes):
        for curve, value in product(settings.curves, axis.values):
            column = [(curve, values) for values in grid if values[number] == value]
            if all(key in failed for key in column):
                raise ValueError(failed[column[0]])
    left_out = tuple(f"Left out: {settings.words_for(values)}. {why}" for (_, values), why in failed.items())
    return Plan(settings, shared, tuple(places), tuple(dict.fromkeys(left_out)))


def _place_of(settings: SweepSettings, shared: Shared, curve: str, values: tuple[Value, ...]) -> Place:
    """One cell.

    Raises:
        ValueError: it cannot be drawn.
    """
    cell, subject, denoiser = settings.cell(curve, values), shared.subject, shared.denoiser
    check_limit("count", cell.count)
    check_limit("steps", cell.steps)
    check_noise(cell.eta, cell.solver)
    check_label(cell.plain_sampling.label, denoiser.classes)
    check_prompt(cell.prompt, denoiser)
    steering = None
    if curve != PLAIN:
        steering = _steered_as(cell, shared.steerings[curve])
        cell = cell.model_copy(update=_complete(steering))
    samples, plain = _sample_set(cell, denoiser, steering), _sample_set(cell, denoiser, None)
    compared = plain if settings.metric == "effect" else None
    parts = [
        samples.name,
        "" if compared is None else compared.name,
        subject.data.fingerprint,
        subject.control.fingerprint if subject.control else "",
        str(subject.calibration is not None),
        shared.references[cell.encoder].encoder.fingerprint,
        cell.score,
        f"{cell.threshold} {cell.control_rate}",
        settings.metric,
        *_looked_at_in(shared.references[cell.encoder].views),
    ]
    name = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return Place(curve, values, cell, samples, compared, name)


def _sample_set(settings: ExtractSettings, denoiser: Denoiser, steering: Steering | None) -> SampleSet:
    """How the pictures of a cell are drawn; nothing steers them with lambda 0, or with a window between two steps.

    Raises:
        ValueError: the steps do not fit the model's schedule.
    """
    sampling = completed(settings.plain_sampling, denoiser)
    timesteps = schedule_of(sampling, denoiser).timesteps
    steers = steering is not None and any(steering.strength.on(timesteps))
    return SampleSet(denoiser, sampling, steering if steers else None)


def _looked_at_in(views: tuple[View, ...]) -> list[str]:
    """What names several views; nothing where pictures are looked at as they are, as cells were named before."""
    return [str(views)] if len(views) > 1 else []


def _steered_as(settings: ExtractSettings, steering: Steering) -> Steering:
    """The same surrogate with other guidance and label; its network is not made again.

    Raises:
        ValueError: the window is empty or outside the schedule, or there is no such label.
    """
    surrogate = steering.surrogate
    full = settings.guidance.over(surrogate.guidance)
    label = surrogate.label if settings.label is None else settings.label
    if isinstance(label, int):
        surrogate.position(label)
    return replace(steering, settings=full, strength=strength_of(full, steering.timesteps), label=label)


def _complete(steering: Steering) -> dict[str, Any]:
    """Guidance and label as settings, with what was left to the surrogate's card."""
    strength = steering.strength
    return {
        "guidance_scale": strength.scale,
        "guide_from": strength.first,
        "guide_to": strength.last,
        "guidance_shape": strength.shape,
        "label": steering.label,
    }
