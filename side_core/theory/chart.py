"""Curves with their intervals, without a browser."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from side_core.charts.palette import look_of
from side_core.charts.static import paper, pixels
from side_core.stats.bootstrap import Interval

_WIDTH, _HEIGHT = 900, 520


@dataclass(frozen=True)
class Curve:
    """One curve.

    Attributes:
        name: in the legend.
        at: (k,) where.
        figures: (k,) with their intervals.
        place: of its look among all curves of its chart.
    """

    name: str
    at: tuple[float, ...]
    figures: tuple[Interval, ...]
    place: int


def curves_chart(curves: Sequence[Curve], x: str, y: str, log_x: bool = False, log_y: bool = False) -> np.ndarray:
    """(H, W, 3) uint8: curves with a band for each interval.

    Args:
        curves: to be shown.
        x: what they run along.
        y: what they say.
        log_x: whether the one scale is logarithmic.
        log_y: whether the other is.
    """
    figure, (plot,) = paper(_WIDTH, _HEIGHT)
    for curve in curves:
        look = look_of(curve.place)
        values, low, high = (
            np.array([getattr(found, end) for found in curve.figures]) for end in ("value", "low", "high")
        )
        style = (0, look.dashes) if look.dashes else "solid"
        plot.plot(curve.at, values, color=look.color, linestyle=style, marker=look.marker, label=curve.name, ms=4)
        plot.fill_between(curve.at, low, high, color=look.color, alpha=0.15, linewidth=0)
    if log_x:
        plot.set_xscale("log")
    if log_y:
        plot.set_yscale("log")
    plot.set_xlabel(x)
    plot.set_ylabel(y)
    if curves:
        plot.legend(frameon=False)
    return pixels(figure)
