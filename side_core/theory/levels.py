"""Noise levels: how much noise there is for a clean image at strength 1, which timestep of a model is nearest to it.

A model sees x = sqrt(a) x_0 + sqrt(1 - a) n. Divided by sqrt(a) that is y = x_0 + s n with s = sqrt((1 - a) / a), the
noise level (Karras et al. 2022, table 1).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from torch import Tensor

from side_core.dpm.denoiser import Denoiser, least_timestep_of
from side_core.settings import SettingError


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


def halved(denoiser: Denoiser, timesteps: Sequence[int]) -> tuple[int, ...]:
    """The same with one more between any two, at their geometric middle; adjacent ones have none between them."""
    levels, finer = levels_of(denoiser.alphas_cumprod), [timesteps[0]]
    for low, high in pairwise(timesteps):
        middle = nearest_timestep(denoiser, float((levels[low] * levels[high]) ** 0.5))
        finer += [middle, high] if low < middle < high else [high]
    return tuple(finer)


def check_levels(denoiser: Denoiser, levels: Sequence[float], highest: float) -> None:
    """Raise ValueError where a model has no such noise levels, or none is left above them."""
    known = levels_of(denoiser.alphas_cumprod)[least_timestep_of(denoiser) :]
    least, most = float(known[0]), min(float(known[-1]), highest)
    for level in levels:
        if not 0.9 * least <= level < most:
            raise SettingError(
                f"Noise level {level:g} lies outside what this model knows: choose between {least:.3g} and {most:.3g}.",
                "noise_levels",
            )
