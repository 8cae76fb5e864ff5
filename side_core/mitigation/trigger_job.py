"""The search for triggers as a job: rounds that are kept one by one, each find drawn and compared."""

import itertools
import math
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from side_core.dpm.timing import Timing, measure_timing
from side_core.files.parts import named
from side_core.job import Advance, CountedEstimate, Estimate
from side_core.mitigation.chain import round_of
from side_core.mitigation.drawing import PromptSet, draw_sets, sampling_of
from side_core.mitigation.finds import Find, finds_of
from side_core.mitigation.opened import GATE, Opened, OpenedJob, held_out_of
from side_core.mitigation.search import Search
from side_core.mitigation.sentences import sentences_of, words_of
from side_core.mitigation.trigger_report import Triggers
from side_core.sampling.store import Store
from side_core.settings.base import SettingError
from side_core.settings.mitigation import MitigationSettings

LOOKS = 2  # pictures of each find


@dataclass(frozen=True, eq=False)
class TriggerJob(OpenedJob):
    """A `Job` of rounds.

    Attributes:
        settings: what was asked for.
        opened: the model and what finds are held against.
        search: ready to begin.
    """

    settings: MitigationSettings
    search: Search

    @property
    def total(self) -> int:
        """Rounds."""
        return self.settings.rounds

    @property
    def key(self) -> str:
        """All rounds."""
        return f"triggers {self.name_of(0)} {self.settings.rounds} {self.settings.minutes}"

    @property
    def batch(self) -> int:
        """Sentences that are scored at once."""
        return self.search.batch

    @cached_property
    def _depends(self) -> tuple[object, ...]:
        """All that a round depends on besides its number."""
        said = self.settings.model_dump(include={"seed", "iterations", "false_positives"})
        prints = sorted(self.fingerprints.items())
        sentences = [sentence.text for sentence in self.search.sentences]
        return "trigger round 2", *prints, sorted(said.items()), self.search.words, sentences

    def name_of(self, number: int) -> str:
        """Names a round."""
        return named(*self._depends, number)

    def samples(self, find: Find) -> PromptSet:
        """The pictures of a find."""
        seeds = np.array([range(self.settings.seed, self.settings.seed + LOOKS)])
        return PromptSet(self.denoiser, sampling_of(self.settings), (find.prompt,), seeds)

    def found(self, store: Store) -> Triggers:
        """What the store holds."""
        rounds = self._rounds(store)
        finds = self._finds(rounds)
        drawn = {
            find.prompt: found for find in finds if len(found := self.samples(find).found(store.pictures)) == LOOKS
        }
        pictures = {prompt: np.stack(list(images.values())) for prompt, images in drawn.items()}
        evaluations = sum(int(part["evaluations"]) for part in rounds)
        return Triggers(self.settings, self.opened, len(rounds), finds, pictures, evaluations, self.about())

    def _rounds(self, store: Store) -> list[Mapping[str, Any]]:
        """What finished rounds returned, up to the first that is missing."""
        numbers = range(self.settings.rounds)
        parts = itertools.takewhile(lambda part: part is not None, (store.parts.part(self.name_of(n)) for n in numbers))
        return [part for part in parts if part is not None]

    def _finds(self, rounds: list[Mapping[str, Any]]) -> tuple[Find, ...]:
        """Different finds of these rounds."""
        assert self.opened.gate is not None  # as `make_trigger_job` has checked
        return finds_of(rounds, self.opened.gate.held_out, self.settings.false_positives)

    def estimate(self, store: Store, timing: Timing | None = None) -> Estimate:
        """Of the rounds that are missing, without the pictures of what will be found."""
        timing = timing or measure_timing(self.denoiser, self.batch)
        done = self.found(store).done
        missing = self.settings.rounds - done
        steps = missing * self.search.steps_a_round()
        seconds = steps * self.search.batch * timing.step / timing.batch
        if self.settings.minutes is not None:
            seconds = min(seconds, 60 * self.settings.minutes)
        return CountedEstimate(steps, seconds, missing, self.total, "round", "done")

    def work(self, store: Store) -> Generator[Advance | Triggers, None, Triggers]:
        """Round by round; what a round found is drawn before the next begins."""
        report, rounds, begun = self.found(store), self._rounds(store), time.monotonic()
        first, limit = report.done, 60 * (self.settings.minutes or math.inf)
        total = (self.settings.rounds - first) * self.search.steps_a_round()
        done = 0

        def advance(words: str) -> Advance:
            """Of the rounds, or of the minutes where these end first."""
            passed = min(time.monotonic() - begun, limit)
            by_time = passed / limit > done / total
            return Advance(int(passed), math.ceil(limit), words) if by_time else Advance(done, total, words)

        for number in range(first, self.settings.rounds):
            passed = time.monotonic() - begun
            if passed + passed / max(1, number - first) / 2 > limit:  # not by more than half a round too late
                break
            searching = round_of(self.search, number, rounds)
            while True:
                try:
                    next(searching)
                except StopIteration as end:
                    part = end.value
                    break
                done += 1
                yield advance(f"Round {number + 1}: {len(report.finds)} found")
            store.parts.keep_part(self.name_of(number), part)
            rounds.append(part)
            for _ in draw_sets([self.samples(find) for find in self._finds(rounds)], store.pictures):
                yield advance("Drawing what was found")
            report = self.found(store)
            yield report
        return report


def make_trigger_job(settings: MitigationSettings, opened: Opened) -> TriggerJob:
    """Check what goes together.

    Raises:
        ValueError: no held-out prompts are known, or words or sentence cannot be used.
    """
    if opened.gate is None:
        raise SettingError(
            f"A search needs prompts the model never saw, and '{settings.model}' has none of its own: name a file.",
            "held_out",
        )
    words = words_of(opened.denoiser, settings)
    sentences = sentences_of(opened.denoiser, settings, held_out_of(settings) or ())
    scored = settings.model_copy(update={"steps": GATE.steps})  # held-out prompts were scored at its first timestep
    return TriggerJob(settings, opened, Search(opened.denoiser, opened.gate.held_out, scored, words, sentences))
