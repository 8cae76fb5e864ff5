"""Every detector by its name: what it measures, which way it points, and what it costs."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np

from side_core.dpm.text.denoiser import TextDenoiser
from side_core.prompts.attention import attention_entropy, bright_ending, bright_norm, layer_entropy
from side_core.prompts.norms import Measuring, embedded, norms_of, score_of
from side_core.prompts.sharpness import sharpness
from side_core.prompts.tiles import clique_distance
from side_core.prompts.trajectory import Trajectory, draw_trajectory
from side_core.settings import DetectorName, DetectorSettings


@dataclass(frozen=True)
class Detector:
    """One way to tell memorised prompts from others.

    Attributes:
        name: for settings and tables.
        title: for people.
        source: who published it.
        higher: whether a higher value means more memorised; scores are turned round where not.
        cost: what it takes a prompt, in words.
        of_whole: the value of a prompt drawn to the end; None for those that need the first steps only.
    """

    name: DetectorName
    title: str
    source: str
    higher: bool
    cost: str
    of_whole: Callable[[Trajectory], float] | None = None


_WHOLE = "whole pictures"
ALL = {
    detector.name: detector
    for detector in (
        Detector("text-norm", "Pull of the text", "Wen et al. 2024", True, "the first steps"),
        Detector(
            "tiles",
            "Distance between pictures",
            "Carlini et al. 2023",
            False,
            f"{_WHOLE}, several",
            lambda whole: clique_distance(whole.pictures),
        ),
        Detector("bright-ending", "Bright ending", "Chen et al. 2025", True, _WHOLE, bright_ending),
        Detector("bright-norm", "Pull where it is bright", "Chen et al. 2025", True, _WHOLE, bright_norm),
        Detector("attention-entropy", "Entropy of attention", "Ren et al. 2024", True, _WHOLE, attention_entropy),
        Detector("layer-entropy", "Entropy of one layer", "Ren et al. 2024", True, "the first step", layer_entropy),
        Detector("sharpness", "Sharpness", "Jeon et al. 2025", True, "the first step, three times"),
    )
}


def scores_of(
    denoiser: TextDenoiser,
    names: Sequence[DetectorName],
    prompts: Sequence[str],
    settings: DetectorSettings,
    seeds: np.ndarray,
) -> Generator[Measuring, None, dict[DetectorName, np.ndarray]]:
    """(n,) scores of n prompts by each detector, turned so that higher is more memorised.

    What is done counts through all detectors, `steps_of` tells how much there is.

    Args:
        denoiser: the model.
        names: of the detectors; those that look at whole pictures share them.
        prompts: (n,).
        settings: steps, guidance, batch size.
        seeds: (n, images) of each prompt's pictures.

    Raises:
        ValueError: distances of fewer than two pictures; the model returns NaN.
    """
    found: dict[DetectorName, np.ndarray] = {}
    images = seeds.shape[1]
    done, total = 0, steps_of(names, len(prompts), images, settings)
    if "text-norm" in names:
        own = settings.model_copy(update={"score_images": images})
        norms = np.empty((len(prompts), images, settings.first_steps), np.float32)
        for event in norms_of(denoiser, prompts, own, seeds):
            done += 1
            for place, row in event.finished.items():
                norms[place] = row
            yield Measuring(done, total, {})
        found["text-norm"] = score_of(norms)
    whole = [name for name in names if ALL[name].of_whole is not None]
    size = _prompts_at_once(images, settings)
    batches = [slice(start, start + size) for start in range(0, len(prompts), size)]
    if whole:
        columns: dict[DetectorName, list[float]] = {name: [] for name in whole}
        for part in batches:
            steps, scale = settings.steps, settings.text_scale
            for drawing in draw_trajectory(denoiser, prompts[part], seeds[part], steps, scale):
                done += 1
                yield Measuring(done, total, {})
                for item in drawing.finished:
                    for name in whole:
                        columns[name].append(_value_of(ALL[name], item))
        found |= {name: np.array(values) for name, values in columns.items()}
    if "sharpness" in names:
        values = []
        for part in batches:
            condition = embedded(denoiser, [prompt for prompt in prompts[part] for _ in range(images)])
            each = sharpness(denoiser, condition, seeds[part].flatten().tolist(), settings.steps)
            values.append(each.view(-1, images).double().mean(dim=1).numpy())
            done += 1
            yield Measuring(done, total, {})
        found["sharpness"] = np.concatenate(values)
    return {name: found[name] for name in names}


def _prompts_at_once(images: int, settings: DetectorSettings) -> int:
    """How many prompts share a batch, where each has so many images."""
    return max(1, settings.batch_size // images)


def steps_of(names: Sequence[DetectorName], count: int, images: int, settings: DetectorSettings) -> int:
    """How many steps `scores_of` takes for `count` prompts."""
    batches = -(-count // _prompts_at_once(images, settings))
    norm = -(-count * images // settings.batch_size) * settings.first_steps if "text-norm" in names else 0
    whole = batches * settings.steps if any(ALL[name].of_whole is not None for name in names) else 0
    return norm + whole + (batches if "sharpness" in names else 0)


def _value_of(detector: Detector, whole: Trajectory) -> float:
    """The score of one prompt drawn to the end, turned so that higher is more memorised."""
    assert detector.of_whole is not None  # it looks at whole pictures
    value = detector.of_whole(whole)
    return value if detector.higher else -value
