"""One figure of one extraction, with its interval, and the same figure of the control."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from side_core.extraction.effect import positions
from side_core.extraction.matching import Match
from side_core.extraction.metrics import Band, Unique, band_metrics
from side_core.extraction.references import Side
from side_core.extraction.run import Extraction
from side_core.settings import MetricName, ScoreName
from side_core.similarity.scores import SCORES
from side_core.stats.bootstrap import Interval, Z, ratio_interval
from side_core.stats.rate import Rate, rate_of

_CONTROL_OVER_ITSELF = Interval(1.0, 1.0, 1.0)
METRICS: Mapping[MetricName, str] = {
    "ams": "AMS: share of pictures that beat the threshold",
    "ums": "UMS: different nearest training images, over pictures",
    "ums-published": "UMS as published: different images among all neighbours that beat the threshold, over pictures",
    "control": "AMS against the control",
    "ratio": "AMS over AMS against the control",
    "effect": "AMS steered over AMS plain, of the same seeds",
    "median": "median score",
}
SHARES: frozenset[MetricName] = frozenset({"ams", "ums", "ums-published", "control"})  # shown in percent


@dataclass(frozen=True)
class Measured:
    """A figure with its 95 % interval.

    Attributes:
        figure: against the training images, as many as the control has.
        control: the same figure against the control; None where there is none.
        training: how many pictures beat the threshold, and against_control: the same; None without a control.
        threshold: they were counted by.
        beating: the seeds of those pictures, so that sweeps of the same seeds can be paired; None where that is not
            known, as of a sweep that an older version has measured.
    """

    figure: Interval
    control: Interval | None
    training: Rate | None
    against_control: Rate | None
    threshold: float
    beating: tuple[str, ...] | None = None


def measure(extraction: Extraction, metric: MetricName) -> Measured:
    """Measure an extraction by its own score and threshold.

    Raises:
        ValueError: the metric needs a control or plain pictures, which there are not, or neighbours' own scores.
    """
    settings, match = extraction.settings, extraction.match
    threshold = extraction.threshold
    if match.control is None:
        if metric != "median":
            raise ValueError(needs_control(metric))
        return Measured(median(match.compared, settings.score), None, None, None, threshold)
    kind = SCORES[settings.score]
    hits, control_hits = (
        kind.beats(side.scores.by_name(settings.score), threshold) for side in (match.compared, match.control)
    )
    training, against_control = rate_of(hits), rate_of(control_hits)
    if metric == "ams":
        pair = _as_interval(training), _as_interval(against_control)
    elif metric == "control":
        pair = (_as_interval(against_control),) * 2
    elif metric == "ratio":
        pair = ratio_interval(hits, control_hits), _CONTROL_OVER_ITSELF
    elif metric == "effect":
        pair = effect(extraction, threshold)
    elif metric == "median":
        pair = median(match.compared, settings.score), median(match.control, settings.score)
    else:
        band = Band("threshold", threshold, None)
        pair = (
            _unique(match.compared, match, settings.score, band, metric),
            _unique(match.control, match, settings.score, band, metric),
        )
    beating = tuple(name for name, hit in zip(match.names, hits, strict=True) if hit)
    return Measured(*pair, training, against_control, threshold, beating)


def needs_control(metric: MetricName) -> str:
    """What to say where there is none."""
    return (
        f"Metric {metric} needs a control, without which nobody can tell what it is worth: name images of the same "
        "kind that the model never saw, or choose metric median."
    )


def _as_interval(rate: Rate) -> Interval:
    """A rate as a figure."""
    return Interval(rate.share, rate.low, rate.high)


def effect(extraction: Extraction, threshold: float) -> tuple[Interval, Interval]:
    """AMS of the steered over that of the plain pictures, by a paired bootstrap over the seeds that both have.

    Of the control: the same ratio of the rates against the control.
    """
    match, plain, score = extraction.match, extraction.plain, extraction.settings.score
    if plain is None:
        raise ValueError("Metric effect needs the same seeds drawn plainly: name a surrogate.")
    both = sorted(set(match.names) & set(plain.names), key=int)

    def ratio(side: Callable[[Match], Side | None]) -> Interval:
        hits = []
        for found in (match, plain):
            part = side(found)
            assert part is not None  # there is a control
            hits.append(SCORES[score].beats(part.scores.by_name(score)[positions(found, both)], threshold))
        return ratio_interval(*hits)

    return ratio(lambda found: found.compared), ratio(lambda found: found.control)


def _unique(side: Side, match: Match, score: ScoreName, band: Band, metric: MetricName) -> Interval:
    """Different images that came back, over the number of pictures."""
    found = band_metrics(side, score, band, match.dimensions)
    chosen: Unique | None = found.nearest if metric == "ums" else found.published
    if chosen is None:
        raise ValueError(f"Metric {metric} does not go with score {score}: choose score nl2 or l2, or metric ums.")
    count, samples = chosen.count, len(match.names)
    return Interval(count.value / samples, count.low / samples, count.high / samples)


def median(side: Side, score: ScoreName) -> Interval:
    """The median score with its interval between order statistics, whatever the scores' distribution."""
    values = np.sort(side.scores.by_name(score))
    half, reach = len(values) / 2, Z * len(values) ** 0.5 / 2
    low, high = max(0, math.floor(half - reach)), min(len(values) - 1, math.ceil(half + reach))
    return Interval(float(np.median(values)), float(values[low]), float(values[high]))
