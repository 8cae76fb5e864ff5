"""Memorisation divergence along the path: how far a model's denoising is from the ideal denoiser's, over noise levels.

KL(q_s0 || p_s0) is at most the divergence of the two reverse processes, which Girsanov's theorem gives as
M_path(s0) = integral from s0 to infinity of E |D_q(y, s) - D_p(y, s)|^2 / s^3 ds, y = x_i + s n. With D = y - s e that
is the integral of E |e_q - e_p|^2 over log s: no Jacobian, and exactly 0 for the ideal denoiser itself.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from side_core.dpm.denoiser import Denoiser


def noised_rows(clean: Tensor, rows: Sequence[int], level: float, timestep: int, seed: int) -> Tensor:
    """(n, ...) clean images with noise of their own, which row, timestep and seed alone decide.

    Args:
        clean: (n, ...) images in the model's space.
        rows: (n,) their places in their set.
        level: of the noise.
        timestep: of the model, which names the level.
        seed: of all.
    """
    noises = [
        torch.randn(image.shape, generator=torch.Generator().manual_seed(_seed_of(seed, row, timestep)))
        for image, row in zip(clean, rows, strict=True)
    ]
    return clean + level * torch.stack(noises)


def _seed_of(seed: int, row: int, timestep: int) -> int:
    """A seed for each seed, row and timestep."""
    return (seed * 1_000_003 + row) * 10_007 + timestep


@torch.no_grad()
def mismatch(
    denoiser: Denoiser, ideal: Tensor, noisy: Tensor, timestep: int, condition: Tensor | None = None
) -> np.ndarray:
    """(n,) |e_q - e_p|^2: squared difference between the ideal denoiser's noise and the model's.

    Args:
        denoiser: the model, p.
        ideal: (n, d) what the ideal denoiser of the images, q, takes for noise; see `Smoothed.noise`.
        noisy: (n, C, H, W) y = x_0 + s n.
        timestep: of the model, which names s.
        condition: what the model is asked for.
    """
    signal = float(denoiser.alphas_cumprod[timestep]) ** 0.5
    model = denoiser.predict_noise((signal * noisy).to(denoiser.device), timestep, condition).cpu()
    return (model.flatten(1) - ideal).double().square().sum(1).numpy()


def path_integral(levels: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """(k, n) nats from each level to the highest, by the trapezoidal rule in log s.

    Args:
        levels: (k,) growing.
        squares: (k, n) of `mismatch` at each.
    """
    pieces = 0.5 * (squares[1:] + squares[:-1]) * np.diff(np.log(levels))[:, None]
    return np.vstack([np.cumsum(pieces[::-1], axis=0)[::-1], np.zeros((1, squares.shape[1]))])


def halving_errors(levels: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """(k - 1,) by how many nats the mean from each level changed as the grid became as fine as it is.

    A grid of every second level stands against it, at the end none, which changes all; as the rule's error is of second
    order, about a third is left.

    Args:
        levels: (k,) growing, k > 1.
        squares: (k, n) of `mismatch` at each.
    """
    fine, last = path_integral(levels, squares), len(levels) - 1
    found = []
    for place in range(last):
        some = sorted({*range(place, last, 2), last}) if place < last - 1 else [last]
        found.append(abs(float((fine[place] - path_integral(levels[some], squares[some])[0]).mean())))
    return np.array(found)
