"""Intervals over samples, for figures that are no plain proportions: unique images, ratios of rates."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from side_core.stats.rate import rate
from side_core.wording import counted

RESAMPLES = 1000
LEVELS = (0.025, 0.975)
Z = 1.96  # standard deviations of a 95 % interval
SEED = 0
FEW = 10  # below so many events a bootstrap cannot see what it has not met
_BLOCK = 50  # resamples at once; bounds the memory


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def as_ratio(self) -> str:
        """In words, where it is one figure over another; nothing over nothing has no ratio."""
        if math.isnan(self.value):
            return "no ratio, as neither has any"
        if math.isinf(self.value):
            return f"∞ ({self.low:.2f} or more)"
        return f"{self.value:.2f} ({self.low:.2f} to {'∞' if math.isinf(self.high) else f'{self.high:.2f}'})"


def unique_interval(samples: np.ndarray, rows: np.ndarray, count: int, most: float = math.inf) -> Interval:
    """How many different rows came back, with an interval for how many `count` samples bring back on average.

    It holds the mean over many runs as large; a single other run lies in it less often (83 to 95 % in simulations, as
    it varies by itself, too). A bootstrap over samples gives the spread of the rows that were met. Rows that nobody has
    met yet would come and go as well; their part of the variance follows from how many rows were met once and twice
    (Chao 1987). Half a row is added at both ends, as counts are whole. Below ten rows the interval is widened to
    Wilson's of a proportion. No mean can lie beyond `most`, so the interval ends there.

    Args:
        samples: (k,) which sample,
        rows: (k,) came back as which row.
        count: of all samples, also those that brought nothing back.
        most: different rows that can come back at all.
    """
    codes, numbers, times = np.unique(rows, return_inverse=True, return_counts=True)
    involved, places = np.unique(samples, return_inverse=True)
    seen = len(codes)
    wilson = rate(min(seen, count), count)
    if not seen:
        return Interval(0, 0, min(count * wilson.high, most))
    table = sparse.csr_matrix((np.ones(len(rows), np.float32), (numbers, places)), shape=(seen, len(involved)))
    shares = np.append(np.full(len(involved), 1 / count), max(0.0, 1 - len(involved) / count))  # the last: all others
    random = np.random.default_rng(SEED)
    found = []
    for start in range(0, RESAMPLES, _BLOCK):
        drawn = random.multinomial(count, shares, size=min(_BLOCK, RESAMPLES - start))[:, :-1]
        found.append(((table @ drawn.T.astype(np.float32)) > 0).sum(axis=0))
    # Rows that come in groups, several of one sample, also stay away in groups.
    variance = np.concatenate(found).var() + _unmet_variance(times) * len(rows) / len(involved)
    reach = Z * float(variance) ** 0.5 + 0.5
    low, high = seen - reach, seen + reach
    if seen < FEW:
        low, high = min(low, count * wilson.low), max(high, count * wilson.high)
    return Interval(seen, max(0.0, low), min(high, most))


def _unmet_variance(times: np.ndarray) -> float:
    """Variance of how many rows come back that nobody has met yet, from (m,) how often each other row came back.

    There are about f1 (f1 - 1) / (2 (f2 + 1)) of them (Chao 1987, bias-corrected), which share as many events as rows
    were met once (Good 1953), each met or not.
    """
    once, twice = int((times == 1).sum()), int((times == 2).sum())
    unmet = once * (once - 1) / (2 * (twice + 1))
    if not unmet:
        return 0.0
    missed = math.exp(-once / unmet)
    return unmet * missed * (1 - missed)


def mean_interval(values: np.ndarray) -> Interval:
    """Mean of (n,) samples with its interval; see `mean_intervals`."""
    return mean_intervals(values[None])[0]


def mean_intervals(values: np.ndarray) -> list[Interval]:
    """Means of the same n samples in each of k figures, (k, n), with 95 % percentile intervals of one bootstrap.

    Raises:
        ValueError: there is one sample, or none, which says nothing of how far they vary.
    """
    count = values.shape[1]
    if count < 2:
        raise ValueError(f"{counted(count, 'sample')} cannot have an interval: take two or more.")
    random, means = np.random.default_rng(SEED), []
    for start in range(0, RESAMPLES, _BLOCK):
        drawn = random.multinomial(count, np.full(count, 1 / count), min(_BLOCK, RESAMPLES - start))
        means.append(drawn @ values.T / count)
    low, high = np.quantile(np.concatenate(means), LEVELS, axis=0)
    return [Interval(*map(float, found)) for found in zip(values.mean(axis=1), low, high, strict=True)]


def ratio_interval(first: np.ndarray, second: np.ndarray) -> Interval:
    """Rate of the (n,) mask `first` over that of `second`, of the same samples, with a paired bootstrap.

    Where either has fewer than ten events, the ends come from the Wilson intervals of both instead; the upper end
    (and the ratio) may be infinite.
    """
    count, events = len(first), (int(first.sum()), int(second.sum()))
    if min(events) < FEW:
        a, b = rate(events[0], count), rate(events[1], count)
        value = events[0] / events[1] if events[1] else (math.inf if events[0] else math.nan)
        return Interval(value, a.low / b.high, a.high / b.low if b.low > 0 else math.inf)
    both = np.array([(first & second).sum(), (first & ~second).sum(), (~first & second).sum()]) / count
    drawn = np.random.default_rng(SEED).multinomial(count, [*both, max(0.0, 1 - both.sum())], size=RESAMPLES)
    ratios = (drawn[:, 0] + drawn[:, 1]) / np.maximum(drawn[:, 0] + drawn[:, 2], 1)
    low, high = np.quantile(ratios, LEVELS)
    return Interval(events[0] / events[1], float(low), float(high))
