"""Methods that change the initial noise: to where the prompt makes no sharp peak, or where it pulls less."""

import math
from collections.abc import Generator
from dataclasses import replace

import torch
from torch import Tensor

from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.text.guided import Guided, Halves
from side_core.mitigation.treatment import Batch, Known, check_finite

_LEARNING_RATE, _ITERATIONS, _GAUSSIAN = 0.05, 10, 0.05  # of the authors' code for Stable Diffusion 1.4
_BESIDE = 1 / 128  # of the noise's length: their step of 1 beside noise of 4 x 64 x 64
_FAR = 50 / 128  # the same of Han et al.: rho 50
_TIMES = 2  # Han et al.: adjustments
_LATER = 0.1  # Han et al.: steps without guidance, 5 of 50


def less_sharp(batch: Batch, strength: float, known: Known) -> Generator[None, None, Batch]:
    """Sharpness-aware initialisation (SAIL; Jeon et al. 2025, algorithm 2).

    Adam on the noise x until || D(x + s) ||_2, with D = e_c - e_0 and s a short step along D(x), is at the target, at
    most ten times; a small term holds the noise to its length. Their target is absolute, here it is a multiple of the
    usual norm; where they draw new noise until it is reached, here the picture keeps its own seed.
    """
    assert known.usual_norm is not None
    target, t = strength * known.usual_norm, batch.first
    x = batch.start.clone().requires_grad_()
    beside = _BESIDE * math.sqrt(x[0].numel())
    optimiser = torch.optim.Adam([x], lr=_LEARNING_RATE)
    for step in range(1, _ITERATIONS + 1):
        with torch.enable_grad():
            pull = _pull(batch.denoiser, x, t, batch.condition)
            lengths = pull.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1, 1)
            displaced = _pull(batch.denoiser, x + beside * pull / lengths, t, batch.condition)
            norms = displaced.flatten(1).norm(dim=1)
            check_finite(norms, "sharp", step)
            above = norms > target
            if not above.any():
                break
            loss = (norms + _GAUSSIAN * x.flatten(1).norm(dim=1))[above].sum()
            (x.grad,) = torch.autograd.grad(loss, x)
        before = x.detach().clone()
        optimiser.step()
        with torch.no_grad():
            x.copy_(torch.where(above.view(-1, 1, 1, 1), x, before))
        yield
    return replace(batch, start=x.detach())


@torch.no_grad()
def adjusted(batch: Batch, strength: float, known: Known) -> Generator[None, None, Batch]:
    """Adjust the noise twice, x - gamma (D(x + d) - D(x)), d far along D(x); guide after the first tenth of the steps.

    The batch-wise variant of Han et al. 2025 (algorithm 1, gamma 0.7), in which each picture is adjusted alone.
    """
    x, t = batch.start, batch.first
    far = _FAR * math.sqrt(x[0].numel())
    for step in range(1, _TIMES + 1):
        pull = _pull(batch.denoiser, x, t, batch.condition)
        lengths = pull.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1, 1)
        x = x - strength * (_pull(batch.denoiser, x + far * pull / lengths, t, batch.condition) - pull)
        check_finite(x, "batch-noise", step)
        yield
    waited = math.ceil(_LATER * len(batch.schedule))
    later = Later(batch.denoiser, batch.guided.scale, batch.schedule.timesteps[waited])
    return replace(batch, start=x, guided=later)


class Later(Guided):
    """No guidance before a timestep.

    Args:
        denoiser: the model.
        scale: from then on.
        begins: the first timestep that is guided.
    """

    needs_both = True

    def __init__(self, denoiser: TextDenoiser, scale: float, begins: int):
        super().__init__(denoiser, scale)
        self.begins = begins

    def mixed(self, halves: Halves) -> Tensor:
        """(n, C, H, W)."""
        return halves.without_text if halves.timestep > self.begins else super().mixed(halves)


def _pull(denoiser: TextDenoiser, x: Tensor, t: int, condition: Tensor) -> Tensor:
    """(n, C, H, W) e_c - e_0, with a gradient where x asks for one."""
    both = torch.cat([condition, denoiser.empty.expand(len(x), -1, -1)])
    with_text, without_text = denoiser.noise(torch.cat([x, x]), t, both).chunk(2)
    return with_text - without_text
