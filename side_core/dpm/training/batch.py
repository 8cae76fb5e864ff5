"""Batches to train a DPM on: which images, which timesteps, which noise. All of it follows from seed and step."""

from dataclasses import dataclass

import torch
from torch import Tensor

from side_core.settings import TrainDpmSettings

_SMALLEST_ALPHA = 0.05  # bounds the weight of the velocity loss, which would grow without limit towards pure noise


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes:
        noisy: (n, 3, H, W) images with noise.
        noise: (n, 3, H, W) the noise in them, to be predicted.
        timesteps: (n,) how much noise.
        weights: (n, 1, 1, 1) of each image's squared error.
    """

    noisy: Tensor
    noise: Tensor
    timesteps: Tensor
    weights: Tensor


def make_batch(images: Tensor, alphas_cumprod: Tensor, settings: TrainDpmSettings, step: int) -> Batch:
    """The batch of one step; it depends on the seed and the step alone.

    Args:
        images: (rows, 3, H, W) all training images, -1..1.
        alphas_cumprod: (T,) noise schedule.
        settings: seed, batch size, distribution of timesteps, weighting of the loss.
        step: 0-based number of the step.
    """
    generator = torch.Generator().manual_seed(settings.seed * 1_000_000_007 + step)
    clean = images[batch_rows(step, settings.batch_size, len(images), settings.seed)]
    noise = torch.randn(clean.shape, generator=generator)
    timesteps = draw_timesteps(settings, generator)
    alpha = alphas_cumprod[timesteps].view(-1, 1, 1, 1)
    weights = 1 / alpha.clamp(min=_SMALLEST_ALPHA) if settings.loss == "velocity" else torch.ones_like(alpha)
    return Batch(alpha.sqrt() * clean + (1 - alpha).sqrt() * noise, noise, timesteps, weights)


def draw_timesteps(settings: TrainDpmSettings, generator: torch.Generator) -> Tensor:
    """(batch_size,) timesteps 0..T-1, evenly spread over their distribution: less noisy losses.

    Spread as in Kingma et al. 2021, appendix I.1; logit-normal as in Esser et al. 2024, section 3.1 (s = 1).
    """
    count = settings.batch_size
    shares = (torch.rand((), generator=generator) + torch.arange(count) / count) % 1
    if settings.timesteps == "logit-normal":
        shares = torch.sigmoid(settings.timestep_shift + torch.special.ndtri(shares.double().clamp(1e-6, 1 - 1e-6)))
    return (shares * settings.train_timesteps).long()


def batch_rows(step: int, batch_size: int, rows: int, seed: int) -> Tensor:
    """(batch_size,) row numbers of one step; every row comes once an epoch, in an order that depends on the seed."""
    position = step * batch_size + torch.arange(batch_size)
    epochs = position // rows
    picked = torch.empty_like(position)
    for epoch in epochs.unique().tolist():
        order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch))
        here = epochs == epoch
        picked[here] = order[position[here] % rows]
    return picked
