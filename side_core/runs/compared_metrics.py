"""Figures of several runs side by side, each with its control, and its ratio to the baseline's."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from side_core.runs.figures import Summary, effect_in, headline_in, interval_in, rate_in
from side_core.similarity.scores import SCORES
from side_core.stats.bootstrap import FEW, Interval, Z, ratio_interval
from side_core.stats.rate import Rate
from side_core.wording import rounded


@dataclass(frozen=True)
class Figure:
    """What one run came to by one metric.

    Attributes:
        found: the figure with its 95 % interval.
        control: the same pictures against the control; None where the metric has none.
        rule: what counts, as `< 0.333`; empty where the metric's name says it.
        ratio: over the baseline's figure, with its 95 % interval; None of the baseline, and where no counts are known.
        paired: whether that interval is of the same seeds in both.
    """

    found: Rate | Interval
    control: Rate | Interval | None
    rule: str = ""
    ratio: Interval | None = None
    paired: bool = False


Hits = Mapping[str, Sequence[np.ndarray]]
"""By score, for each run which of the seeds that all share beat its threshold: (n,) masks in one order."""


@dataclass(frozen=True)
class Metric:
    """One metric of all runs.

    Attributes:
        title: what it is called.
        figures: one a run; None where the run does not have it.
        share: whether figures are shares of the pictures, to be said in per cent.
    """

    title: str
    figures: tuple[Figure | None, ...]
    share: bool = True


def metrics_of(summaries: Sequence[Summary | None], hits: Hits | None = None) -> Iterator[Metric]:
    """Every metric that a run has: the rate of each score, the chosen one first; what steering changed; bands.

    Args:
        summaries: what run.json says of each run, the baseline first; None where a run is not scored.
        hits: of runs with the same seeds, so that ratios are paired.
    """
    yield from (item for item in _all_metrics(summaries, hits or {}) if any(item.figures))


def _all_metrics(summaries: Sequence[Summary | None], hits: Hits) -> Iterator[Metric]:
    """The same with those that no run has."""
    known = [item for item in summaries if item is not None]
    chosen = dict.fromkeys(item["settings"]["score"] for item in known)
    for name in dict.fromkeys([*chosen, *(score for item in known for score in item["scores"])]):
        figures = [_rate_figure(item, name) for item in summaries]
        yield paired(metric_of(f"{SCORES[name].title} beats the threshold", figures), hits.get(name))
    effects = [None if item is None else effect_in(item) for item in summaries]
    ratios = [None if item is None else Figure(item.ratio, None) for item in effects]
    yield metric_of("Steered over plain, times as many", ratios, share=False)
    different = [None if item is None else Figure(item.different, None) for item in effects]
    yield metric_of("Different training images that came back", different, share=False)
    bands = [{} if item is None else (item.get("metrics") or {}).get("bands", {}) for item in summaries]
    for name in dict.fromkeys(name for item in bands for name in item):
        yield metric_of(f"AMS, band {name}", [_ams_figure(item, name) for item in summaries])
        yield metric_of(f"UMS, band {name}", [_ums_figure(item, name) for item in summaries])


def metric_of(title: str, figures: Sequence[Figure | None], share: bool = True) -> Metric:
    """A metric with the ratios to the baseline, where both are counted."""
    first = figures[0]
    others = [
        item if item is None or first is None else replace(item, ratio=_ratio_of(item.found, first.found))
        for item in figures[1:]
    ]
    return Metric(title, (first, *others), share)


def paired(metric: Metric, hits: Sequence[np.ndarray] | None) -> Metric:
    """The same with the ratios of equal seeds, where the masks count what the figures say."""
    if hits is None:
        return metric
    for figure, mask in zip(metric.figures, hits, strict=True):
        found = None if figure is None else figure.found
        if not isinstance(found, Rate) or (found.beat, found.count) != (int(mask.sum()), len(mask)):
            return metric  # it was counted against as many images as the control has
    first, *others = metric.figures
    ratios = [ratio_interval(mask, hits[0]) for mask in hits[1:]]
    pairs = zip(others, ratios, strict=True)
    paired = [item if item is None else replace(item, ratio=ratio, paired=True) for item, ratio in pairs]
    return replace(metric, figures=(first, *paired))


def _rate_figure(summary: Summary | None, name: Any) -> Figure | None:
    """The rate of one score."""
    line = None if summary is None else headline_in(summary, name)
    if line is None:
        return None
    return Figure(line.training, line.control, f"{SCORES[line.score].sign} {rounded(line.threshold)}")


def _ams_figure(summary: Summary | None, name: str) -> Figure | None:
    """The share of pictures in a band."""
    band = _band_in(summary, name)
    if summary is None or band is None:
        return None
    return Figure(rate_in(band["training"]["ams"]), rate_in(band["control"]["ams"]), _rule_of(summary, band))


def _ums_figure(summary: Summary | None, name: str) -> Figure | None:
    """The different images in a band, over the pictures."""
    band = _band_in(summary, name)
    if summary is None or band is None:
        return None
    found, control = (
        interval_in({"value": side["share"], "low": side["low"], "high": side["high"]})
        for side in (band["training"]["ums_nearest"], band["control"]["ums_nearest"])
    )
    return Figure(found, control, _rule_of(summary, band))


def _band_in(summary: Summary | None, name: str) -> Summary | None:
    """One band of a run, if it has it."""
    found: Summary | None = None if summary is None else ((summary.get("metrics") or {}).get("bands", {})).get(name)
    return found


def _rule_of(summary: Summary, band: Summary) -> str:
    """Which scores lie in a band."""
    kind = SCORES[summary["metrics"]["score"]]
    other = "" if band["end"] is None else f", to {rounded(band['end'])}"
    return f"{kind.symbol} {kind.sign} {rounded(band['begin'])}{other}"


def _ratio_of(first: Rate | Interval, second: Rate | Interval) -> Interval | None:
    """How many times as large; None where they are not counted."""
    return ratio_of_rates(first, second) if isinstance(first, Rate) and isinstance(second, Rate) else None


def ratio_of_rates(first: Rate, second: Rate) -> Interval:
    """One rate over another one of other pictures, with the interval of its logarithm (Katz et al. 1978).

    Where either has fewer than ten events, the ends come from the Wilson intervals of both; the upper one, and the
    ratio, may be infinite. Of the same seeds the true interval is narrower.
    """
    value = first.share / second.share if second.beat else math.inf if first.beat else math.nan
    if min(first.beat, second.beat) < FEW:
        return Interval(value, first.low / second.high, first.high / second.low if second.low > 0 else math.inf)
    spread = math.sqrt(1 / first.beat - 1 / first.count + 1 / second.beat - 1 / second.count)
    return Interval(value, value * math.exp(-Z * spread), value * math.exp(Z * spread))
