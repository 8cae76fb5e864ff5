"""The table: every method at every strength, on the same prompts, seeds and noise; a job whose rounds are its rows."""

import itertools
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from side_core.dpm.timing import Timing, measure_timing
from side_core.files.parts import named
from side_core.job import Advance, CountedEstimate, Estimate
from side_core.mitigation.attack import WORK, Targets, attacking, packed, unpacked
from side_core.mitigation.drawing import BATCH, PromptSet, draw_prompts, evaluations_of, sampling_of, steps_of
from side_core.mitigation.judged import judge
from side_core.mitigation.opened import Opened, OpenedJob, gate_scores, opening_all, treatment_of
from side_core.mitigation.sets import GENERAL, PromptKinds, kinds_of
from side_core.mitigation.table_report import Row, Table
from side_core.mitigation.treatment import Treatment
from side_core.mitigation.work_curve import LOOKS, targets_of, work_curve
from side_core.progress import Part, finish, mapped
from side_core.prompts.norms import own_seeds
from side_core.sampling.store import Store
from side_core.settings.mitigation import EvaluateMitigationSettings
from side_core.settings.mitigation_methods import MITIGATIONS, MitigationName
from side_core.similarity.quality import QualityReference, quality_reference

_APART = 1_000_000  # between the first seeds of two kinds of prompts
_GATE, _ATTACK = "gate", "attack"


@dataclass(frozen=True, eq=False)
class Entry:
    """A row that is measured; the gated one beside it follows from it.

    Attributes:
        treatment: None: nothing is done.
        method, strength: as they are named.
        works: whether an attacker is tried on it: once for each method.
    """

    treatment: Treatment | None
    method: MitigationName
    strength: float | None
    works: bool


@dataclass(frozen=True, eq=False)
class TableJob(OpenedJob):
    """A `Job`: each row is kept as soon as it is there.

    Attributes:
        settings: what was asked for.
        opened: the model and what its pictures are held against.
        kinds: the prompts.
        entries: rows, `none` first.
    """

    settings: EvaluateMitigationSettings
    kinds: PromptKinds
    entries: tuple[Entry, ...]

    @property
    def total(self) -> int:
        """Rows that are measured."""
        return len(self.entries)

    @property
    def key(self) -> str:
        """All rows."""
        return f"mitigations {named(*self.names)}"

    @property
    def batch(self) -> int:
        """Pictures at once."""
        return BATCH

    @cached_property
    def seeds(self) -> dict[str, np.ndarray]:
        """(n, k) of each kind of triggers, and of the general prompts by the name `general`."""
        counts = dict.fromkeys(self.kinds.triggers, self.settings.count) | {GENERAL: 1}
        return {
            name: own_seeds(len(prompts), counts[name], self.settings.seed + place * _APART)
            for place, (name, prompts) in enumerate(self.kinds.all.items())
        }

    @cached_property
    def samples(self) -> tuple[dict[str, PromptSet], ...]:
        """The pictures of each row, by kind of prompt."""
        sampling = sampling_of(self.settings)
        return tuple(
            {
                name: PromptSet(self.denoiser, sampling, prompts, self.seeds[name], entry.treatment)
                for name, prompts in self.kinds.all.items()
            }
            for entry in self.entries
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of each row, by all that it depends on."""
        prints = sorted(self.fingerprints.items())
        gate = self.opened.gate.threshold.value if self.opened.gate else None
        found = []
        for entry, samples in zip(self.entries, self.samples, strict=True):
            work = self.settings.attacked if entry.works else 0
            found.append(named("mitigation row 1", *prints, *(own.key for own in samples.values()), gate, work))
        return tuple(found)

    def found(self, store: Store) -> Table:
        """The rows that a store holds."""
        rows: list[Row] = []
        gate = store.parts.part(self._shared(_GATE))
        for entry, name in zip(self.entries, self.names, strict=True):
            part = store.parts.part(name)
            if part is None or gate is None:
                break
            rows.append(Row(entry.method, entry.strength, dict(part)))
        return Table(
            self.settings, self.opened, self.kinds, tuple(rows), dict(gate or {}), len(self.entries), self.about()
        )

    def _shared(self, what: str) -> str:
        """Names a part that all rows share."""
        keys = [own.key for own in self.samples[0].values()]
        return named(f"mitigation {what} 1", *sorted(self.fingerprints.items()), *keys, self.settings.attacked)

    def estimate(self, store: Store, timing: Timing | None = None) -> Estimate:
        """Of the rows that are missing."""
        timing = timing or measure_timing(self.denoiser, self.batch)
        missing = self.entries[self.found(store).done :]
        evaluations = 0
        for entry in missing:
            pictures = sum(seeds.size for seeds in self.seeds.values()) + entry.works * len(WORK) * self._attacked
            evaluations += evaluations_of(pictures, self.settings.steps, entry.method)
        seconds, steps = evaluations * timing.step / timing.batch, sum(map(self._steps, missing))
        return CountedEstimate(steps, seconds, len(missing), self.total, "round", "done")

    @property
    def _attacked(self) -> int:
        """Pictures that are drawn after so many steps of the attacker."""
        return self.settings.attacked * 2 * LOOKS

    def _steps(self, entry: Entry) -> int:
        """Steps of a row, at most."""
        drawn = [*(seeds.size for seeds in self.seeds.values()), *([self._attacked] * len(WORK) if entry.works else [])]
        attack = WORK[-1] if entry.treatment is None and self.settings.attacked else 0  # made once, with the first row
        return sum(steps_of(count, self.settings.steps, entry.method) for count in drawn) + attack

    def work(self, store: Store) -> Generator[Advance | Table, None, Table]:
        """Measure what is missing, row by row."""
        report = self.found(store)
        missing = self.entries[report.done :]
        rows = list(zip(self.entries, self.names, self.samples, strict=True))[report.done :]
        steps, total = itertools.count(1), sum(map(self._steps, missing))
        scores = self._gate_part(store)
        reference = self._reference()
        targets: Targets | None = None
        for entry, name, samples in rows:
            words = _in_words(entry)

            def advance(_: None, words: str = words) -> Advance:
                return Advance(min(next(steps), total), total, words)

            part: dict[str, Any] = {}
            try:
                part["seconds"] = yield from mapped(_drawing(samples, store), advance)
                part |= self._judged(samples, store, scores[GENERAL], reference)
                if entry.works and self.settings.attacked:
                    targets = targets or self._targets(store)
                    part["work"] = yield from mapped(self._work_curve(entry, targets, store), advance)
            except ValueError as error:  # the row stays, with the reason
                if entry.treatment is None:
                    raise
                part = {"failed": str(error)}
            store.parts.keep_part(name, part)
            report = self.found(store)
            yield report
        return report

    def _gate_part(self, store: Store) -> Mapping[str, Any]:
        """Scores of all prompts, as the gate looks at them; measured once."""
        name = self._shared(_GATE)
        if (part := store.parts.part(name)) is None:
            groups, start = self.kinds.all, time.perf_counter()
            part = {kind: finish(gate_scores(self.denoiser, prompts)).tolist() for kind, prompts in groups.items()}
            part["seconds"] = (time.perf_counter() - start) / sum(map(len, groups.values()))
            store.parts.keep_part(name, part)
        return part

    def _features(self, images: np.ndarray) -> np.ndarray:
        """(n, d) of (n, H, W, 3) pictures, by which quality is judged."""
        encoder = self.opened.references.encoder if self.opened.clip is None else self.opened.clip.images
        return encoder(images)

    def _reference(self) -> QualityReference:
        """The control, prepared."""
        assert self.opened.subject.control is not None  # as `holding` has checked
        return quality_reference(self._features(self.opened.subject.control.images))

    def _judged(
        self, samples: Mapping[str, PromptSet], store: Store, scores: list[float], reference: QualityReference
    ) -> dict[str, Any]:
        """All figures of a row's pictures."""
        opened, images = self.opened, {name: own.images(store.pictures) for name, own in samples.items()}
        found: dict[str, Any] = {
            name: judge(images[name], own.prompts, opened.references, opened.clip).as_json()
            for name, own in samples.items()
        }
        plain, own = self.samples[0][GENERAL].images(store.pictures)[:, 0], images[GENERAL][:, 0]
        found["same"] = (own == plain).all(axis=(1, 2, 3)).tolist()
        found["quality"] = vars(reference.judge(self._features(own)))
        if opened.gate is not None:
            opens = opened.gate.opens(np.array(scores))[:, None, None, None]
            found["gated_quality"] = vars(reference.judge(self._features(np.where(opens, own, plain))))
        return found

    def _targets(self, store: Store) -> Targets:
        """What an attacker wants, of any row."""
        plain = self.samples[0][self.kinds.main]
        return targets_of(self.opened, plain, self.kinds.general, self.settings.attacked, store)

    def _work_curve(self, entry: Entry, targets: Targets, store: Store) -> Generator[None, None, list[dict[str, Any]]]:
        """How many of the targets an attacker brings back, after ever more steps; empty where nothing comes back."""
        if not len(targets.rows):
            return []
        name = self._shared(_ATTACK)
        if (part := store.parts.part(name)) is None:
            part = packed((yield from attacking(self.denoiser, targets)))
            store.parts.keep_part(name, part)
        first = self.settings.seed + (len(self.seeds) + 1) * _APART
        sampling = sampling_of(self.settings)
        return (yield from work_curve(self.opened, sampling, targets, unpacked(part), entry.treatment, first))


def _drawing(samples: Mapping[str, PromptSet], store: Store) -> Generator[None, None, dict[str, float]]:
    """Draw a row's pictures; the seconds a picture of each kind of prompts, of those that all were drawn now."""
    found = {}
    for name, own in samples.items():
        before, seconds = len(own.missing(store.pictures)), 0.0
        drawing = draw_prompts(own, store.pictures)
        while True:
            start = time.perf_counter()
            if next(drawing, False) is False:
                break
            seconds += time.perf_counter() - start
            yield
        if before == own.seeds.size:
            found[name] = seconds / before
    return found


def _in_words(entry: Entry) -> str:
    """A row for people."""
    strength = "" if entry.strength is None else f" at {entry.strength:g}"
    return f"{MITIGATIONS[entry.method].title}{strength}"


def make_table_job(settings: EvaluateMitigationSettings, opened: Opened) -> TableJob:
    """Check what goes together and lay out the rows. A method that lacks what it needs is refused here.

    Raises:
        ValueError: no triggers or general prompts are known; a method lacks something.
    """
    kinds, entries = kinds_of(settings), []
    latents = None
    for method in settings.methods:
        strength = MITIGATIONS[method].strength
        for place, own in enumerate(strength.swept if strength else (None,)):
            treatment = treatment_of(method, own, opened, latents)
            if treatment is not None and treatment.known.training is not None:
                latents = treatment.known.training
            entries.append(Entry(treatment, method, own, works=strength is None or place == 1))
    return TableJob(settings, opened, kinds, tuple(entries))


def open_table_job(
    settings: EvaluateMitigationSettings, device: str | None = None, recorded: str | None = None
) -> Generator[Part, None, TableJob]:
    """Open what the settings name."""
    return make_table_job(settings, (yield from opening_all(settings, device, recorded)))
