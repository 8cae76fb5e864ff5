"""How often something happened, with its 95 % interval."""

import sys
from dataclasses import dataclass

import numpy as np

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Rate:
    """`beat` of `count`, with the Wilson score interval of the proportion (Wilson 1927), 0..1."""

    beat: int
    count: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The proportion, 0..1."""
        return self.beat / self.count

    def __str__(self) -> str:
        return f"{self.beat:,} of {self.count:,} ({100 * self.share:.1f} %, 95 % interval {self.interval})"

    @property
    def interval(self) -> str:
        """The interval in percent, as text."""
        return f"{100 * self.low:.1f} to {100 * self.high:.1f} %"


def rate(beat: int, count: int) -> Rate:
    """`beat` of `count` with its 95 % Wilson interval.

    Raises:
        ValueError: count is 0, or beat is not within 0..count.
    """
    if "torch" in sys.modules:  # scipy looks into it as it is imported: another thread may not have all of it yet
        import torch  # noqa: F401
    from scipy.stats import binomtest  # half a second to import

    if not 0 <= beat <= count or count < 1:
        raise ValueError(f"{beat} of {count} is no proportion: count one image or more.")
    low, high = binomtest(beat, count).proportion_ci(_CONFIDENCE, method="wilson")
    return Rate(beat, count, float(low), float(high))


def rate_of(hits: np.ndarray) -> Rate:
    """How many of an (n,) mask are true."""
    return rate(int(hits.sum()), len(hits))
