"""AMS and UMS (SIDE, arXiv 2406.12752, section 5.1), by band and cumulatively, with counts and intervals."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from side_core.extraction.matching import Match
from side_core.extraction.references import Side
from side_core.settings import ScoreName
from side_core.similarity.scores import SCORES, ScoreKind, values_of_neighbours
from side_core.stats.bootstrap import Interval, ratio_interval, unique_interval
from side_core.stats.rate import Rate, rate_of


@dataclass(frozen=True)
class Band:
    """Scores between two edges; `end` is None where the band reaches to exact copies."""

    name: str
    begin: float
    end: float | None

    def holds(self, values: np.ndarray, kind: ScoreKind) -> np.ndarray:
        """Which values lie in the band."""
        inside = kind.beats(values, self.begin)
        return inside if self.end is None else inside & ~kind.beats(values, self.end)


@dataclass(frozen=True)
class Unique:
    """How many different images came back (UMS times the number of samples).

    Attributes:
        count: with its bootstrap interval over samples; near-duplicates are one image.
        pictures: the same, each near-duplicate counted by itself.
        rarefied: for smaller numbers of samples, how many would have come back.
        at_least: some sample's 50th neighbour still lies in the band, so there may be more.
    """

    count: Interval
    pictures: int
    rarefied: dict[int, float]
    at_least: bool


@dataclass(frozen=True)
class BandMetrics:
    """One band of one score against one set.

    Attributes:
        band: which.
        ams: average memorisation score: samples whose best match lies in the band.
        nearest: different images among these best matches.
        published: different images among all neighbours in the band, as UMS is published; None for the ratio, which
            means nothing for a neighbour that is not the nearest.
    """

    band: Band
    ams: Rate
    nearest: Unique
    published: Unique | None


@dataclass(frozen=True)
class Metrics:
    """One band against all sets, and how much more often training images come back than control images.

    Attributes:
        training: against all different training images.
        compared: against as many as the control has.
        control: the same for the control; None where there is none.
        ratio: AMS of `compared` over AMS of `control`, by a paired bootstrap; None without a control.
    """

    training: BandMetrics
    compared: BandMetrics
    control: BandMetrics | None
    ratio: Interval | None


def bands(score: ScoreName) -> tuple[Band, ...]:
    """Low, mid and high, then cumulatively: low and better, mid and better."""
    low, mid, high = SCORES[score].edges
    return (
        Band("low", low, mid),
        Band("mid", mid, high),
        Band("high", high, None),
        Band("low+", low, None),
        Band("mid+", mid, None),
    )


def metrics(match: Match, score: ScoreName, chosen: tuple[Band, ...] | None = None) -> tuple[Metrics, ...]:
    """All figures of a score, one for each band (left out: `bands(score)`)."""
    return tuple(metrics_of_band(match, score, band) for band in chosen or bands(score))


def metrics_of_band(match: Match, score: ScoreName, band: Band) -> Metrics:
    """The figures of one band."""
    training = band_metrics(match.training, score, band, match.dimensions)
    shared = match.compared is match.training
    compared = training if shared else band_metrics(match.compared, score, band, match.dimensions)
    if match.control is None:
        return Metrics(training, compared, None, None)
    kind = SCORES[score]
    hits = (band.holds(side.scores.by_name(score), kind) for side in (match.compared, match.control))
    return Metrics(
        training, compared, band_metrics(match.control, score, band, match.dimensions), ratio_interval(*hits)
    )


def band_metrics(side: Side, score: ScoreName, band: Band, dimensions: int | None) -> BandMetrics:
    """AMS and both kinds of UMS of one band against one set."""
    kind = SCORES[score]
    hits = band.holds(side.scores.by_name(score), kind)
    samples = np.flatnonzero(hits)
    nearest = unique(side, samples, np.zeros_like(samples), len(hits), min(len(hits), side.searched), at_least=False)
    values = values_of_neighbours(side.neighbours, score, dimensions)
    published = None
    if values is not None:
        samples, ranks = np.nonzero(band.holds(values, kind))
        more = values.shape[1] < side.searched and bool(kind.beats(values[:, -1], band.begin).any())
        published = unique(side, samples, ranks, len(hits), side.searched, at_least=more)
    return BandMetrics(band, rate_of(hits), nearest, published)


def unique(side: Side, samples: np.ndarray, ranks: np.ndarray, count: int, most: int, at_least: bool) -> Unique:
    """Different images that came back.

    Args:
        side: what was searched.
        samples: (k,) which sample brought back
        ranks: (k,) which of its neighbours.
        count: of all samples.
        most: images that can come back at all.
        at_least: there may be more.
    """
    images = side.pictures[samples, ranks]
    _, times = np.unique(images, return_counts=True)
    sizes = [2**power for power in range(6, 40) if 2**power < count]
    return Unique(
        unique_interval(samples, images, count, most),
        len(np.unique(side.neighbours.rows[samples, ranks])),
        {n: rarefied(times, count, n) for n in sizes},
        at_least,
    )


def rarefied(times: np.ndarray, count: int, fewer: int) -> float:
    """How many different rows `fewer` of `count` samples would have brought back (Hurlbert 1971, eq. 4).

    The expectation over all choices of `fewer` samples without replacement: sum_j 1 - C(count - times_j, fewer) /
    C(count, fewer).

    Args:
        times: (m,) how many samples brought each row back.
        count: of all samples.
        fewer: 0 .. count.

    Raises:
        ValueError: `fewer` lies outside.
    """
    if not 0 <= fewer <= count:
        raise ValueError(f"{count} samples cannot be rarefied to {fewer}: choose 0 to {count}.")
    missed = np.zeros(len(times))
    possible = count - times >= fewer
    rest = count - times[possible]
    missed[possible] = np.exp(
        gammaln(rest + 1) - gammaln(rest - fewer + 1) - gammaln(count + 1) + gammaln(count - fewer + 1)
    )
    return float((1 - missed).sum())
