"""One cell of a sweep: a figure with its count, its interval and its control; as JSON and back."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from side_core.sampling.missing import images_of
from side_core.sampling.store import Store
from side_core.settings import ExtractSettings, MetricName, Value
from side_core.stats.bootstrap import Interval
from side_core.stats.rate import rate
from side_core.sweep.measure import Measured
from side_core.sweep.plan import Place

SHOWN = 8  # pictures of each cell, of the first seeds: the same in all


@dataclass(frozen=True, eq=False)
class Cell:
    """What was measured in one place of a sweep.

    Attributes:
        curve: the surrogate that steered, or `none`.
        values: one for each axis.
        settings: of the extraction.
        metric: what was measured.
        measured: the figure and its control; None where guidance has lost every picture.
        count: pictures that were scored.
        lost: pictures that guidance has driven to NaN or infinity, and saturated: that are still pictures.
        pictures: of the first seeds, (H, W, 3) uint8 by seed.
    """

    curve: str
    values: tuple[Value, ...]
    settings: ExtractSettings
    metric: MetricName
    measured: Measured | None
    count: int
    lost: int
    saturated: int
    pictures: Mapping[int, np.ndarray] = field(default_factory=dict)


def cell_json(cell: Cell) -> dict[str, Any]:
    """A cell without its pictures. What is infinite or undefined is a text, as JSON has no number for it."""
    found = cell.measured
    return {
        "curve": cell.curve,
        "values": list(cell.values),
        "metric": cell.metric,
        "figure": None if found is None else _interval_json(found.figure),
        "control": None if found is None or found.control is None else _interval_json(found.control),
        "beat": None if found is None or found.training is None else found.training.beat,
        "control_beat": None if found is None or found.against_control is None else found.against_control.beat,
        "threshold": None if found is None else found.threshold,
        "beating": None if found is None or found.beating is None else list(found.beating),
        "count": cell.count,
        "lost": cell.lost,
        "saturated": cell.saturated,
        "settings": cell.settings.model_dump(mode="json"),
    }


def _interval_json(interval: Interval) -> dict[str, float | str]:
    """A figure with its interval."""
    return {key: value if math.isfinite(value) else str(value) for key, value in vars(interval).items()}


def cell_from(about: Mapping[str, Any]) -> Cell:
    """The cell that `cell_json` wrote.

    Raises:
        ValueError, KeyError, TypeError: it is something else.
    """
    count, measured = int(about["count"]), None
    if about["figure"] is not None:
        one, other = (None if about[key] is None else rate(int(about[key]), count) for key in ("beat", "control_beat"))
        control = None if about["control"] is None else _interval_from(about["control"])
        known = about.get("beating")
        beating = None if known is None else tuple(map(str, known))
        measured = Measured(_interval_from(about["figure"]), control, one, other, float(about["threshold"]), beating)
    return Cell(
        str(about["curve"]),
        tuple(about["values"]),
        ExtractSettings.read(about["settings"]),
        about["metric"],
        measured,
        count,
        int(about["lost"]),
        int(about["saturated"]),
    )


def _interval_from(about: Mapping[str, Any]) -> Interval:
    """The interval that `_interval_json` wrote."""
    return Interval(float(about["value"]), float(about["low"]), float(about["high"]))


def cell_at(place: Place, store: Store) -> Cell | None:
    """A cell from the store, which may have been measured for a place of another sweep; None where it is not whole."""
    about, seeds = store.parts.part(place.name), place.settings.seeds[:SHOWN]
    if about is None:
        return None
    try:
        cell = cell_from(about)
    except (ValueError, KeyError, TypeError):
        return None
    pictures = store.pictures.found(place.samples.key, seeds)
    if len(pictures) < len(seeds):
        return None
    shown = images_of(pictures)
    return replace(cell, curve=place.curve, values=place.values, settings=place.settings, pictures=shown)
