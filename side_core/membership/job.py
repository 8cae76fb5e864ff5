"""Membership as a method: what it opens, and how it runs."""

import itertools
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from side_core.dpm.denoiser import Denoiser
from side_core.dpm.folder import open_denoiser
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.timing import Timing, measure_timing
from side_core.evidence.asked import check_pictures
from side_core.evidence.scores import BATCH, SCORES, measured, steps_of
from side_core.extraction.subject import Subject, opening
from side_core.files.assets import SHIPPED
from side_core.files.parts import named
from side_core.job import Advance, CountedEstimate, Estimate
from side_core.membership.report import Key, Membership
from side_core.membership.sides import Side, sides_of
from side_core.progress import Part, mapped
from side_core.sampling.store import Store
from side_core.settings import ExtractSettings, SettingError
from side_core.settings.membership import ATTACKS, TEXT_ONLY, MembershipSettings

OWN, REFERENCE = "model", "reference"


@dataclass(frozen=True, eq=False)
class Measurement:
    """One score of one side by one model.

    Attributes:
        key: which.
        name: stands for all that it depends on.
        denoiser: the model that is asked.
        side: its pictures.
    """

    key: Key
    name: str
    denoiser: Denoiser
    side: Side

    @property
    def steps(self) -> int:
        """Evaluations of a batch."""
        return steps_of(self.key.score, len(self.side.rows))

    @property
    def words(self) -> str:
        """What is being done."""
        who = "the model" if self.key.model == OWN else "the reference"
        pictures = "pictures in question" if self.key.side == "members" else "pictures never seen"
        return f"{ATTACKS[self.key.score].title} of {who}, {pictures}"


@dataclass(frozen=True, eq=False)
class MembershipJob:
    """A checked comparison; a `Job`.

    Attributes:
        settings: what was asked for.
        subject: the model with both sets.
        reference: a model trained alike without the pictures in question; None where there is none.
        sides: pictures in question, and others.
    """

    settings: MembershipSettings
    subject: Subject
    reference: Denoiser | None
    sides: tuple[Side, Side]

    @property
    def scores(self) -> tuple[str, ...]:
        """Those that are measured."""
        return self.settings.scores or allowed(self.denoiser)

    @cached_property
    def measurements(self) -> list[Measurement]:
        """In the order of work: a score is whole before the next begins."""
        models = {OWN: self.denoiser} | ({} if self.reference is None else {REFERENCE: self.reference})
        found = []
        for score, (model, denoiser), side in itertools.product(self.scores, models.items(), self.sides):
            of = denoiser.fingerprint, denoiser.arithmetic, side.images.fingerprint, side.rows, side.images.captions
            name = named("membership", score, self.settings.seed, *of[:4], *(() if of[4] is None else of[4]))
            found.append(Measurement(Key(score, model, side.name), name, denoiser, side))
        return found

    @property
    def total(self) -> int:
        """Measurements."""
        return len(self.measurements)

    @property
    def key(self) -> str:
        """All measurements by what they depend on."""
        return f"membership {named(*(item.name for item in self.measurements))}"

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """Of model, arithmetic, both sets and the reference."""
        prints = self.subject.fingerprints
        return prints if self.reference is None else prints | {"reference": self.reference.fingerprint}

    @property
    def denoiser(self) -> Denoiser:
        """The model."""
        return self.subject.denoiser

    @property
    def batch(self) -> int:
        """Pictures at once."""
        return min(BATCH, len(self.sides[0].rows))

    def about(self) -> dict[str, Any]:
        """Whose measurements a folder holds."""
        return self.subject.about(self.settings) | {"fingerprints": dict(self.fingerprints)}

    def found(self, store: Store) -> Membership:
        """What the store holds."""
        return self._report(self._parts(store))

    def _parts(self, store: Store) -> dict[Key, tuple[float, ...]]:
        """What is measured already."""
        there = ((item.key, store.parts.part(item.name)) for item in self.measurements)
        return {key: tuple(part["scores"]) for key, part in there if part is not None}

    def _report(self, parts: Mapping[Key, tuple[float, ...]]) -> Membership:
        """Of these measurements."""
        return Membership(self.settings, self.sides, dict(parts), self.total, self.about(), self.subject.notes)

    def estimate(self, store: Store, timing: Timing | None = None) -> Estimate:
        """Of what is missing, from one measured evaluation."""
        known = self._parts(store)
        missing = [item for item in self.measurements if item.key not in known]
        timing = timing or measure_timing(self.denoiser, self.batch)
        pictures = sum(SCORES[item.key.score].evaluations * len(item.side.rows) for item in missing)
        seconds = pictures * timing.step / timing.batch
        steps = sum(item.steps for item in missing)
        return CountedEstimate(steps, seconds, len(missing), self.total, "measurement", "made")

    def check(self, estimate: Estimate) -> None:
        """It may take as long as it takes."""

    def work(self, store: Store) -> Generator[Advance | Membership, None, Membership]:
        """Measure what is missing, one after the other; each is kept as soon as it is there."""
        parts = self._parts(store)
        missing = [item for item in self.measurements if item.key not in parts]
        steps, total = itertools.count(1), sum(item.steps for item in missing)
        for item in missing:

            def advance(_: None, words: str = item.words) -> Advance:
                return Advance(next(steps), total, words)

            asked = item.side.asked(item.denoiser, self.settings.seed)
            found = yield from mapped(measured(item.key.score, asked), advance)
            store.parts.keep_part(item.name, {"scores": found})
            parts[item.key] = tuple(found)
            yield self._report(parts)
        return self._report(parts)


def allowed(denoiser: Denoiser) -> tuple[str, ...]:
    """The scores that a model allows."""
    return tuple(name for name in ATTACKS if name not in TEXT_ONLY or isinstance(denoiser, TextDenoiser))


def make_job(settings: MembershipSettings, subject: Subject, reference: Denoiser | None = None) -> MembershipJob:
    """Check what goes together.

    Args:
        settings: of the comparison.
        subject: the model, with the pictures in question as its data and the others as its control.
        reference: a model trained alike without the pictures in question.

    Raises:
        ValueError: there are no others, too few of either, some are in both; a score that the model does not allow; a
            reference of another shape or another kind.
    """
    denoiser = subject.denoiser
    for score in settings.scores or ():
        if score not in allowed(denoiser):
            raise SettingError(
                f"Score '{score}' compares texts, but '{settings.model}' reads none: leave it out.", "scores"
            )
    if reference is not None and (
        reference.shape != denoiser.shape or isinstance(reference, TextDenoiser) != isinstance(denoiser, TextDenoiser)
    ):
        raise SettingError(
            f"Reference '{settings.reference}' draws {list(reference.shape)}, but '{settings.model}' draws "
            f"{list(denoiser.shape)}: name a model that was trained alike.",
            "reference",
        )
    sides = sides_of(settings, subject)
    for side in sides:
        check_pictures(denoiser, side.images)
    return MembershipJob(settings, subject, reference, sides)


def reference_of(settings: MembershipSettings) -> str | None:
    """The reference that was named, or the shipped twin of a model whose own pictures are in question."""
    own = SHIPPED.get(settings.model)
    twin = None if own is None or settings.members is not None else own.twin
    return settings.reference or twin


def subject_settings(settings: MembershipSettings) -> ExtractSettings:
    """What is opened, as an extraction says it."""
    said = {"model": settings.model, "data": settings.members, "control": settings.non_members, "mode": settings.mode}
    return ExtractSettings.model_validate(said | {"steps": 1})


def open_job(
    settings: MembershipSettings, device: str | None = None, recorded: str | None = None
) -> Generator[Part, None, MembershipJob]:
    """Open the model, both sets and the reference."""
    subject = yield from opening(subject_settings(settings), device, recorded)
    name = reference_of(settings)
    return make_job(settings, subject, None if name is None else open_denoiser(name, settings.mode, device))
