"""Mitigation as a job: one prompt without and with a method, or the search for triggers."""

import itertools
from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from torch import Tensor

from side_core.dpm.text.tokens import need_prompt
from side_core.dpm.timing import Timing, measure_timing
from side_core.files.parts import named
from side_core.files.public import check_limit
from side_core.job import Advance, CountedEstimate, Estimate
from side_core.mitigation.drawing import BATCH, PromptSet, draw_prompts, evaluations_of, sampling_of, steps_of
from side_core.mitigation.judged import Judged, judge, judged_in
from side_core.mitigation.opened import Opened, OpenedJob, gate_scores, opening_all, treatment_of
from side_core.mitigation.report import Compared
from side_core.mitigation.treatment import Treatment
from side_core.mitigation.trigger_job import TriggerJob, make_trigger_job
from side_core.progress import Part, finish
from side_core.sampling.store import Store
from side_core.settings.base import SettingError
from side_core.settings.mitigation import MitigationSettings
from side_core.settings.mitigation_methods import MITIGATIONS


@dataclass(frozen=True, eq=False)
class PromptJob(OpenedJob):
    """One prompt, the same seeds without and with a method; a `Job` of two rounds.

    Attributes:
        settings: what was asked for.
        opened: the model and what its pictures are held against.
        treatment: the method; None where it is none.
    """

    settings: MitigationSettings
    treatment: Treatment | None

    @property
    def total(self) -> int:
        """Rounds: without and with."""
        return 2

    @property
    def key(self) -> str:
        """All that the result depends on."""
        gate = self.opened.gate
        bound = f"{gate.threshold.value:.9g}" if self.settings.gated and gate else ""
        return f"mitigation {self.plain.key} {self.treated.key} {self.settings.seed}+{self.settings.count} {bound}"

    @property
    def batch(self) -> int:
        """Pictures at once."""
        return min(BATCH, self.settings.count)

    @cached_property
    def plain(self) -> PromptSet:
        """The pictures without."""
        settings = self.settings
        return PromptSet(self.denoiser, sampling_of(settings), (settings.prompt,), np.array([list(settings.seeds)]))

    @cached_property
    def treated(self) -> PromptSet:
        """The pictures with."""
        return replace(self.plain, treatment=self.treatment)

    def drawn(self, score: float | None) -> PromptSet:
        """What the second round draws: treated pictures, unless the method is gated and the prompt does not stand out.

        Args:
            score: of the prompt.
        """
        gate = self.opened.gate
        if self.settings.gated and gate is not None and score is not None and not gate.opens(np.array([score]))[0]:
            return self.plain
        return self.treated

    @cached_property
    def _names(self) -> tuple[str, str]:
        """Of both rounds' parts."""
        own = *sorted(self.fingerprints.items()), self.settings.prompt, list(self.settings.seeds)
        return named("mitigation", *own, self.plain.key), named("mitigation", *own, self.key)

    def found(self, store: Store) -> Compared:
        """What the store holds."""
        judged: list[Judged] = []
        images: list[np.ndarray] = []
        score: float | None = None
        for place, name in enumerate(self._names):
            part = store.parts.part(name)
            if part is None:
                break
            samples = self.plain if place == 0 else self.drawn(score)
            if samples.missing(store.pictures):
                break
            score = part["score"] if place == 0 else score
            judged.append(judged_in(part))
            images.append(samples.images(store.pictures)[0])
        treated = self.drawn(score) is self.treated
        return Compared(self.settings, self.opened, tuple(judged), tuple(images), score, treated, self.about())

    def estimate(self, store: Store, timing: Timing | None = None) -> Estimate:
        """Of drawing what is missing."""
        timing = timing or measure_timing(self.denoiser, self.batch)
        missing, steps, method = self._missing(store), self.settings.steps, self.settings.method
        evaluations = evaluations_of(missing[0], steps, "none") + evaluations_of(missing[1], steps, method)
        seconds = evaluations * timing.step / timing.batch
        left = self.total - self.found(store).done
        return CountedEstimate(self._steps(missing), seconds, left, self.total, "round", "done")

    def _missing(self, store: Store) -> tuple[int, int]:
        """Pictures that are not drawn yet: without, with."""
        plain, treated = (len(samples.missing(store.pictures)) for samples in (self.plain, self.treated))
        return plain, 0 if self.treatment is None else treated

    def _steps(self, missing: tuple[int, int]) -> int:
        """Steps that drawing so many takes, at most."""
        plain, treated = missing
        return steps_of(plain, self.settings.steps, "none") + steps_of(
            treated, self.settings.steps, self.settings.method
        )

    def work(self, store: Store) -> Generator[Advance | Compared, None, Compared]:
        """Draw and judge both, the plain ones first."""
        report, total = self.found(store), self._steps(self._missing(store))
        steps = itertools.count(1)
        prompts = self.plain.prompts
        for place, name in list(enumerate(self._names))[report.done :]:
            words = "Without" if place == 0 else MITIGATIONS[self.settings.method].title
            score = float(finish(gate_scores(self.denoiser, prompts))[0]) if place == 0 else report.score
            samples = self.plain if place == 0 else self.drawn(score)
            for _ in draw_prompts(samples, store.pictures):
                yield Advance(next(steps), total, words)
            judged = judge(samples.images(store.pictures), prompts, self.opened.references, self.opened.clip)
            store.parts.keep_part(name, judged.as_json() | {"score": score})
            report = self.found(store)
            yield report
        return report


def make_job(settings: MitigationSettings, opened: Opened, latents: Tensor | None = None) -> "PromptJob | TriggerJob":
    """Check what goes together.

    Args:
        settings: what is asked for.
        opened: the model and what it is held against.
        latents: training images in the model's space, where they are there already.

    Raises:
        ValueError: no prompt, a method that the model cannot take, no held-out prompts for a gate or a search, …
    """
    if settings.task == "triggers":
        return make_trigger_job(settings, opened)
    need_prompt(settings.prompt)
    check_limit("prompt_characters", len(settings.prompt))
    if settings.gated and opened.gate is None:
        raise SettingError(
            f"A gate needs prompts that the model never saw, and '{settings.model}' has none of its own: name a file.",
            "held_out",
        )
    return PromptJob(settings, opened, treatment_of(settings.method, settings.strength, opened, latents))


def open_job(
    settings: MitigationSettings, device: str | None = None, recorded: str | None = None
) -> Generator[Part, None, "PromptJob | TriggerJob"]:
    """Open what the settings name."""
    return make_job(settings, (yield from opening_all(settings, device, recorded)))
