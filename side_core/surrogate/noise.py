"""Noisy versions of synthetic images, and how well a classifier does at each level of noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from side_core.stats.rate import Rate, rate
from side_core.surrogate.classifier import TimeClassifier

_LEVELS = 11  # noise levels that are looked at, evenly from 0 to T - 1
_BINS = 10  # of confidence, for calibration
_BATCH = 256


@dataclass(frozen=True)
class Level:
    """How a classifier does on held-out synthetic images at one noise level.

    Attributes:
        timestep: how much noise.
        accuracy: images whose label is the likeliest.
        loss: mean negative log-likelihood of the labels, nats.
        calibration_error: mean gap between confidence and accuracy (expected calibration error, 10 bins; Guo et al.
            2017), 0..1.
    """

    timestep: int
    accuracy: Rate
    loss: float
    calibration_error: float

    def above(self, chance: float) -> bool:
        """Whether the accuracy's whole interval lies above what guessing the commonest label would reach."""
        return self.accuracy.low > chance


def levels_of(timesteps: int) -> list[int]:
    """The timesteps that are looked at, of a schedule with `timesteps`."""
    return np.linspace(0, timesteps - 1, _LEVELS).round().astype(int).tolist()


def noised(clean: Tensor, alphas: Tensor, noise: Tensor) -> Tensor:
    """x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) e (Ho et al. 2020, eq. 4), each image at its own level.

    Args:
        clean: (n, C, H, W).
        alphas: (n,) alphas_cumprod at each image's timestep.
        noise: of the shape of `clean`.
    """
    alphas = alphas.view(-1, 1, 1, 1).to(clean)
    return alphas.sqrt() * clean + (1 - alphas).sqrt() * noise


@torch.no_grad()
def evaluate(
    classifier: TimeClassifier, clean: Tensor, labels: Tensor, alphas_cumprod: Tensor, timesteps: Sequence[int]
) -> tuple[Level, ...]:
    """How the classifier does on held-out images at each of the timesteps; the noise is always the same.

    Args:
        classifier: in float32.
        clean: (n, C, H, W) images in the model's space.
        labels: (n,) int64.
        alphas_cumprod: (T,).
        timesteps: noise levels.
    """
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0)).to(clean.device)
    found = []
    for t in timesteps:
        noisy = noised(clean, alphas_cumprod[t].expand(len(clean)), noise)
        time = torch.tensor([t / len(alphas_cumprod)], device=clean.device)
        parts = [classifier(batch, time).log_softmax(dim=1) for batch in noisy.split(_BATCH)]
        logs = torch.cat(parts)
        right = logs.argmax(dim=1) == labels
        loss = torch.nn.functional.nll_loss(logs, labels)
        gap = calibration_error(logs.amax(dim=1).exp().cpu().numpy(), right.cpu().numpy())
        found.append(Level(t, rate(int(right.sum()), len(right)), float(loss), gap))
    return tuple(found)


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error (Guo et al. 2017, eq. 3) of (n,) confidences and whether they were right."""
    bins = np.minimum((np.nan_to_num(confidence) * _BINS).astype(int), _BINS - 1)
    gaps = [abs(confidence[bins == i].mean() - right[bins == i].mean()) * (bins == i).mean() for i in np.unique(bins)]
    return float(sum(gaps))
