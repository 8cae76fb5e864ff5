"""Log likelihood by the probability-flow ODE, on mixtures whose density is known."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from side_core.progress import finish
from side_core.theory.likelihood import Field, log_density

MEANS = torch.tensor([[-0.7, 0.2], [0.5, 0.6], [0.3, -0.8]], dtype=torch.float64)
WIDTH = 0.25  # of each part of the mixture
LOWEST, HIGHEST = 0.1, 30.0


def log_mixture(y: Tensor, level: float) -> Tensor:
    """(n,) log density of the mixture with noise of a level."""
    variance = WIDTH**2 + level**2
    squares = (y[:, None] - MEANS).square().sum(2)
    return (-squares / (2 * variance)).logsumexp(1) - math.log(len(MEANS)) - math.log(2 * math.pi * variance)


def noise_of(y: Tensor, level: float) -> Tensor:
    """(n, 2) what the mixture's ideal denoiser takes for noise: -s times the score."""
    (score,) = torch.autograd.grad(log_mixture(y, level).sum(), y, create_graph=True)
    return -level * score


def field_on(levels: Sequence[float]) -> Field:
    """The mixture's field at the places of a grid."""

    def field(y: Tensor, place: int, probe: Tensor) -> tuple[Tensor, Tensor]:
        leaf = y.detach().requires_grad_()
        noise = noise_of(leaf, levels[place])
        (product,) = torch.autograd.grad((noise * probe).sum(), leaf)
        return noise.detach(), (product * probe).sum(1)

    return field


def found(points: Tensor, steps: int, probes: int) -> Tensor:
    """(n,) Richardson's of two grids, mean over many probes."""
    spread, both = WIDTH**2 + float(MEANS.square().mean()), []
    for count in (steps, 2 * steps):
        levels = np.geomspace(LOWEST, HIGHEST, count + 1).tolist()
        random = torch.Generator().manual_seed(0)
        work = log_density(field_on(levels), levels, points.repeat(probes, 1), spread, random)
        both.append(finish(work).view(probes, -1).mean(0))
    return (4 * both[1] - both[0]) / 3


@pytest.fixture(scope="module")
def points() -> Tensor:
    random = torch.Generator().manual_seed(1)
    rows = torch.randint(0, len(MEANS), (6,), generator=random)
    width = (WIDTH**2 + LOWEST**2) ** 0.5
    return MEANS[rows] + width * torch.randn(6, 2, generator=random, dtype=torch.float64)


def test_it_agrees_with_a_known_density_to_a_hundredth_of_a_nat(points: Tensor) -> None:
    truth = log_mixture(points, LOWEST)
    assert (found(points, 40, 4000) - truth).abs().max() < 0.01


def test_the_error_falls_with_the_square_of_the_steps_before_it_is_extrapolated(points: Tensor) -> None:
    truth, errors = log_mixture(points, LOWEST), []
    for steps in (10, 20, 40):
        levels = np.geomspace(LOWEST, HIGHEST, steps + 1).tolist()
        work = log_density(field_on(levels), levels, points.repeat(4000, 1), WIDTH**2, torch.Generator().manual_seed(0))
        errors.append(float((finish(work).view(4000, -1).mean(0) - truth).mean().abs()))
    assert errors[0] > 2.5 * errors[1] > 2.5 * 2.5 * errors[2]


def test_scipy_comes_to_the_same_with_another_method(points: Tensor) -> None:
    """Dormand and Prince with the exact trace, for one point."""

    def slope(level: float, state: np.ndarray) -> np.ndarray:
        y = torch.tensor(state[None, :2], requires_grad=True)
        noise = noise_of(y, level)
        trace = sum(float(torch.autograd.grad(noise[0, axis], y, retain_graph=True)[0][0, axis]) for axis in range(2))
        return np.array([*noise[0].tolist(), trace])

    point = points[0]
    end = solve_ivp(slope, (LOWEST, HIGHEST), [*point.tolist(), 0.0], rtol=1e-8, atol=1e-8).y[:, -1]
    variance = HIGHEST**2 + WIDTH**2 + float(MEANS.square().mean())
    expected = end[2] - (end[0] ** 2 + end[1] ** 2) / (2 * variance) - math.log(2 * math.pi * variance)
    assert float(found(points[:1], 40, 4000)[0]) == pytest.approx(expected, abs=0.01)
