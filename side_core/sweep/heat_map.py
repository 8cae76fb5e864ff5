"""A sweep of two settings as a picture: a field for each pair of values, with the figure and its control."""

import math
from collections.abc import Sequence

import numpy as np

from side_core.settings import MetricName
from side_core.settings.axis import shown
from side_core.sweep.cell import Cell
from side_core.sweep.chart import HEIGHT, WIDTH, in_units, thinned, write_title
from side_core.sweep.grid import short
from side_core.sweep.measure import Measured
from side_core.sweep.paper import INK, PAPER, Paper
from side_core.sweep.sweep import Sweep
from side_core.wording import rounded

LEFT, RIGHT, TOP, BOTTOM = 120, 30, 80, 90
LEAST = 64  # pixels of a row
ROOM = 80  # of a field that tells more than the figure
LIGHT, DARK = np.array([244, 243, 249]), np.array([59, 31, 160])
GREY = "#b9b6c6"


def heat_map(sweep: Sweep, curve: str) -> np.ndarray:
    """Two settings: x to the right, y upwards; in each field the figure, below it the control."""
    settings, (x_axis, y_axis) = sweep.plan.settings, sweep.plan.settings.axes
    paper = Paper(WIDTH, max(HEIGHT, TOP + BOTTOM + LEAST * len(y_axis.values)))
    left, top, bottom = LEFT, TOP, paper.size[1] - BOTTOM
    width, tall = (WIDTH - LEFT - RIGHT) / len(x_axis.values), (bottom - top) / len(y_axis.values)
    most = largest_value(sweep.cells, settings.metric)
    known = {cell.values: cell for cell in sweep.cells if cell.curve == curve}
    write_title(paper, sweep, curve)
    for column, x in enumerate(x_axis.values):
        for row, y in enumerate(y_axis.values):
            x0, y0 = left + column * width, bottom - (row + 1) * tall
            corners = [(x0, y0), (x0 + width - 2, y0), (x0 + width - 2, y0 + tall - 2), (x0, y0 + tall - 2)]
            cell = known.get((x, y))
            item = None if cell is None else cell.measured
            if item is None or math.isnan(item.figure.value):
                paper.area(corners, GREY, 90)
                paper.text(x0 + width / 2, y0 + tall / 2, "" if cell is None else "lost" if item is None else "-")
                continue
            draw_field(paper, corners, item, settings.metric, most)
    for column, x in thinned(list(enumerate(x_axis.values)), 24):
        paper.text(left + (column + 0.5) * width, bottom + 16, short(shown(x), 12))
    for row, y in thinned(list(enumerate(y_axis.values)), 40):
        paper.text(left - 8, bottom - (row + 0.5) * tall, short(shown(y), 12), "rm")
    paper.text((left + WIDTH - RIGHT) / 2, bottom + 46, f"to the right: {x_axis.flag}; upwards: {y_axis.flag}")
    return paper.pixels()


def draw_field(
    paper: Paper, corners: Sequence[tuple[float, float]], found: Measured, metric: MetricName, most: float
) -> None:
    """One field: darker for a larger figure, with the figure and its control as text."""
    (x, y), (right, _), (_, bottom), _ = corners
    width, tall = right - x, bottom - y
    value = in_units(found.figure.value, metric)
    share = min(value / most, 1)
    red, green, blue = np.round(LIGHT + share * (DARK - LIGHT)).astype(int)
    paper.area(corners, f"#{red:02x}{green:02x}{blue:02x}")
    ink = PAPER if share > 0.5 else INK
    size = max(8, min(15, int(width / 5), int(tall / 3.2)))
    middle, small = x + width / 2, max(8, size - 3)
    if width <= ROOM:
        paper.text(middle, y + tall / 2, rounded(value), size=size, color=ink)
        return
    low, high = (in_units(part, metric) for part in (found.figure.low, found.figure.high))
    paper.text(middle, y + tall * 0.28, rounded(value), size=size, color=ink)
    paper.text(middle, y + tall * 0.54, f"{rounded(low)} to {rounded(high)}", size=small, color=ink)
    if found.control is not None and metric not in ("control", "ratio"):
        paper.text(
            middle, y + tall * 0.78, f"control {in_units(found.control.value, metric):.2g}", size=small, color=ink
        )


def largest_value(cells: Sequence[Cell], metric: MetricName) -> float:
    """The largest finite figure; 1 where there is none."""
    values = [in_units(cell.measured.figure.value, metric) for cell in cells if cell.measured]
    return max((value for value in values if math.isfinite(value)), default=0) or 1.0
