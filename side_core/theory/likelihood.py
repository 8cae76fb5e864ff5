"""Log likelihood of a diffusion model by its probability-flow ODE (Song et al. 2021, section 4.3 and appendix D).

In y = x / sqrt(a) the ODE is dy/ds = e(y, s), and log p_s0(y) = log N(y_end; 0, s1^2 + v) + integral tr(de/dy) ds from
s0 to s1. The trace is estimated by a fresh Rademacher probe at each evaluation (Hutchinson; Skilling), by
vector-Jacobian products. Heun's method on a geometric grid has an error of second order: of two grids, one twice as
fine, Richardson's (4 L_2n - L_n) / 3 has it removed, and their difference says how large it was.
"""

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from side_core.dpm.differentiable import Differentiable
from side_core.theory.levels import levels_of

# The noise in (n, d...) points at a place of the grid, with the trace of its Jacobian by a probe like the points.
Field = Callable[[Tensor, int, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True, eq=False)
class LogDensity:
    """What came out.

    Attributes:
        nats: (n,) float64, extrapolated.
        halving: (n,) float64: by how much the finer grid changed it.
    """

    nats: Tensor
    halving: Tensor


def field_of(model: Differentiable, timesteps: Sequence[int], condition: Tensor | None = None) -> Field:
    """A model's noise, in y, at the timesteps of a grid."""

    def field(y: Tensor, place: int, probe: Tensor) -> tuple[Tensor, Tensor]:
        t = timesteps[place]
        signal = float(model.alphas_cumprod[t]) ** 0.5
        with torch.enable_grad():
            x = (signal * y).to(model.device).requires_grad_()
            noise = model.noise(x, t, condition)
            (product,) = torch.autograd.grad((noise * probe.to(noise)).sum(), x)
        trace = signal * (product.cpu() * probe).flatten(1).double().sum(1)
        return noise.detach().cpu(), trace

    return field


def log_density(
    field: Field, levels: Sequence[float], y: Tensor, spread: float, random: torch.Generator
) -> Generator[None, None, Tensor]:
    """(n,) float64 nats, by Heun's method on one grid; hands out each evaluation.

    Args:
        field: of the model.
        levels: (k,) growing noise levels, the places of the grid; the first is that of the points.
        y: (n, d...) points.
        spread: variance of clean images, so that the end is N(0, s1^2 + spread).
        random: for the probes.
    """

    def evaluated(at: Tensor, place: int) -> tuple[Tensor, Tensor]:
        probe = torch.randint(0, 2, at.shape, generator=random).to(at.dtype) * 2 - 1
        return field(at, place, probe)

    integral = torch.zeros(len(y), dtype=torch.float64)
    for place, (low, high) in enumerate(pairwise(levels)):
        step = high - low
        slope, trace = evaluated(y, place)
        yield
        there, trace_there = evaluated(y + step * slope, place + 1)
        yield
        y = y + step / 2 * (slope + there)
        integral += step / 2 * (trace + trace_there)
    variance, dimension = levels[-1] ** 2 + spread, y[0].numel()
    squares = y.flatten(1).double().square().sum(1)
    return integral - squares / (2 * variance) - dimension / 2 * math.log(2 * math.pi * variance)


def extrapolated(
    model: Differentiable,
    grids: tuple[Sequence[int], Sequence[int]],
    y: Tensor,
    spread: float,
    seed: int,
    condition: Tensor | None = None,
) -> Generator[None, None, LogDensity]:
    """log p of points, from a coarse and a fine grid of timesteps; hands out each evaluation.

    Args:
        model: by its second contract.
        grids: growing timesteps, the second about twice as fine.
        y: (n, C, H, W) points at the noise level of the first timestep.
        spread: see `log_density`.
        seed: of the probes.
        condition: what the model is asked for.
    """
    known, found = levels_of(model.alphas_cumprod), []
    for timesteps in grids:
        random = torch.Generator().manual_seed(seed)
        levels = [float(known[t]) for t in timesteps]
        found.append((yield from log_density(field_of(model, timesteps, condition), levels, y, spread, random)))
    coarse, fine = found
    return LogDensity((4 * fine - coarse) / 3, fine - coarse)
