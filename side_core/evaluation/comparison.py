"""Methods side by side: AMS and UMS by one threshold, and their ratios to plain sampling with intervals."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from side_core.extraction.effect import positions
from side_core.extraction.matching import Match
from side_core.extraction.metrics import rarefied
from side_core.settings import EvaluateSettings, ScoreName
from side_core.similarity.scores import SCORES
from side_core.stats.bootstrap import LEVELS, RESAMPLES, SEED, Interval, ratio_interval
from side_core.stats.rate import Rate, rate_of

_PLAIN = "plain"


@dataclass(frozen=True)
class Figures:
    """One method's figures.

    Attributes:
        ams: images whose nearest training image beats the threshold.
        control: the same images against the control.
        ams_ratio: AMS over that of plain sampling, by a bootstrap over the seeds both have.
        different: different training images that came back, among `rarefied` images (expectation), with the interval of
            what so many of the images bring back.
        different_ratio: that over plain sampling's, by the same draws.
        all_different: different training images among all images.
    """

    ams: Rate
    control: Rate
    ams_ratio: Interval
    different: Interval
    different_ratio: Interval
    all_different: int


@dataclass(frozen=True)
class Comparison:
    """All methods by one threshold.

    Attributes:
        score: which.
        threshold: by which images count as copies.
        rarefied: images among which different training images are counted.
        figures: by the methods' names.
    """

    score: ScoreName
    threshold: float
    rarefied: int
    figures: Mapping[str, Figures]


def common_threshold(matches: Mapping[str, Match], score: ScoreName, control_rate: float) -> float:
    """The most generous threshold at which the control rate of every method is at most `control_rate`."""
    kind = SCORES[score]
    found = [
        kind.threshold_at(item.control.scores.by_name(score), control_rate) for item in matches.values() if item.control
    ]
    return max(found) if kind.larger_is_nearer else min(found)


def compare(matches: Mapping[str, Match], settings: EvaluateSettings, threshold: float | None = None) -> Comparison:
    """Compare methods on their images; `plain` is among them, and each has a control.

    Args:
        matches: by the methods' names.
        settings: score, control rate, and among how many images different ones are counted.
        threshold: left out: the most generous at which no method's control rate exceeds the wanted one.

    Raises:
        ValueError: a method without a control.
    """
    if any(item.control is None for item in matches.values()):
        raise ValueError("Methods are compared by what their control is worth: name a control.")
    score = settings.score
    if threshold is None:
        threshold = common_threshold(matches, score, settings.control_rate)
    count = min(settings.rarefied, *(len(item.names) // 2 for item in matches.values()))
    figures = {name: _figures_of(item, matches[_PLAIN], score, threshold, count) for name, item in matches.items()}
    return Comparison(score, threshold, count, figures)


def _figures_of(match: Match, plain: Match, score: ScoreName, threshold: float, count: int) -> Figures:
    """One method beside plain sampling."""
    kind = SCORES[score]

    def hits_of(item: Match) -> np.ndarray:
        return kind.beats(item.compared.scores.by_name(score), threshold)

    assert match.control is not None  # checked before
    hits, plain_hits = hits_of(match), hits_of(plain)
    shared = set(plain.names)
    both = [name for name in match.names if name in shared]
    mine, theirs = positions(match, both), positions(plain, both)
    rows, plain_rows = match.compared.pictures[:, 0], plain.compared.pictures[:, 0]
    different, ratio = different_of((hits[mine], rows[mine]), (plain_hits[theirs], plain_rows[theirs]), count)
    return Figures(
        rate_of(hits),
        rate_of(kind.beats(match.control.scores.by_name(score), threshold)),
        ratio_interval(hits[mine], plain_hits[theirs]),
        different,
        ratio,
        len(np.unique(rows[hits])),
    )


def different_of(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray], count: int
) -> tuple[Interval, Interval]:
    """Different rows among `count` images of the first, and their number over that of the second.

    The values are expectations (rarefaction, Hurlbert 1971). The intervals are what subsets of `count` images, the same
    seeds of both, bring back: that of a run of `count` images where there are many times as many, wider than that of
    the value itself.

    Args:
        first: (n,) which images count, and (n,) their rows.
        second: the same of what it is compared with, for the same seeds.
        count: images among which rows are counted.
    """
    values = [
        rarefied(np.unique(rows[hits], return_counts=True)[1], len(hits), count) for hits, rows in (first, second)
    ]
    random, total = np.random.default_rng(SEED), len(first[0])
    found = np.empty((RESAMPLES, 2))
    for draw in range(RESAMPLES):
        chosen = random.choice(total, count, replace=False)
        for side, (hits, rows) in enumerate((first, second)):
            found[draw, side] = len(np.unique(rows[chosen][hits[chosen]]))
    low, high = np.quantile(found[:, 0], LEVELS)
    ratios = found[:, 0] / np.maximum(found[:, 1], 1)
    ratio_low, ratio_high = np.quantile(ratios, LEVELS)
    ratio = values[0] / values[1] if values[1] else float("nan")
    return Interval(values[0], float(low), float(high)), Interval(ratio, float(ratio_low), float(ratio_high))
