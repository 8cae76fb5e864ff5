"""Which timesteps are visited on the way from noise to image."""

from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from side_core.dpm.denoiser import Denoiser, least_timestep_of
from side_core.sampling.completed import ends_clean, offset_of, spacing_of, stride_of
from side_core.settings import SamplingSettings, Spacing

_KARRAS_RHO = 7.0  # Karras et al. 2022, section 3


@dataclass(frozen=True)
class Schedule:
    """A decreasing list of timesteps with their signal levels.

    Attributes:
        timesteps: strictly decreasing, T-1 (noise) .. 0 (image).
        alphas: `alphas_cumprod` at each of them, and 1 for the finished image: one longer than `timesteps`.
        ends: the signal level that each DDIM step leads to; empty: that of the next timestep.
    """

    timesteps: tuple[int, ...]
    alphas: tuple[float, ...]
    ends: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.timesteps)

    def end_of(self, index: int) -> float:
        """The signal level that a DDIM step leads to."""
        return self.ends[index] if self.ends else self.alphas[index + 1]


def make_schedule(
    alphas_cumprod: Tensor,
    steps: int,
    spacing: Spacing = "leading",
    first: int | None = None,
    last: int = 0,
    offset: int = 0,
) -> Schedule:
    """Choose `steps` timesteps between `first` (noise) and `last`, both included.

    `leading`, `trailing` and `linspace` are those of Lin et al. 2024 (table 2), as in diffusers; `quadratic` is
    Song et al. 2021 (appendix D.3), denser near the image; `karras` is Karras et al. 2022 (eq. 5), rho = 7,
    at the nearest timesteps. Where rounding would visit a timestep twice, the next free one is taken.

    Args:
        alphas_cumprod: (T,) the model's noise schedule.
        steps: how many.
        spacing: how they are spread.
        first: largest timestep; left out: T - 1.
        last: smallest timestep.
        offset: added to each timestep, as far as the window has room for it.

    Raises:
        ValueError: the window lies outside the schedule or has fewer timesteps than `steps`.
    """
    total = len(alphas_cumprod)
    first = total - 1 if first is None else first
    if first >= total:
        raise ValueError(
            f"First timestep {first} lies beyond the model's {total} timesteps: choose {total - 1} or less."
        )
    if not 0 <= last <= first:
        raise ValueError(f"Last timestep {last} does not come after first timestep {first}: choose 0 to {first}.")
    width = first - last + 1
    if not 1 <= steps <= width:
        raise ValueError(
            f"{steps} steps do not fit between timesteps {first} and {last}: choose 1 to {width}, or a wider window."
        )
    rising = last + offset + _offsets(alphas_cumprod[last : first + 1].double().numpy(), steps, spacing)
    chosen: list[int] = []
    for i, t in enumerate(rising):
        at_least = chosen[-1] + 1 if chosen else last
        chosen.append(min(max(round(float(t)), at_least), first - (steps - 1 - i)))
    timesteps = tuple(reversed(chosen))
    return Schedule(timesteps, (*(float(alphas_cumprod[t]) for t in timesteps), 1.0))


def _offsets(alphas: np.ndarray, steps: int, spacing: Spacing) -> np.ndarray:
    """(steps,) rising distances from the window's last timestep, not yet rounded.

    Args:
        alphas: (width,) alphas_cumprod inside the window, from its last timestep to its first.
        steps: how many.
        spacing: how they are spread.
    """
    width = len(alphas)
    if spacing == "leading":
        return np.arange(steps) * (width // steps)
    if spacing == "trailing":
        return np.round(np.arange(width, 0, -width / steps))[:steps][::-1] - 1
    if steps == 1:
        return np.array([width - 1])
    even = np.linspace(0, 1, steps)
    if spacing == "linspace":
        return even * (width - 1)
    if spacing == "quadratic":
        return even**2 * (width - 1)
    sigmas = np.sqrt((1 - alphas) / alphas)
    root = np.maximum(sigmas, 1e-6) ** (1 / _KARRAS_RHO)
    wanted = root[0] + even * (root[-1] - root[0])
    return np.interp(wanted, root, np.arange(width))


def schedule_of(settings: SamplingSettings, denoiser: Denoiser) -> Schedule:
    """The schedule that the settings ask for; what they leave out is as the model's own scheduler says.

    Raises:
        ValueError: it does not fit the model's timesteps.
    """
    schedule = make_schedule(
        denoiser.alphas_cumprod,
        settings.steps,
        spacing_of(settings, denoiser),
        settings.first_timestep,
        settings.last_timestep,
        offset_of(settings, denoiser),
    )
    least = least_timestep_of(denoiser)
    if schedule.timesteps[-1] < least:
        raise ValueError(
            f"The model returns no numbers at timestep {schedule.timesteps[-1]}, as its U-Net divides by the timestep "
            f"(time_embedding_type 'fourier'): set the last timestep to {least}."
        )
    return replace(schedule, ends=_ends_of(schedule, settings, denoiser))


def _ends_of(schedule: Schedule, settings: SamplingSettings, denoiser: Denoiser) -> tuple[float, ...]:
    """(steps,) the signal level that each DDIM step leads to, as the model's own scheduler has it.

    Below timestep 0 lies the clean image, or, where that scheduler never reaches it, the level of timestep 0.
    """
    final = 1.0 if ends_clean(settings, denoiser) else float(denoiser.alphas_cumprod[0])
    stride = stride_of(settings, denoiser)
    if stride is None:
        return (*schedule.alphas[1:-1], final)
    below = [t - stride for t in schedule.timesteps]
    return tuple(float(denoiser.alphas_cumprod[t]) if t >= 0 else final for t in below)
