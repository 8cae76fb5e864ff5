"""What a surrogate's card tells: of which model, from what, how well it does at each noise level, how to use it."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor

from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.settings import GuidanceSettings, SurrogateSettings
from side_core.similarity.encoder import Encoder
from side_core.surrogate.classifier import TimeClassifier, parameters_of
from side_core.surrogate.clusters import Clusters
from side_core.surrogate.noise import Level
from side_core.surrogate.strength import strength_of
from side_core.surrogate.training import Evaluation

KIND = "surrogate"
_FAINTEST = 0.05  # share of the image in x_t, sqrt(a_t), below which there is nothing to be seen


@dataclass(frozen=True)
class Training:
    """How a training went.

    Attributes:
        steps: done when it ended; `best_step` is the one that was kept.
        seconds: it took.
        evaluations: all on held-out images, in their order.
        chance: accuracy there of always guessing the commonest label.
    """

    steps: int
    best_step: int
    seconds: float
    evaluations: tuple[Evaluation, ...]
    chance: float


def make_card(
    model: str,
    denoiser: Denoiser,
    settings: SurrogateSettings,
    synthetic: TrainingSet,
    encoder: Encoder,
    clusters: Clusters,
    network: TimeClassifier,
    training: Training,
) -> dict[str, Any]:
    """All that a reader must know of a surrogate, as JSON."""
    threads = torch.get_num_threads()
    about = _network_about(network, denoiser.shape, len(clusters.kept))
    best = next(item for item in training.evaluations if item.step == training.best_step)
    return {
        "kind": KIND,
        "objective": settings.objective,
        "model": {"name": model, "fingerprint": denoiser.fingerprint},
        "synthetic": {
            "source": settings.synthetic or synthetic.name,
            "count": len(synthetic),
            "fingerprint": synthetic.fingerprint,
        },
        "encoder": {"name": encoder.name, "description": encoder.description, "fingerprint": encoder.fingerprint},
        "clusters": {
            "source": settings.label_source,
            "tau": settings.cohesion,
            "kept": clusters.kept.tolist(),
            "cohesion": [round(float(value), 4) for value in clusters.cohesion],
        },
        "network": about | {"parameters": parameters_of(network)},
        "guidance": {
            **settings.guidance.model_dump(exclude_none=True),
            "label": "balanced",
        },
        "training": {
            "steps": training.steps,
            "best_step": training.best_step,
            "seconds": round(training.seconds, 1),
            "chance": training.chance,
            "curve": [{"step": item.step, "loss": round(item.loss, 5)} for item in training.evaluations],
            "levels": [_level_json(level) for level in best.levels],
        },
        "warnings": warnings_of(settings, best.levels, training.chance, denoiser.alphas_cumprod),
        "settings": settings.model_dump(mode="json"),
        "hardware": f"{denoiser.device}, {platform.machine()}, {threads} threads",
        "torch": version("torch"),
    }


def _network_about(network: TimeClassifier, shape: Sequence[int], labels: int) -> dict[str, Any]:
    """What is needed to make the same network again."""
    return {
        "shape": list(shape),
        "labels": labels,
        "width": network.width,
        "blocks": network.blocks_a_level,
        "timed": network.timed,
    }


def _level_json(level: Level) -> dict[str, float]:
    """One noise level: accuracy with count and interval, loss, calibration error."""
    rate = level.accuracy
    return {
        "timestep": level.timestep,
        "right": rate.beat,
        "count": rate.count,
        "accuracy": rate.share,
        "low": rate.low,
        "high": rate.high,
        "loss": level.loss,
        "calibration_error": level.calibration_error,
    }


def warnings_of(
    settings: GuidanceSettings, levels: Sequence[Level], chance: float, alphas_cumprod: Tensor
) -> list[str]:
    """A sentence where a surrogate has learned nothing at noise levels where it will be used.

    Levels at which noise has all but drowned the image, so that nobody could learn there, do not count.
    """
    strength = strength_of(settings, len(alphas_cumprod))
    inside = [level for level in levels if strength.last <= level.timestep <= strength.first]
    middle = (strength.first + strength.last) / 2
    used = inside or [min(levels, key=lambda level: abs(level.timestep - middle))]
    used = [level for level in used if alphas_cumprod[level.timestep] ** 0.5 >= _FAINTEST] or used
    blind = [level for level in used if not level.above(chance)]
    if not blind:
        return []
    if len(blind) == len(used):
        return [
            "The surrogate has learned nothing at any noise level where it will be used: on held-out images it is no "
            f"better than guessing ({100 * chance:.1f} %). Draw more images, make fewer clusters, or train longer."
        ]
    named = ", ".join(f"t = {level.timestep}" for level in blind)
    best = max((level.timestep for level in used if level.above(chance)), default=0)
    return [
        f"The surrogate has learned nothing at {named}, where it will be used: on held-out images it is no better than "
        f"guessing ({100 * chance:.1f} %). Steer from t = {best} on at most, or train longer."
    ]
