"""lambda(t): how hard a surrogate steers at each timestep."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from side_core.settings import GuidanceSettings, GuidanceShape


@dataclass(frozen=True)
class Strength:
    """The guidance scale inside a window of timesteps; 0 outside.

    Attributes:
        scale: the largest lambda.
        first: timestep at which the window begins, on the noisy side.
        last: at which it ends; both belong to it.
        shape: `constant`; `ramp` rises evenly from 0 to the scale at `last`; `cosine` rises to the scale in the middle
            and falls again (a raised cosine, 0 just outside both ends).
    """

    scale: float
    first: int
    last: int
    shape: GuidanceShape = "constant"

    def at(self, t: int) -> float:
        """lambda(t)."""
        if not self.last <= t <= self.first:
            return 0.0
        width = self.first - self.last + 1
        if self.shape == "ramp":
            return self.scale * (self.first - t + 1) / width
        if self.shape == "cosine":
            return self.scale * 0.5 * (1 - math.cos(2 * math.pi * (self.first - t + 1) / (width + 1)))
        return self.scale

    def on(self, timesteps: Sequence[int]) -> list[float]:
        """lambda at each of these timesteps."""
        return [self.at(t) for t in timesteps]


def strength_of(settings: GuidanceSettings, timesteps: int) -> Strength:
    """The strength that complete settings ask for; what is still left out is the whole schedule at a constant 5.

    Args:
        settings: with the surrogate's card filled in, see `GuidanceSettings.over`.
        timesteps: of the model's noise schedule.

    Raises:
        ValueError: the window is empty, or lies outside the schedule.
    """
    if settings.guide_to is not None and settings.guide_to >= timesteps:
        raise ValueError(
            f"Guide-to {settings.guide_to} lies beyond the model's {timesteps} timesteps: choose {timesteps - 1} or "
            "less."
        )
    whole = GuidanceSettings(guidance_scale=5.0, guide_from=timesteps - 1, guide_to=0, guidance_shape="constant")
    full = settings.over(whole)
    assert full.guidance_scale is not None and full.guide_from is not None  # they were filled in
    assert full.guide_to is not None and full.guidance_shape is not None
    return Strength(full.guidance_scale, full.guide_from, full.guide_to, full.guidance_shape)
