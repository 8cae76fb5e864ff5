"""Theory as a method: what it opens, and how it runs."""

import itertools
import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from side_core.dpm.denoiser import Denoiser
from side_core.dpm.folder import open_denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.dpm.timing import Timing, measure_timing
from side_core.extraction.subject import Subject, opening
from side_core.files.assets import BASELINES, SHIPPED, SURROGATES
from side_core.files.parts import named
from side_core.job import Advance, CountedEstimate, Estimate
from side_core.progress import Part, mapped
from side_core.sampling.store import Store
from side_core.settings import ExtractSettings, GuidanceSettings, SettingError
from side_core.settings.theory import TheorySettings
from side_core.surrogate.folder import load_surrogate
from side_core.surrogate.steering import Steering, make_steering
from side_core.theory.divergence import Divergence, Judged
from side_core.theory.experiment import Experiment, Measurement
from side_core.theory.family import Member, family_in, shipped_family
from side_core.theory.growth import Growth
from side_core.theory.labels import Labels
from side_core.theory.report import Theory
from side_core.theory.returning import Return
from side_core.theory.sides import condition_of, remarks_on, sides_of
from side_core.theory.smoothed import seconds_per_pair

BAYES = GuidanceSettings(guidance_scale=1.0, guidance_shape="constant")  # p(x | c) = p(x) p(c | x) / p(c)


@dataclass(frozen=True, eq=False)
class TheoryJob:
    """A checked experiment; a `Job`.

    Attributes:
        settings: what was asked for.
        subject: the model with its images.
        twin: a model trained alike on other images; None where there is none.
        experiment: with all its measurements.
        known: sentences on the images.
    """

    settings: TheorySettings
    subject: Subject
    twin: Denoiser | None
    experiment: Experiment
    known: tuple[str, ...]

    @property
    def total(self) -> int:
        """Measurements."""
        return len(self.experiment.measurements)

    @property
    def key(self) -> str:
        """All measurements by what they depend on."""
        return f"theory {named(*(item.name for item in self.experiment.measurements))}"

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """Of model, arithmetic, images and twin."""
        prints = self.subject.fingerprints
        return prints if self.twin is None else prints | {"twin": self.twin.fingerprint}

    @property
    def denoiser(self) -> Denoiser:
        """The model."""
        return self.subject.denoiser

    @property
    def batch(self) -> int:
        """Images at once."""
        return self.settings.images

    def about(self) -> dict[str, Any]:
        """Whose measurements a folder holds."""
        return self.subject.about(self.settings) | {"fingerprints": dict(self.fingerprints)}

    def found(self, store: Store) -> Theory:
        """What the store holds, and what is shipped."""
        return self._report(self._parts(store))

    def _parts(self, store: Store) -> dict[str, Mapping[str, Any]]:
        """What is measured already, by names."""
        places = [place for place in (store.parts, self.experiment.shipped) if place is not None]
        found = {}
        for item in self.experiment.measurements:
            part = next((part for place in places if (part := place.part(item.name)) is not None), None)
            if part is not None:
                found[item.name] = part
        return found

    def _missing(self, store: Store) -> list[Measurement]:
        """What is not."""
        known = self._parts(store)
        return [item for item in self.experiment.measurements if item.name not in known]

    def _report(self, parts: Mapping[str, Mapping[str, Any]]) -> Theory:
        """Of these measurements."""
        return Theory(self.settings, self.experiment, dict(parts), self.about(), self.known)

    def estimate(self, store: Store, timing: Timing | None = None) -> Estimate:
        """Of what is missing, from one measured evaluation and one comparison."""
        missing = self._missing(store)
        timing = timing or measure_timing(self.denoiser, self.batch)
        seconds = sum(item.evaluations for item in missing) * timing.step * self.batch / timing.batch
        seconds += sum(item.pairs for item in missing) * seconds_per_pair(math.prod(self.denoiser.shape))
        steps = sum(item.steps for item in missing)
        return CountedEstimate(steps, seconds, len(missing), self.total, "measurement", "made")

    def check(self, estimate: Estimate) -> None:
        """It may take as long as it takes."""

    def work(self, store: Store) -> Generator[Advance | Theory, None, Theory]:
        """Measure what is missing, one after the other; each is kept as soon as it is there."""
        parts = self._parts(store)
        missing = [item for item in self.experiment.measurements if item.name not in parts]
        steps = itertools.count(1)
        total = sum(item.steps for item in missing)
        for item in missing:

            def advance(_: None, words: str = item.words) -> Advance:
                return Advance(next(steps), total, words)

            part = yield from mapped(item.make(), advance)
            store.parts.keep_part(item.name, part)
            parts[item.name] = part
            yield self._report(parts)
        return self._report(parts)


def make_job(
    settings: TheorySettings,
    subject: Subject,
    twin: Denoiser | None = None,
    steerings: Mapping[str, Steering] = MappingProxyType({}),
) -> TheoryJob:
    """Check what goes together and lay out the measurements.

    Args:
        settings: of the experiment.
        subject: the model with its training images and control.
        twin: a model trained alike on other images.
        steerings: the surrogates whose labels are measured, by their names.

    Raises:
        ValueError: there is no control, there are too few images, noise levels that the model does not have, a text
            model without a prompt, …
    """
    denoiser = subject.denoiser
    if settings.experiment == "growth":
        return TheoryJob(settings, subject, None, Growth(settings, family_of(settings)), subject.notes)
    condition, (training, control) = condition_of(settings, denoiser), sides_of(settings, subject)
    known = (*subject.notes, *remarks_on(settings, denoiser, (training, control)))
    if settings.experiment == "return":
        return TheoryJob(settings, subject, None, Return(settings, denoiser, (training, control), condition), known)
    if settings.experiment == "labels":
        return TheoryJob(settings, subject, None, Labels(settings, denoiser, training, steerings), known)
    judged = [Judged("model", denoiser, training), Judged("model", denoiser, control)]
    if twin is not None:
        judged.append(Judged("twin", twin, training))
    if denoiser.bounded and not isinstance(denoiser, IdealDenoiser):  # on pixels: the perfect memoriser beside it
        ideal = IdealDenoiser(subject.data, denoiser.alphas_cumprod, denoiser.device)
        judged.append(Judged("ideal", ideal, control))
    return TheoryJob(settings, subject, twin, Divergence(settings, judged, condition), known)


def has_twin(settings: TheorySettings) -> bool:
    """Whether a model that was trained alike on other images is shipped, and the training images are its own."""
    own = SHIPPED.get(settings.model)
    return settings.experiment == "divergence" and settings.data is None and own is not None and own.twin is not None


def shipped_labels(model: str) -> tuple[str, ...]:
    """The shipped surrogates of a model whose labels can be told at every noise level."""
    own = (model, *BASELINES.get(model, ())) if model in SURROGATES else ()
    return tuple(name for name in own if not name.endswith("time-independent"))


def surrogates_of(settings: TheorySettings) -> tuple[str, ...]:
    """Whose labels are measured: those that were named, or the shipped ones of the model.

    Raises:
        ValueError: none was named, and none is shipped.
    """
    if settings.experiment != "labels":
        return ()
    found = settings.surrogates or shipped_labels(settings.model)
    if not found:
        raise SettingError(
            f"No surrogate of '{settings.model}' is shipped, and labels are those of surrogates: name one.",
            "surrogates",
        )
    return found


def subject_settings(settings: TheorySettings) -> ExtractSettings:
    """What is opened, as an extraction says it."""
    if settings.experiment == "growth":  # the largest of the family stands for all
        last = max(family_of(settings), key=lambda member: (member.size, member.steps))
        return ExtractSettings(model=last.model, data=last.data, control=last.control, mode=settings.mode, steps=1)
    said = settings.model_dump(include={"model", "data", "control", "mode"})
    return ExtractSettings(**said, steps=1)


def family_of(settings: TheorySettings) -> tuple[Member, ...]:
    """The models whose growth is measured.

    Raises:
        ValueError: the folder holds none, or its control is not named.
    """
    return shipped_family() if settings.family is None else family_in(Path(settings.family), settings.control)


def open_job(
    settings: TheorySettings, device: str | None = None, recorded: str | None = None
) -> Generator[Part, None, TheoryJob]:
    """Open the model, its images and its twin."""
    subject = yield from opening(subject_settings(settings), device, recorded)
    twin = SHIPPED[settings.model].twin if has_twin(settings) else None
    steerings = {name: make_steering(load_surrogate(name), subject.denoiser, BAYES) for name in surrogates_of(settings)}
    return make_job(settings, subject, None if twin is None else open_denoiser(twin, settings.mode, device), steerings)
