"""What strong guidance does to images: some saturate, some are lost to NaN; the others are none the worse."""

import torch
from torch import Tensor

_MOST_CLIPPED = 0.5  # an image is saturated where more of its values than this lie at or beyond -1 or 1
_EVERYWHERE = 0.999  # of the way to 1: rounding does not hide a clipped value


class Health:
    """Which images of a batch were lost or are saturated, and since which step.

    Attributes:
        lost: (n,) 0-based step at which an image became NaN or infinite; -1 where it did not.
        saturated: (n,) step since which its estimate has been saturated without a break; -1 where it is not.
    """

    def __init__(self, count: int):
        self.lost = torch.full((count,), -1)
        self.saturated = torch.full((count,), -1)

    def lose(self, finite: Tensor, index: int) -> None:
        """Note the images that are not finite, (n,) mask, at this step."""
        self.lost[~finite.cpu() & (self.lost < 0)] = index

    def look(self, estimate: Tensor, index: int, bound: float = 1.0) -> None:
        """Note which estimates, (n, C, H, W), lie at or beyond -bound or bound almost everywhere at this step."""
        share = (estimate.abs() >= _EVERYWHERE * bound).flatten(1).float().mean(dim=1).cpu()
        now = share > _MOST_CLIPPED
        self.saturated[now & (self.saturated < 0)] = index
        self.saturated[~now] = -1

    @property
    def alive(self) -> Tensor:
        """(n,) mask of the images that are not lost."""
        return self.lost < 0
