"""How well a score tells memorised prompts from others: ROC, AUC, the rate at few false alarms, and their intervals.

Higher scores mean more memorised. A score counts where it lies strictly above the threshold.
"""

from dataclasses import dataclass

import numpy as np

from side_core.stats.bootstrap import LEVELS, RESAMPLES, Interval
from side_core.stats.rate import Rate, rate_of

_BOUND = 0.01  # false positives, as detection papers count them
_SEED = 0
_Z = 1.959963985  # of a 95 % interval
_TINY = 1e-8


@dataclass(frozen=True, eq=False)
class Roc:
    """The points of a ROC curve, from the strictest threshold to the most generous.

    Attributes:
        false_positives: (k,) share of the others that lie above the threshold, rising from 0 to 1.
        true_positives: (k,) share of the memorised that do.
        thresholds: (k,) falling; a score counts if it is this high or higher, the first is infinite.
    """

    false_positives: np.ndarray
    true_positives: np.ndarray
    thresholds: np.ndarray


@dataclass(frozen=True)
class Separation:
    """How well a score separates two sets of prompts.

    Attributes:
        auc: area under the ROC curve with its 95 % interval.
        tpr: share of the memorised prompts found, at the largest share of false alarms strictly below `bound`.
        threshold: what a score must exceed for that.
        found: the same as a count; `alarms`: how many of the others exceed it.
        bound: of the false alarms.
    """

    auc: Interval
    tpr: Interval
    threshold: float
    found: Rate
    alarms: Rate
    bound: float


@dataclass(frozen=True)
class Threshold:
    """A threshold from one half of the held-out prompts, tried on the other half.

    Attributes:
        value: what a score must exceed.
        chosen_on: how many held-out prompts it was chosen on.
        alarms: prompts of the other half above it.
    """

    value: float
    chosen_on: int
    alarms: Rate


@dataclass(frozen=True)
class Calibrated:
    """What such a threshold is worth.

    Attributes:
        threshold: chosen and tried on held-out prompts.
        found: memorised prompts above it.
    """

    threshold: Threshold
    found: Rate


def _check_scores(positives: np.ndarray, negatives: np.ndarray) -> None:
    """Raise ValueError unless both are (n,) finite numbers, one or more."""
    for name, scores in (("memorised", positives), ("other", negatives)):
        if scores.ndim != 1 or not len(scores):
            raise ValueError(f"The scores of {name} prompts are {list(scores.shape)}: give one or more in a row.")
        if not np.isfinite(scores).all():
            odd = int(np.flatnonzero(~np.isfinite(scores))[0])
            raise ValueError(f"Score {odd + 1} of the {name} prompts is {scores[odd]}: leave that prompt out.")


def roc(positives: np.ndarray, negatives: np.ndarray) -> Roc:
    """The ROC curve, one point for each different score.

    Args:
        positives: (m,) scores of memorised prompts.
        negatives: (n,) scores of others.

    Raises:
        ValueError: one is empty or not finite.
    """
    _check_scores(positives, negatives)
    levels = np.unique(np.concatenate([positives, negatives]))[::-1]
    alarms, found = (
        np.concatenate([[0.0], 1 - np.searchsorted(np.sort(scores), levels, side="left") / len(scores)])
        for scores in (negatives, positives)
    )
    return Roc(alarms, found, np.concatenate([[np.inf], levels]))


def _order(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """(m, n) how each pair is ordered: 1 where the memorised prompt is higher, 1/2 in a tie, 0 else."""
    difference = positives[:, None] - negatives[None, :]
    return np.where(difference > 0, 1.0, np.where(difference == 0, 0.5, 0.0))


def separation(positives: np.ndarray, negatives: np.ndarray, bound: float = _BOUND) -> Separation:
    """AUC and the rate at few false alarms, each with a 95 % interval.

    The AUC is that of Mann and Whitney: the share of pairs that are ordered rightly, ties count half. The rate is the
    TPR@1%FPR of Wen et al. 2024 and their published code: at the largest share of false positives on the curve that is
    strictly below the bound. Intervals are the quantiles of a bootstrap that draws memorised and other prompts anew,
    and with them the threshold. A bootstrap cannot see what it has not met, and is too narrow near 1 (nothing at all
    where the separation is perfect): the AUC's interval also holds Newcombe's (2006, part 2, method 5), the rate's
    also holds Wilson's.

    Args:
        positives: (m,) scores of memorised prompts.
        negatives: (n,) scores of others.
        bound: of the false alarms, 0..1.

    Raises:
        ValueError: one is empty or not finite.
    """
    _check_scores(positives, negatives)
    pairs = _order(positives, negatives)
    area, threshold = float(pairs.mean()), threshold_below(negatives, bound)
    found, alarms = rate_of(positives > threshold), rate_of(negatives > threshold)
    random = np.random.default_rng(_SEED)
    areas, rates = np.empty(RESAMPLES), np.empty(RESAMPLES)
    for draw in range(RESAMPLES):
        rows = random.integers(len(positives), size=len(positives))
        columns = random.integers(len(negatives), size=len(negatives))
        row_times = np.bincount(rows, minlength=len(positives))
        areas[draw] = row_times @ pairs @ np.bincount(columns, minlength=len(negatives)) / pairs.size
        rates[draw] = (positives[rows] > threshold_below(negatives[columns], bound)).mean()
    auc = _hull(areas, newcombe(area, len(positives), len(negatives)))
    tpr = _hull(rates, Interval(found.share, found.low, found.high))
    return Separation(auc, tpr, threshold, found, alarms, bound)


def _hull(resampled: np.ndarray, other: Interval) -> Interval:
    """The interval that holds both that of (k,) bootstrapped figures and another one."""
    low, high = np.quantile(resampled, LEVELS)
    return Interval(other.value, min(float(low), other.low), max(float(high), other.high))


def threshold_below(negatives: np.ndarray, bound: float) -> float:
    """The lowest threshold that less than `bound` of the (n,) scores exceed; one of the scores itself."""
    count = len(negatives)
    allowed = int(np.searchsorted(np.arange(count + 1) / count, bound, side="left")) - 1
    return float(np.sort(negatives)[count - 1 - min(max(allowed, 0), count - 1)])


def newcombe(area: float, positives: int, negatives: int) -> Interval:
    """The 95 % interval of an AUC that is also one where the AUC is 0 or 1 (Newcombe 2006, part 2, method 5).

    The areas that a score test does not reject, with the variance of Hanley and McNeil 1982 at the tested area and the
    mean of both counts in place of each.

    Args:
        area: the AUC, 0..1.
        positives: count of one side.
        negatives: count of the other.
    """
    from scipy.optimize import brentq

    mean = (positives + negatives) / 2 - 1

    def outside(truth: float) -> float:
        spread = 1 + mean * (1 - truth) / (2 - truth) + mean * truth / (1 + truth)
        return (area - truth) ** 2 - _Z**2 * truth * (1 - truth) * spread / (positives * negatives)

    inside = min(max(area, _TINY), 1 - _TINY)  # 0 and 1 themselves are trivial solutions where the area is there
    low = 0.0 if area <= 0 else brentq(outside, 1e-15, inside)
    high = 1.0 if area >= 1 else brentq(outside, inside, 1 - 1e-15)
    return Interval(area, float(low), float(high))


def halved(negatives: np.ndarray, bound: float = _BOUND) -> Threshold:
    """Choose a threshold on one half of the held-out prompts, the even rows, and try it on the other half.

    A threshold that is tried on the prompts it was chosen on promises too much.

    Args:
        negatives: (n,) finite scores of held-out prompts in random order.
        bound: of the false alarms.

    Raises:
        ValueError: there are fewer than two.
    """
    if len(negatives) < 2:
        raise ValueError(f"{len(negatives)} held-out prompt cannot be halved: give two or more.")
    own, others = negatives[::2], negatives[1::2]
    value = threshold_below(own, bound)
    return Threshold(value, len(own), rate_of(others > value))


def calibrated(positives: np.ndarray, negatives: np.ndarray, bound: float = _BOUND) -> Calibrated:
    """A threshold chosen on held-out prompts, see `halved`, and how many memorised prompts exceed it.

    Args:
        positives: (m,) scores of memorised prompts.
        negatives: (n,) scores of held-out prompts in random order, two or more.
        bound: of the false alarms.

    Raises:
        ValueError: there are fewer than two held-out prompts, or a score is not finite.
    """
    _check_scores(positives, negatives)
    threshold = halved(negatives, bound)
    return Calibrated(threshold, rate_of(positives > threshold.value))
