"""Noise levels: how much noise there is for a clean image at strength 1, which timestep of a model is nearest to it.

A model sees x = sqrt(a) x_0 + sqrt(1 - a) n. Divided by sqrt(a) that is y = x_0 + s n with s = sqrt((1 - a) / a), the
noise level (Karras et al. 2022, table 1).
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from torch import Tensor

from side_core.dpm.denoiser import Denoiser, least_timestep_of
from side_core.settings import SettingError

HIGHEST = 30.0  # above, every set of images is one blur
_BLURRED = 4.0  # from here on sets hardly differ
_NEAR, _FAR = 1.45, 2.0  # the most that neighbouring noise levels of a curve differ by, below that and above


def levels_of(alphas_cumprod: Tensor) -> np.ndarray:
    """(T,) the noise level at each timestep, growing."""
    alphas = alphas_cumprod.double().cpu().numpy()
    return np.sqrt((1 - alphas) / alphas)


def nearest_timestep(denoiser: Denoiser, level: float) -> int:
    """The timestep whose noise level is nearest, on a logarithmic scale, among those the model can be asked for."""
    levels, least = levels_of(denoiser.alphas_cumprod), least_timestep_of(denoiser)
    return least + int(np.abs(np.log(levels[least:] / level)).argmin())


def timesteps_between(denoiser: Denoiser, lowest: float, highest: float, steps: int) -> tuple[int, ...]:
    """At most `steps` + 1 growing timesteps, geometrically spread in the noise level, both ends included."""
    found = (nearest_timestep(denoiser, float(level)) for level in np.geomspace(lowest, highest, steps + 1))
    return tuple(dict.fromkeys(found))


def highest_of(denoiser: Denoiser) -> float:
    """The noise level at which everything ends that is measured of a model."""
    return min(HIGHEST, float(levels_of(denoiser.alphas_cumprod)[-1]))


def curve_from(denoiser: Denoiser, lowest: float) -> tuple[int, ...]:
    """Growing timesteps from a noise level to the highest, both ends included: close where sets of images differ."""
    highest = highest_of(denoiser)
    turn = min(max(lowest, _BLURRED), highest)
    found: list[int] = []
    for low, high, factor in ((lowest, turn, _NEAR), (turn, highest, _FAR)):
        found += timesteps_between(denoiser, low, high, math.ceil(math.log(high / low) / math.log(factor)))
    return tuple(dict.fromkeys(found))


def halved(denoiser: Denoiser, timesteps: Sequence[int]) -> tuple[int, ...]:
    """The same with one more between any two, at their geometric middle; adjacent ones have none between them."""
    levels, finer = levels_of(denoiser.alphas_cumprod), [timesteps[0]]
    for low, high in pairwise(timesteps):
        middle = nearest_timestep(denoiser, float((levels[low] * levels[high]) ** 0.5))
        finer += [middle, high] if low < middle < high else [high]
    return tuple(finer)


def check_levels(denoiser: Denoiser, levels: Sequence[float]) -> None:
    """Raise ValueError where a model has no such noise levels, or none is left above them."""
    known = levels_of(denoiser.alphas_cumprod)[least_timestep_of(denoiser) :]
    least, most = float(known[0]), highest_of(denoiser)
    for level in levels:
        if not 0.9 * least <= level < most:
            raise SettingError(
                f"Noise level {level:g} lies outside what this model knows: choose between {least:.3g} and {most:.3g}.",
                "noise_levels",
            )
