"""A sweep as a picture: curves with interval bands and the control in dots, or a heat map of each curve."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from side_core.charts.palette import CONTROL, DARKEST, LIGHTEST, Look, look_of
from side_core.charts.static import FRAME, INK, paper, pixels
from side_core.settings import MetricName, SweepSettings
from side_core.settings.axis import shown
from side_core.stats.bootstrap import Interval
from side_core.sweep.cell import Cell
from side_core.sweep.grid import called, short
from side_core.sweep.measure import METRICS, SHARES
from side_core.wording import counted, rounded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT, _ROW = 1000, 700, 64  # pixels; of a row of a heat map at least
_MOST_TICKS = 16
_MOST_COLUMNS = 9  # of a heat map with more than the figure in each field


def chart(settings: SweepSettings, cells: Sequence[Cell]) -> np.ndarray:
    """(H, W, 3) uint8: of one setting curves, of two a heat map for each curve, one below the other."""
    if len(settings.axes) == 1:
        figure, (plot,) = paper(_WIDTH, _HEIGHT)
        _draw_curves(plot, settings, cells)
        return pixels(figure)
    tall = max(_HEIGHT, 190 + _ROW * len(settings.axes[1].values))
    figure, plots = paper(_WIDTH, tall * len(settings.curves), len(settings.curves))
    for plot, curve in zip(plots, settings.curves, strict=True):
        _draw_heat_map(plot, settings, cells, curve)
    return pixels(figure)


def in_units(value: float, metric: MetricName) -> float:
    """A figure as it is drawn: shares in percent."""
    return 100 * value if metric in SHARES else value


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


def largest_value(cells: Sequence[Cell], metric: MetricName) -> float:
    """The largest finite figure; 1 where there is none."""
    values = [in_units(cell.measured.figure.value, metric) for cell in cells if cell.measured]
    return max((value for value in values if math.isfinite(value)), default=0) or 1.0


def field_lines(cell: Cell, columns: int) -> list[str]:
    """What stands in a field of a heat map: the figure; where there is room its interval and its control."""
    found, metric = cell.measured, cell.metric
    if found is None:
        return ["lost"]
    if math.isnan(found.figure.value):
        return ["–"]
    lines = [rounded(in_units(found.figure.value, metric))]
    if columns <= _MOST_COLUMNS:
        low, high = (in_units(part, metric) for part in (found.figure.low, found.figure.high))
        lines.append(f"{rounded(low)} to {rounded(high)}")
        if found.control is not None and metric not in ("control", "ratio"):
            lines.append(f"control {in_units(found.control.value, metric):.2g}")
    return lines


def _title(settings: SweepSettings, curve: str = "") -> str:
    """Two lines: what is measured, and of what."""
    unit = ", in %" if settings.metric in SHARES else ""
    by = f"{called(curve)}, " if curve and len(settings.curves) > 1 else ""
    score = "" if any(axis.name == "score" for axis in settings.axes) else f", score {settings.score}"
    return f"{METRICS[settings.metric]}{unit}\n{by}{counted(settings.count, 'picture')} a cell{score}"


def _draw_curves(plot: "Axes", settings: SweepSettings, cells: Sequence[Cell]) -> None:
    """One setting: a line with its band for each curve, and its control in dots."""
    (axis,) = settings.axes
    most, several = largest(cells, settings.metric), len(settings.curves) > 1
    places = {value: float(value) if axis.numeric else place for place, value in enumerate(axis.values)}
    for number, curve in enumerate(settings.curves):
        look = look_of(number)
        found = [(places[cell.values[0]], cell.measured) for cell in cells if cell.curve == curve and cell.measured]
        line = [(x, item.figure) for x, item in found]
        _draw_line(plot, line, settings.metric, look, f"{called(curve)}, with 95 % interval", 0.12 if several else 0.2)
        control = [(x, item.control) for x, item in found if item.control is not None]
        if settings.metric != "control" and control:
            dots = Look(look.color if several else CONTROL, (1, 1.5), "", "")
            name = f"{'dots: ' if several else ''}the same pictures against the control"
            _draw_line(plot, control, settings.metric, dots, "" if number else name, 0 if several else 0.12)
    plot.set_title(_title(settings), loc="left")
    plot.set_xlabel(axis.flag)
    plot.set_ylim(-most / 100, most)  # so that dots at 0 are seen
    plot.grid(axis="y", color=FRAME)
    plot.set_axisbelow(True)
    every = max(1, -(-len(axis.values) // _MOST_TICKS))
    ticks = list(axis.values)[::every]
    plot.set_xticks([places[value] for value in ticks], [short(shown(value), 12) for value in ticks])
    plot.figure.legend(loc="outside lower left", ncols=2, frameon=False)


def _draw_line(
    plot: "Axes", points: Sequence[tuple[float, Interval]], metric: MetricName, look: Look, name: str, opacity: float
) -> None:
    """A line with its markers and its band; what is undefined is left out, what is infinite leaves the chart."""
    known = [(x, item) for x, item in points if not math.isnan(item.value)]
    far = 1e9
    x = [place for place, _ in known]
    low, value, high = (
        [min(in_units(getattr(item, part), metric), far) for _, item in known] for part in ("low", "value", "high")
    )
    (line,) = plot.plot(x, value, color=look.color, marker=look.marker, linewidth=2 if look.marker else 1.5, label=name)
    if look.dashes:
        line.set_dashes(look.dashes)
    if opacity:
        plot.fill_between(x, low, high, color=look.color, alpha=opacity, linewidth=0)
    if look.marker:
        plot.vlines(x, low, high, color=look.color, linewidth=1)


def _draw_heat_map(plot: "Axes", settings: SweepSettings, cells: Sequence[Cell], curve: str) -> None:
    """Two settings: x to the right, y upwards; in each field the figure, below it the control."""
    from matplotlib.colors import LinearSegmentedColormap

    x_axis, y_axis = settings.axes
    most = largest_value(cells, settings.metric)
    known = {cell.values: cell for cell in cells if cell.curve == curve}
    fields = np.full((len(y_axis.values), len(x_axis.values)), np.nan)
    for row, y in enumerate(y_axis.values):
        for column, x in enumerate(x_axis.values):
            cell = known.get((x, y))
            if cell is None:
                continue
            if cell.measured is not None:
                fields[row, column] = min(in_units(cell.measured.figure.value, settings.metric), most)
            dark = fields[row, column] > 0.55 * most
            lines = "\n".join(field_lines(cell, len(x_axis.values)))
            size = max(6, min(11, int(120 / len(x_axis.values))))
            plot.text(
                column + 0.5, row + 0.5, lines, ha="center", va="center", color="white" if dark else INK, fontsize=size
            )
    colors = LinearSegmentedColormap.from_list("side", [LIGHTEST, DARKEST]).with_extremes(bad="#dddbe6")
    plot.pcolormesh(fields, cmap=colors, vmin=0, vmax=most, edgecolors="white", linewidth=2)
    for axis, values in ((plot.xaxis, x_axis.values), (plot.yaxis, y_axis.values)):
        axis.set_ticks(np.arange(len(values)) + 0.5, [short(shown(value), 12) for value in values])
    plot.tick_params(length=0)
    plot.spines[:].set_visible(False)
    plot.set_xlabel(x_axis.flag)
    plot.set_ylabel(y_axis.flag)
    plot.set_title(_title(settings, curve), loc="left")
