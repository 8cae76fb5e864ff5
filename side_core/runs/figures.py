"""The figures of a kept run, read back from what run.json says of it."""

import math
from collections.abc import Mapping
from typing import Any

from side_core.extraction.effect import Effect
from side_core.extraction.headline import WITHHELD, Headline, Second
from side_core.settings import ScoreName
from side_core.stats.bootstrap import Interval
from side_core.stats.rate import Rate

Summary = Mapping[str, Any]


def rate_in(found: Summary) -> Rate:
    """A rate as `summary.rate_json` writes it."""
    return Rate(found["beat"], found["count"], found["low"], found["high"])


def interval_in(found: Summary) -> Interval:
    """A figure as `summary.interval_json` writes it.

    A value that JSON cannot say is infinite where something is over nothing, as its lower end tells; else undefined.
    """
    value, low, high = (found[key] for key in ("value", "low", "high"))
    low = math.nan if low is None else low
    if value is None:
        value = math.inf if low > 0 else math.nan
    return Interval(value, low, math.inf if high is None else high)


def headline_in(summary: Summary, score: ScoreName | None = None) -> Headline | None:
    """How many pictures beat the threshold of a score, with its control; None where the run has no control.

    Args:
        summary: what run.json says.
        score: left out: the one that counts.
    """
    name: ScoreName = score or summary["settings"]["score"]
    found = summary["scores"].get(name)
    if found is None or "training" not in found:
        return None
    full, calibrated, data = found["all_training"], found["calibrated_control"], summary["data"]
    searched = data["searched"]
    return Headline(
        name,
        found["threshold"],
        rate_in(found["training"]),
        rate_in(found["control"]),
        None if full is None else rate_in(full),
        (data.get("compared_with_control", searched), searched),
        None if calibrated is None else rate_in(calibrated),
    )


def second_in(summary: Summary) -> Second | None:
    """The same pictures by the other threshold; None where there is none, as of runs of former versions."""
    name: ScoreName = summary["settings"]["score"]
    found = summary["scores"].get(name, {})
    if (second := found.get("second")) is None:
        return None
    rates = rate_in(second["training"]), rate_in(second["control"])
    threshold, first = second["threshold"], found["threshold"]
    return Second(name, second["control_rate"], threshold, *rates, first, second["missed_by_first"])


def withheld_in(summary: Summary) -> str:
    """Why a run has no headline."""
    found = summary["scores"].get(summary["settings"]["score"], {})
    return str(found.get("withheld") or WITHHELD)


def effect_in(summary: Summary, score: ScoreName | None = None) -> Effect | None:
    """What steering changed; None of a run that was not steered, has no plain twin, or no control."""
    guided = headline_in(summary, score)
    plain = (summary.get("surrogate") or {}).get("plain")
    found = None if guided is None or plain is None else plain["scores"].get(guided.score)
    if guided is None or found is None:
        return None
    training, control = rate_in(found["training"]), rate_in(found["control"])
    twin = Headline(guided.score, found["threshold"], training, control, None, guided.searched, guided.calibrated)
    return Effect(
        guided,
        twin,
        interval_in(found["steered_over_plain"]),
        interval_in(found["different"]),
        interval_in(found["different_plain"]),
    )
