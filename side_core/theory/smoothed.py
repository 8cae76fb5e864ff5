"""A finite set of images blurred by Gaussian noise: its density and its ideal denoiser, in closed form, in chunks."""

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from side_core.dpm.ideal import posterior
from side_core.dpm.timing import seconds_of

_TIMED = (16, 1024)  # images and rows whose comparison is timed


@dataclass(frozen=True, eq=False)
class Smoothed:
    """q_s = 1/N sum_i N(x_i, s^2 I): a training set at noise level s (SIDE, arXiv 2406.12752, definition 1).

    Attributes:
        rows: (N, d) float32 clean images in the model's space.
    """

    rows: Tensor

    @torch.no_grad()
    def noise(self, y: Tensor, level: float) -> Tensor:
        """(n, d) what the ideal denoiser takes for noise in y = x_0 + s n: (y - E[x_0 | y]) / s."""
        mean, _ = posterior(y, self.rows, 1.0, level**2)
        return (y - mean) / level

    @torch.no_grad()
    def log_density(self, y: Tensor, level: float) -> Tensor:
        """(n,) float64, nats: log q_s of (n, d) points."""
        _, peaks = posterior(y, self.rows, 1.0, level**2)
        return peaks.double() - math.log(len(self.rows)) - y.shape[1] * math.log(level * math.sqrt(2 * math.pi))


@cache
def seconds_per_pair(dimension: int) -> float:
    """How long it takes here to compare an image with one row, both of so many numbers."""
    y, rows = (torch.zeros(count, dimension) for count in _TIMED)
    return seconds_of(lambda: posterior(y, rows, 1.0, 1.0), y.device) / math.prod(_TIMED)
