"""Methods that change the guidance of each step: away from the prompt at first, or away from the nearest picture."""

from collections.abc import Generator
from dataclasses import replace

import torch
from torch import Tensor

from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.text.guided import Guided, Halves
from side_core.mitigation.treatment import Batch, Known
from side_core.prompts.norms import norm_of

_STANDS_OUT = 2 / 3  # d1/d2 below which the nearest picture is guided away from: where the band of weak copies begins


class Opposite(Guided):
    """Guidance of a negative scale until the pull of the text has had its first local minimum, then as usual.

    Args:
        denoiser: the model.
        scale: as usual.
        opposite: of the guidance before, its sign turned.
    """

    needs_both = True

    def __init__(self, denoiser: TextDenoiser, scale: float, opposite: float):
        super().__init__(denoiser, scale)
        self.opposite = opposite
        self.before: Tensor | None = None  # (n,) norms of the step before
        self.passed = torch.zeros(0, dtype=torch.bool)

    def mixed(self, halves: Halves) -> Tensor:
        """(n, C, H, W) of each picture by its own state."""
        norms = norm_of(halves)
        if self.before is None:
            self.passed = torch.zeros_like(norms, dtype=torch.bool)
        else:
            self.passed = self.passed | (norms > self.before)  # it rises: the step before was the minimum
        self.before = norms
        scale = torch.where(self.passed, self.scale, -self.opposite).view(-1, 1, 1, 1)
        return halves.without_text + scale * (halves.with_text - halves.without_text)


def opposed(batch: Batch, strength: float, known: Known) -> Generator[None, None, Batch]:
    """Opposite guidance with a dynamic transition point (Jain et al. 2025): 0 is no guidance until then."""
    yield from ()
    return replace(batch, guided=Opposite(batch.denoiser, batch.guided.scale, strength))


class AwayFromTraining(Guided):
    """Guidance away from the training picture nearest to the present estimate, where one stands out.

    Args:
        denoiser: the model.
        scale: of classifier-free guidance.
        away: of this one.
        training: (N, C, H, W) in the model's space.
    """

    def __init__(self, denoiser: TextDenoiser, scale: float, away: float, training: Tensor):
        super().__init__(denoiser, scale)
        self.away = away
        self.rows = training.flatten(1).to(denoiser.device)

    def predict_noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """(n, C, H, W) the guided noise, pushed; without a condition, as it is."""
        noise = super().predict_noise(x, t, condition)
        return noise if condition is None else self.pushed(x, t, noise)

    def pushed(self, x: Tensor, t: int, noise: Tensor) -> Tensor:
        """(n, C, H, W): less sqrt(1 - a) * scale * the direction from the nearest picture to the estimate."""
        alpha = float(self.alphas_cumprod[t])
        estimate = (x - (1 - alpha) ** 0.5 * noise) / alpha**0.5
        flat = estimate.flatten(1)
        distances, places = torch.cdist(flat, self.rows).topk(2, dim=1, largest=False)
        out = flat - self.rows[places[:, 0]]
        direction = out / out.norm(dim=1, keepdim=True).clamp(min=1e-6)
        stands_out = distances[:, 0] < _STANDS_OUT * distances[:, 1]
        push = torch.where(stands_out[:, None], direction, 0).view_as(noise)
        return noise - (1 - alpha) ** 0.5 * self.away * push


def away_from_training(batch: Batch, strength: float, known: Known) -> Generator[None, None, Batch]:
    """Dissimilarity guidance of AMG (Chen et al. 2024), the part of it that needs the training images.

    Theirs is the gradient of a similarity through the network, where it exceeds a threshold; here the direction is
    taken at the estimate itself and has length 1, so that it costs no gradient, where the nearest ratio of the
    estimate is below 2/3.
    """
    assert known.training is not None
    yield from ()
    return replace(batch, guided=AwayFromTraining(batch.denoiser, batch.guided.scale, strength, known.training))
