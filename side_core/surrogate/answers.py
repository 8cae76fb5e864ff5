"""What a classifier takes noisy images for: p_t(c | x_t)."""

import torch
from torch import Tensor

from side_core.surrogate.classifier import TimeClassifier


@torch.no_grad()
def probabilities(network: TimeClassifier, x: Tensor, t: int, timesteps: int) -> Tensor:
    """(n, labels) float32 p_t(c | x_t) of each label, 0..1; each row adds up to 1.

    Args:
        network: on the device of x, in its number type.
        x: (n, C, H, W) noisy images.
        t: timestep of all of them, 0 (image) .. timesteps - 1 (noise).
        timesteps: of the noise schedule.

    Raises:
        ValueError: t lies outside the schedule.
    """
    if not 0 <= t < timesteps:
        raise ValueError(f"Timestep {t} lies outside the noise schedule: choose 0 to {timesteps - 1}.")
    time = torch.tensor([t / timesteps], device=x.device)
    return network(x, time).softmax(dim=1)
