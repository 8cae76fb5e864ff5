"""What is left of a sweep: sweep.csv, sweep.json, sweep.png, grid.png, and lines for a terminal."""

from pathlib import Path
from typing import Any

import numpy as np

from side_core.extraction.summary import interval_json, versions
from side_core.extraction.tables import table
from side_core.files.images import png
from side_core.files.whole_file import write_json, write_whole
from side_core.settings import MetricName
from side_core.stats.bootstrap import Interval
from side_core.sweep.cell import Cell, cell_json
from side_core.sweep.chart import curves
from side_core.sweep.folder import about_json
from side_core.sweep.grid import grid
from side_core.sweep.heat_map import heat_map
from side_core.sweep.measure import METRICS, SHARES
from side_core.sweep.sweep import Sweep
from side_core.wording import counted


def write_sweep(sweep: Sweep, out: Path) -> dict[str, Any]:
    """Write tables and pictures into the sweep's folder, and sweep.json last; returns what it says."""
    write_whole(out / "sweep.csv", sweep_csv(sweep).encode())
    write_whole(out / "sweep.png", png(chart(sweep)))
    write_whole(out / "grid.png", png(grid(sweep)))
    summary = sweep_json(sweep)
    write_json(out / "sweep.json", summary)
    return summary


def chart(sweep: Sweep) -> np.ndarray:
    """(H, W, 3) uint8: of one setting curves, of two a heat map for each curve, one below the other."""
    settings = sweep.plan.settings
    if len(settings.axes) == 1:
        return curves(sweep)
    return np.concatenate([heat_map(sweep, curve) for curve in settings.curves])


def sweep_json(sweep: Sweep) -> dict[str, Any]:
    """Everything but the pictures: what was asked for, of which model and images, and each cell."""
    cells = []
    for cell in sweep.cells:
        about, found = cell_json(cell), cell.measured
        if found is not None:  # here null stands for what is infinite or undefined
            about["figure"] = interval_json(found.figure)
            about["control"] = None if found.control is None else interval_json(found.control)
        cells.append(about)
    settings = sweep.plan.settings
    return {
        "complete": sweep.complete,
        "axes": [{"name": axis.name, "values": list(axis.values)} for axis in settings.axes],
        "metric": {"name": settings.metric, "means": METRICS[settings.metric]},
        "curves": list(settings.curves),
        **about_json(sweep.plan),
        "notes": list(sweep.notes),
        "versions": versions(),
        "cells": cells,
    }


def sweep_csv(sweep: Sweep) -> str:
    """One row a cell; shares are 0..1, and empty where guidance has lost every picture."""
    names = [axis.name for axis in sweep.plan.settings.axes]
    figures = ["value", "low", "high", "control_value", "control_low", "control_high"]
    counts = ["beat", "control_beat", "count", "lost", "saturated", "counted_at"]
    return table(["curve", *names, "metric", *figures, *counts], (row_of(cell) for cell in sweep.cells))


def row_of(cell: Cell) -> list[Any]:
    """A cell as a row of the table."""
    about, found = cell_json(cell), cell.measured
    figures: list[Any] = []
    for interval in (None, None) if found is None else (found.figure, found.control):
        figures += [""] * 3 if interval is None else [interval.value, interval.low, interval.high]
    counts = [about[key] for key in ("beat", "control_beat", "count", "lost", "saturated", "threshold")]
    return [cell.curve, *cell.values, cell.metric, *figures, *("" if value is None else value for value in counts)]


def lines_of(sweep: Sweep) -> list[str]:
    """One line a cell, for people."""
    several = len(sweep.plan.settings.curves) > 1
    return [
        f"{f'{cell.curve}: ' if several else ''}{sweep.plan.settings.words_for(cell.values)}: {in_words(cell)}"
        for cell in sweep.cells
    ]


def in_words(cell: Cell) -> str:
    """A cell's figure with its interval, count and control."""
    if cell.measured is None:
        return f"guidance has lost all {counted(cell.lost, 'picture')}"
    found, metric = cell.measured, cell.metric
    text = f"{figure_in_words(found.figure, metric)} of {counted(cell.count, 'picture')}"
    if found.control is not None and metric not in ("control", "ratio"):
        text += f"; control {figure_in_words(found.control, metric)}"
    if found.training is not None and found.against_control is not None:
        text += f"; {found.training.beat:,} beat the threshold, {found.against_control.beat:,} against the control"
    return text


def figure_in_words(interval: Interval, metric: MetricName) -> str:
    """A figure with its interval; shares in percent."""
    if metric not in SHARES:
        return interval.as_ratio
    return f"{100 * interval.value:.1f} % ({100 * interval.low:.1f} to {100 * interval.high:.1f})"
