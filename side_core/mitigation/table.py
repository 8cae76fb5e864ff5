"""The table: every method at every strength, on the same prompts, seeds and noise; a job whose rounds are its rows."""

import itertools
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from side_core.dpm.denoiser import from_uint8
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.timing import Timing, measure_timing
from side_core.extraction.matching import match
from side_core.files.parts import named
from side_core.job import Advance, Estimate
from side_core.mitigation.attack import WORK, Targets, attacked, attacking, packed, unpacked
from side_core.mitigation.drawing import BATCH, PromptSet, draw_batch, draw_prompts, sampling_of
from side_core.mitigation.estimate import MitigationEstimate
from side_core.mitigation.judged import SCORE, Judged, judge, judged_in
from side_core.mitigation.opened import Opened, about_of, gate_scores, opening_all, prints_of, treatment_of
from side_core.mitigation.sets import PromptKinds, kinds_of
from side_core.mitigation.table_report import Row, Table
from side_core.mitigation.treatment import Batch, Treatment, plain_batch
from side_core.progress import Part, finish, mapped
from side_core.prompts.norms import own_seeds
from side_core.sampling.completed import clip_of
from side_core.sampling.schedule import schedule_of
from side_core.sampling.store import Store
from side_core.settings.mitigation import MITIGATIONS, EvaluateMitigationSettings, MitigationName
from side_core.similarity.quality import QualityReference, quality_reference
from side_core.stats.rate import rate_of

_APART = 1_000_000  # between the first seeds of two kinds of prompts
_LOOKS = 2  # pictures of an attacked target
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
class TableJob:
    """A `Job`: each row is kept as soon as it is there.

    Attributes:
        settings: what was asked for.
        opened: the model and what its pictures are held against.
        kinds: the prompts.
        entries: rows, `none` first.
    """

    settings: EvaluateMitigationSettings
    opened: Opened
    kinds: PromptKinds
    entries: tuple[Entry, ...]

    @property
    def total(self) -> int:
        """Rows that are measured."""
        return len(self.entries)

    @property
    def key(self) -> str:
        """All rows."""
        return f"mitigations {named(*(self.name_of(entry) for entry in self.entries))}"

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """Of all that it depends on."""
        return prints_of(self.opened)

    @property
    def denoiser(self) -> TextDenoiser:
        """The model."""
        return self.opened.denoiser

    @property
    def batch(self) -> int:
        """Pictures at once."""
        return BATCH

    def about(self) -> dict[str, Any]:
        """Whose rows a folder holds."""
        return about_of(self.settings, self.opened)

    @cached_property
    def seeds(self) -> dict[str, np.ndarray]:
        """(n, k) of each kind of triggers, and of the general prompts by the name `general`."""
        groups = {**self.kinds.triggers, "general": self.kinds.general}
        counts = dict.fromkeys(self.kinds.triggers, self.settings.count) | {"general": 1}
        return {
            name: own_seeds(len(prompts), counts[name], self.settings.seed + place * _APART)
            for place, (name, prompts) in enumerate(groups.items())
        }

    def samples(self, entry: Entry) -> dict[str, PromptSet]:
        """The pictures of a row, by kind of prompt."""
        groups = {**self.kinds.triggers, "general": self.kinds.general}
        sampling = sampling_of(self.settings)
        return {
            name: PromptSet(self.denoiser, sampling, prompts, self.seeds[name], entry.treatment)
            for name, prompts in groups.items()
        }

    def name_of(self, entry: Entry) -> str:
        """Names a row by all that it depends on."""
        keys = [samples.key for samples in self.samples(entry).values()]
        gate = self.opened.gate.threshold.value if self.opened.gate else None
        work = self.settings.attacked if entry.works else 0
        return named("mitigation row 1", *sorted(self.fingerprints.items()), *keys, gate, work)

    def found(self, store: Store) -> Table:
        """The rows that a store holds."""
        rows: list[Row] = []
        gate = store.parts.part(self._shared(_GATE))
        for entry in self.entries:
            part = store.parts.part(self.name_of(entry))
            if part is None or gate is None:
                break
            rows.append(Row(entry.method, entry.strength, dict(part)))
        return Table(
            self.settings, self.opened, self.kinds, tuple(rows), dict(gate or {}), len(self.entries), self.about()
        )

    def _shared(self, what: str) -> str:
        """Names a part that all rows share."""
        plain = self.entries[0]
        keys = [samples.key for samples in self.samples(plain).values()]
        return named(f"mitigation {what} 1", *sorted(self.fingerprints.items()), *keys, self.settings.attacked)

    def estimate(self, store: Store, timing: Timing | None = None) -> Estimate:
        """Of the rows that are missing."""
        timing = timing or measure_timing(self.denoiser, self.batch)
        missing = self.entries[self.found(store).done :]
        a_row = sum(seeds.size for seeds in self.seeds.values())
        work = self.settings.attacked * 2 * _LOOKS * len(WORK)
        evaluations = 0.0
        for entry in missing:
            before = 4 * MITIGATIONS[entry.method].prepares
            evaluations += (a_row + work * entry.works) * (2 * self.settings.steps + before)
        seconds = evaluations * timing.step / timing.batch
        return MitigationEstimate(sum(map(self._steps, missing)), seconds, len(missing), self.total)

    def _steps(self, entry: Entry) -> int:
        """Steps of a row, at most."""
        batches = sum(-(-seeds.size // BATCH) for seeds in self.seeds.values())
        if entry.works:
            batches += len(WORK) * -(-self.settings.attacked * 2 * _LOOKS // BATCH)
        attack = WORK[-1] if entry.treatment is None and self.settings.attacked else 0  # made once, with the first row
        return batches * (self.settings.steps + MITIGATIONS[entry.method].prepares) + attack

    def check(self, estimate: Estimate) -> None:
        """It may take as long as it takes."""

    def work(self, store: Store) -> Generator[Advance | Table, None, Table]:
        """Measure what is missing, row by row."""
        report = self.found(store)
        missing = self.entries[report.done :]
        steps, total = itertools.count(1), sum(map(self._steps, missing))
        scores = self._gate_part(store)
        reference = self._reference()
        for entry in missing:
            words = _in_words(entry)

            def advance(_: None, words: str = words) -> Advance:
                return Advance(min(next(steps), total), total, words)

            part: dict[str, Any] = {}
            try:
                part["seconds"] = yield from mapped(self._drawing(entry, store), advance)
                part |= self._judged(entry, store, scores["general"], reference)
                if entry.works and self.settings.attacked:
                    part["work"] = yield from mapped(self._work_curve(entry, store), advance)
            except ValueError as error:  # the row stays, with the reason
                if entry.treatment is None:
                    raise
                part = {"failed": str(error)}
            store.parts.keep_part(self.name_of(entry), part)
            report = self.found(store)
            yield report
        return report

    def _drawing(self, entry: Entry, store: Store) -> Generator[None, None, dict[str, float]]:
        """Draw a row's pictures; the seconds a picture of each kind of prompts, of those that all were drawn now."""
        found = {}
        for name, own in self.samples(entry).items():
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

    def _gate_part(self, store: Store) -> Mapping[str, Any]:
        """Scores of all prompts, as the gate looks at them; measured once."""
        name = self._shared(_GATE)
        if (part := store.parts.part(name)) is None:
            groups, start = {**self.kinds.triggers, "general": self.kinds.general}, time.perf_counter()
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

    def _judged(self, entry: Entry, store: Store, scores: list[float], reference: QualityReference) -> dict[str, Any]:
        """All figures of a row's pictures."""
        images = {name: own.images(store.pictures) for name, own in self.samples(entry).items()}
        groups = {**self.kinds.triggers, "general": self.kinds.general}
        opened = self.opened
        found: dict[str, Any] = {
            name: judge(images[name], groups[name], opened.references, opened.clip).as_json() for name in images
        }
        plain = self.samples(self.entries[0])["general"].images(store.pictures)[:, 0]
        own = images["general"][:, 0]
        found["same"] = (own == plain).all(axis=(1, 2, 3)).tolist()
        found["quality"] = vars(reference.judge(self._features(own)))
        if opened.gate is not None:
            opens = opened.gate.opens(np.array(scores))[:, None, None, None]
            found["gated_quality"] = vars(reference.judge(self._features(np.where(opens, own, plain))))
        return found

    def _targets(self, store: Store) -> tuple[Targets, np.ndarray, np.ndarray]:
        """What the attacker wants: pictures that triggers bring back, then as many of the control; and their rows."""
        assert self.opened.subject.control is not None
        count, plain = self.settings.attacked, self.entries[0]
        part = store.parts.part(self.name_of(plain)) or {}
        kind = self.kinds.main
        judged = judged_in(part[kind]) if kind in part else self._plain_judged(store)
        rows = np.array(judged.rows).reshape(-1, self.settings.count)
        hits = judged.hits.reshape(rows.shape)
        places = np.flatnonzero(hits.any(axis=1))
        places = places[np.linspace(0, len(places) - 1, min(count, len(places))).round().astype(int)]
        own = np.array([rows[place][hits[place]][0] for place in places], int)
        control = self.opened.subject.control.images
        others = np.linspace(0, len(control) - 1, len(own)).round().astype(int)
        prompts = [self.kinds.triggers[kind][place] for place in places]
        prompts += [self.kinds.general[place % len(self.kinds.general)] for place in range(len(own))]
        images = np.concatenate([self.opened.subject.data.images[own], control[others]])
        with torch.no_grad():
            latents = self.denoiser.encode(from_uint8(images).to(self.denoiser.device)).float()
        return Targets(tuple(prompts), latents), own, others

    def _plain_judged(self, store: Store) -> Judged:
        """Of the row that is being made: nothing is done against copies."""
        kind = self.kinds.main
        images = self.samples(self.entries[0])[kind].images(store.pictures)
        return judge(images, self.kinds.triggers[kind], self.opened.references, None)

    def _work_curve(self, entry: Entry, store: Store) -> Generator[None, None, list[dict[str, Any]]]:
        """How many of the targets an attacker brings back, after ever more steps; empty where nothing comes back."""
        targets, own, others = self._targets(store)
        if not len(own):
            return []
        name = self._shared(_ATTACK)
        if (part := store.parts.part(name)) is None:
            part = packed((yield from attacking(self.denoiser, targets)))
            store.parts.keep_part(name, part)
        embeddings = unpacked(part).to(self.denoiser.device)
        sampling = sampling_of(self.settings)
        schedule, clip = schedule_of(sampling, self.denoiser), clip_of(sampling, self.denoiser)
        first = self.settings.seed + (len(self.seeds) + 1) * _APART
        prompts = tuple(prompt for prompt in targets.prompts for _ in range(_LOOKS))
        seeds = tuple(range(first, first + len(prompts)))
        curve = []
        for steps, condition in zip(WORK, embeddings, strict=True):
            rows = condition.repeat_interleave(_LOOKS, dim=0)
            pictures = []
            for start in range(0, len(prompts), BATCH):
                part_of = slice(start, start + BATCH)
                batch = plain_batch(self.denoiser, prompts[part_of], seeds[part_of], schedule, sampling.text_scale)
                batch = Batch(batch.prompts, batch.seeds, schedule, rows[part_of], batch.start, batch.guided)
                pictures.append((yield from draw_batch(batch, attacked(batch, entry.treatment), clip)))
            curve.append({"steps": steps, **self._came_back(np.concatenate(pictures), own, others)})
        return curve

    def _came_back(self, images: np.ndarray, own: np.ndarray, others: np.ndarray) -> dict[str, Any]:
        """How many targets have a picture that is nearest to them and looks copied, of either kind."""
        found = match(images, tuple(map(str, range(len(images)))), self.opened.references)
        assert found.control is not None
        result = {}
        half = len(own) * _LOOKS
        for name, side, rows, part in (
            ("memorised", found.training, own, slice(None, half)),
            ("control", found.control, others, slice(half, None)),
        ):
            near = side.neighbours.rows[part, 0] == np.repeat(rows, _LOOKS)
            back = near & SCORE.beats(side.scores.by_name("ratio")[part], SCORE.threshold)
            result[name] = vars(rate_of(back.reshape(-1, _LOOKS).any(axis=1)))
        return result


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
