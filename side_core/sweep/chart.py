"""A sweep of one setting as a picture: curves with interval bands, and the control in dashes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from side_core.settings import MetricName
from side_core.settings.axis import Axis, shown
from side_core.stats.bootstrap import Interval
from side_core.sweep.cell import Cell
from side_core.sweep.grid import called, short
from side_core.sweep.measure import METRICS, SHARES
from side_core.sweep.paper import INK, Paper
from side_core.sweep.sweep import Sweep
from side_core.wording import counted

WIDTH, HEIGHT = 1000, 700
LEFT, RIGHT, TOP, BOTTOM = 90, 30, 80, 190
CONTROL = "#c46d12"


@dataclass(frozen=True)
class Look:
    """How a curve is told from the others: by its color, by its dashes (in pixels; 0: a whole line), by its marker."""

    color: str
    dash: int
    marker: str


LOOKS = (
    Look("#5b3fd1", 0, "circle"),
    Look("#0a7d6c", 14, "square"),
    Look("#b3236b", 5, "diamond"),
    Look("#2f6fb5", 9, "cross"),
    Look("#6b6780", 20, "triangle"),
    Look("#8a6d00", 3, "circle"),
    Look("#8f4a2f", 7, "square"),
)


Item = TypeVar("Item")


def in_units(value: float, metric: MetricName) -> float:
    """A figure as it is drawn: shares in percent."""
    return 100 * value if metric in SHARES else value


def write_title(paper: Paper, sweep: Sweep, curve: str = "") -> None:
    """Two lines: what is measured, and of what."""
    settings = sweep.plan.settings
    unit = ", in %" if settings.metric in SHARES else ""
    by = f"{called(curve)}, " if curve and len(settings.curves) > 1 else ""
    paper.text(30, 22, f"{METRICS[settings.metric]}{unit}", "lm", 17)
    score = "" if any(axis.name == "score" for axis in settings.axes) else f", score {settings.score}"
    paper.text(30, 44, f"{by}{counted(settings.count, 'picture')} a cell{score}", "lm", 14, "#5f5b70")


def largest(cells: Sequence[Cell], metric: MetricName) -> float:
    """Where the axis of figures ends: a little above all figures, and above their intervals unless these are huge."""
    found = [cell.measured for cell in cells if cell.measured]
    intervals = [part for item in found for part in (item.figure, item.control) if part is not None]
    values = [in_units(part.value, metric) for part in intervals if math.isfinite(part.value)]
    highs = [in_units(part.high, metric) for part in intervals if math.isfinite(part.high)]
    most = max(values, default=0.0)
    wide = max(highs, default=0.0)
    limit = min(wide, 3 * most) if most else wide
    return 1.08 * limit or 1.0


def ticks(most: float) -> list[float]:
    """About five round numbers from 0 to `most`."""
    rough = most / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    return [number * step for number in range(int(most / step) + 1)]


def curves(sweep: Sweep) -> np.ndarray:
    """One setting: a line with its band for each curve, and its control in dashes."""
    settings, (axis,) = sweep.plan.settings, sweep.plan.settings.axes
    paper, most = Paper(WIDTH, HEIGHT), largest(sweep.cells, settings.metric)
    right, bottom, several = WIDTH - RIGHT, HEIGHT - BOTTOM, len(settings.curves) > 1
    places = positions(axis, LEFT + 20, right - 20)
    write_title(paper, sweep)
    for tick in ticks(most):
        y = bottom - (bottom - TOP) * tick / most
        paper.line([(LEFT, y), (right, y)], "#e6e4ee", 1)
        paper.text(LEFT - 10, y, f"{tick:.4g}", "rm")
    paper.line([(LEFT, bottom), (right, bottom)], INK, 1)
    for place, value in thinned(list(zip(places, axis.values, strict=True)), 16):
        paper.line([(place, bottom), (place, bottom + 5)], INK, 1)
        paper.text(place, bottom + 18, short(shown(value), 12))
    paper.text((LEFT + right) / 2, bottom + 46, axis.flag)

    def height(value: float) -> float:
        return bottom - (bottom - TOP) * min(max(in_units(value, settings.metric), 0), most) / most

    at = dict(zip(axis.values, places, strict=True))
    for number, curve in enumerate(settings.curves):
        look = LOOKS[number % len(LOOKS)]
        found = [(at[cell.values[0]], cell.measured) for cell in sweep.curve(curve) if cell.measured]
        control = [(x, item.control) for x, item in found if item.control is not None]
        y, x = bottom + 74 + 22 * (number // 2), LEFT + 450 * (number % 2)
        if settings.metric != "control":
            draw_curve(
                paper,
                control,
                height,
                CONTROL if len(settings.curves) == 1 else look.color,
                4,
                "",
                20 if len(settings.curves) == 1 else 0,
            )
        draw_curve(
            paper,
            [(x, item.figure) for x, item in found],
            height,
            look.color,
            look.dash,
            look.marker,
            50 if len(settings.curves) == 1 else 26,
        )
        paper.line([(x, y), (x + 40, y)], look.color, 2, look.dash)
        paper.mark(x + 20, y, look.marker, look.color)
        paper.text(x + 48, y, f"{called(curve)}, with 95 % interval", "lm")
    if settings.metric != "control" and any(cell.measured and cell.measured.control for cell in sweep.cells):
        y = bottom + 74 + 22 * -(-len(settings.curves) // 2)
        paper.line([(LEFT, y), (LEFT + 40, y)], INK if several else CONTROL, 1.5, 4)
        paper.text(LEFT + 48, y, "the same pictures against the control", "lm")
    return paper.pixels()


def draw_curve(
    paper: Paper,
    points: list[tuple[float, Interval]],
    height: Callable[[float], float],
    color: str,
    dash: int,
    marker: str,
    opacity: int,
) -> None:
    """A line with markers and its band; what is undefined is left out."""
    points = [(x, item) for x, item in points if not math.isnan(item.value)]
    if len(points) > 1:
        band = [(x, height(item.high)) for x, item in points] + [(x, height(item.low)) for x, item in reversed(points)]
        paper.area(band, color, opacity)
        paper.line([(x, height(item.value)) for x, item in points], color, 2 if marker else 1.5, dash)
    for x, item in points:
        if marker:
            paper.line([(x, height(item.low)), (x, height(item.high))], color, 1)
            paper.mark(x, height(item.value), marker, color)


def positions(axis: Axis, left: float, right: float) -> list[float]:
    """Where each value lies: numbers to scale, choices evenly."""
    numbers = [float(value) for value in axis.values] if axis.numeric else list(range(len(axis.values)))
    low, high = min(numbers), max(numbers)
    if low == high:
        return [(left + right) / 2] * len(numbers)
    return [left + (right - left) * (number - low) / (high - low) for number in numbers]


def thinned(items: list[Item], most: int) -> list[Item]:
    """Every k-th, so that at most so many are left."""
    return items[:: max(1, -(-len(items) // most))]
