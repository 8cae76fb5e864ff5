"""A finite set of images blurred by Gaussian noise: its density and its ideal denoiser, in closed form, in chunks."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from side_core.dpm.ideal import posterior


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
