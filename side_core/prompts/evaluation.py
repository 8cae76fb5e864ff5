"""How well detectors tell memorised prompts from held-out ones, and from training captions that are merely known."""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from side_core.dpm.text.denoiser import TextDenoiser
from side_core.prompts.detectors import ALL, Detector, scores_of
from side_core.prompts.groups import TRAINING, Group, Groups
from side_core.prompts.norms import Measuring, own_seeds
from side_core.settings import DetectorName, DetectorSettings
from side_core.stats.roc import Calibrated, Separation, calibrated, separation

APART = 1_000_000  # between the first seeds of two groups: no picture of one starts from the noise of another's

Result = TypeVar("Result")


@dataclass(frozen=True)
class Stage:
    """How far an evaluation is: `done` of `total` of what `what` names."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, eq=False)
class Scored:
    """A group of prompts with its scores by one detector.

    Attributes:
        group: which.
        scores: (n,) turned so that higher is more memorised.
        seconds: that all of them took, on this machine.
        against: how well the scores stand out from those of the held-out prompts; None of those themselves.
    """

    group: Group
    scores: np.ndarray
    seconds: float
    against: Separation | None


@dataclass(frozen=True, eq=False)
class Evaluated:
    """One detector.

    Attributes:
        detector: which.
        images: pictures a prompt.
        steps: sampling steps that it looks at.
        held_out: memorised prompts against those that the model never saw.
        training: memorised prompts against unrepeated training captions; None where none are known.
        calibrated: a threshold from one half of the held-out prompts, tried on the other half.
        groups: the scores of each group, the memorised prompts first, then the held-out ones.
        seconds_per_prompt: wall-clock on this machine, over all groups.
    """

    detector: Detector
    images: int
    steps: int
    held_out: Separation
    training: Separation | None
    calibrated: Calibrated
    groups: tuple[Scored, ...]
    seconds_per_prompt: float


@dataclass(frozen=True, eq=False)
class DetectorEvaluation:
    """Several detectors on the same prompts.

    Attributes:
        settings: what was asked for.
        fingerprint: of the model, with the `arithmetic` and `device` it was evaluated in.
        detectors: in the settings' order.
    """

    settings: DetectorSettings
    fingerprint: str
    arithmetic: str
    device: str
    detectors: tuple[Evaluated, ...]

    def by_name(self, name: DetectorName) -> Evaluated | None:
        """One of them; None if it was not asked for."""
        return next((item for item in self.detectors if item.detector.name == name), None)


def evaluate(
    denoiser: TextDenoiser, groups: Groups, settings: DetectorSettings
) -> Generator[Stage | Evaluated, None, DetectorEvaluation]:
    """Try the settings' detectors on all groups, handing out the progress, and each detector as it is finished.

    Every prompt starts from noise of its own, so that intervals over prompts also hold the luck of the noise. All
    detectors but the text's norm are tried on fewer prompts, with more images, and without the other groups.

    Raises:
        ValueError: fewer than two held-out prompts; the model returns NaN or infinity.
    """
    found: list[Evaluated] = []
    slow = tuple(name for name in settings.detectors if name != "text-norm")
    if "text-norm" in settings.detectors:
        found += yield from _try_detectors(denoiser, ("text-norm",), groups.listed, settings, settings.score_images)
        yield from found
    if slow:
        few = groups.at_most(settings.detector_prompts)
        finished = yield from _try_detectors(denoiser, slow, few, settings, settings.detector_images)
        yield from finished
        found += finished
    return evaluation_of(denoiser, settings, found)


def evaluation_of(
    denoiser: TextDenoiser, settings: DetectorSettings, finished: Sequence[Evaluated]
) -> DetectorEvaluation:
    """The detectors that are finished, in the settings' order, with what they were tried on."""
    ordered = sorted(finished, key=lambda item: settings.detectors.index(item.detector.name))
    about = denoiser.fingerprint, str(denoiser.arithmetic), str(denoiser.device)
    return DetectorEvaluation(settings, *about, tuple(ordered))


def _try_detectors(
    denoiser: TextDenoiser,
    names: Sequence[DetectorName],
    groups: Sequence[Group],
    settings: DetectorSettings,
    images: int,
) -> Generator[Stage, None, list[Evaluated]]:
    """Try some detectors; those that look at whole pictures share them.

    Args:
        denoiser: the model.
        names: of the detectors.
        groups: the memorised prompts, the held-out ones, then others.
        settings: first seed, steps, guidance, batch size.
        images: pictures a prompt.
    """
    whole = [name for name in names if ALL[name].of_whole is not None]
    together = [*([name] for name in names if name not in whole), *([whole] if whole else [])]
    scores: list[dict[DetectorName, np.ndarray]] = []
    seconds: list[dict[DetectorName, float]] = []
    for number, group in enumerate(groups):
        seeds = own_seeds(len(group.prompts), images, settings.seed + number * APART)
        scores.append({})
        seconds.append({})
        for some in together:
            watch = Stopwatch()
            work = scores_of(denoiser, some, group.prompts, settings, seeds)
            what = f"{some[0] if len(some) == 1 else 'whole pictures'}: {group.name}"
            scores[-1] |= yield from watch.timed(work, what)
            seconds[-1] |= dict.fromkeys(some, watch.seconds)
    return [
        _evaluated(
            ALL[name], groups, [part[name] for part in scores], [part[name] for part in seconds], settings, images
        )
        for name in names
    ]


def _evaluated(
    detector: Detector,
    groups: Sequence[Group],
    scores: Sequence[np.ndarray],
    seconds: Sequence[float],
    settings: DetectorSettings,
    images: int,
) -> Evaluated:
    """The figures of one detector.

    Args:
        detector: which.
        groups: the memorised prompts, the held-out ones, then others.
        scores: of each group, (n,).
        seconds: of each group.
        settings: the bound of false alarms; steps.
        images: pictures a prompt.
    """
    memorised, held_out, bound = scores[0], scores[1], settings.false_positives
    rows = tuple(
        Scored(group, own, spent, None if group is groups[1] else separation(own, held_out, bound))
        for group, own, spent in zip(groups, scores, seconds, strict=True)
    )
    seen = next((own for group, own in zip(groups, scores, strict=True) if group.name == TRAINING), None)
    whole = detector.of_whole is not None and detector.name != "layer-entropy"
    steps = settings.first_steps if detector.name == "text-norm" else settings.steps if whole else 1
    return Evaluated(
        detector,
        images,
        steps,
        separation(memorised, held_out, bound),
        None if seen is None else separation(memorised, seen, bound),
        calibrated(memorised, held_out, bound),
        rows,
        sum(seconds) / sum(len(own) for own in scores),
    )


class Stopwatch:
    """Wall-clock seconds of a generator's own work, without what the caller does between its events."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, work: Generator[Measuring, None, Result], what: str) -> Generator[Stage, None, Result]:
        """Run a generator, handing out its progress under a name."""
        while True:
            start = time.perf_counter()
            try:
                event = next(work)
            except StopIteration as end:
                return end.value
            finally:
                self.seconds += time.perf_counter() - start
            yield Stage(what, event.done, event.total)
