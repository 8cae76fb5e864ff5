"""What came out of a sweep: each cell in words, as CSV, as JSON and in pictures."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from side_core.extraction.summary import interval_json, versions
from side_core.extraction.tables import table
from side_core.settings import MetricName, SweepSettings, Value
from side_core.stats.bootstrap import Interval
from side_core.sweep.cell import Cell, cell_json
from side_core.sweep.chart import chart
from side_core.sweep.grid import grid
from side_core.sweep.measure import METRICS, SHARES
from side_core.sweep.plan import Plan
from side_core.wording import counted, listed


@dataclass(frozen=True, eq=False)
class Sweep:
    """A finished sweep, or what there is of one; a `Report`.

    Attributes:
        plan: what was asked for.
        cells: in the plan's order.
    """

    plan: Plan
    cells: tuple[Cell, ...]

    @property
    def done(self) -> int:
        """How many cells are measured."""
        return len(self.cells)

    @property
    def complete(self) -> bool:
        """Whether all cells are measured."""
        return len(self.cells) == len(self.plan.places)

    @property
    def headline(self) -> str:
        """What was measured."""
        settings = self.plan.settings
        axes = listed([axis.flag for axis in settings.axes])
        return f"{settings.metric} by {axes}, {counted(len(settings.curves), 'curve')}"

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing to know."""
        known = [note for references in self.plan.shared.references.values() for note in references.notes]
        lost, saturated = (sum(getattr(cell, kind) for cell in self.cells) for kind in ("lost", "saturated"))
        damage: list[str] = []
        if lost or saturated:
            damage = [
                f"Guidance was too strong for {counted(lost + saturated, 'picture')}: "
                f"{lost:,} were lost and are left out, {saturated:,} are saturated."
            ]
        return (*dict.fromkeys([*self.plan.shared.subject.notes, *known]), *damage, *self.plan.left_out)

    def curve(self, name: str, y: Value | None = None) -> tuple[Cell, ...]:
        """The cells along x of one curve and, where there are two axes, one value of y."""
        return tuple(c for c in self.cells if c.curve == name and (y is None or c.values[1] == y))

    def lines(self) -> list[str]:
        """One line a cell, for people."""
        several = len(self.plan.settings.curves) > 1
        return [
            f"{f'{cell.curve}: ' if several else ''}{self.plan.settings.words_for(cell.values)}: {in_words(cell)}"
            for cell in self.cells
        ]

    def table(self) -> str:
        """CSV: one row a cell; shares are 0..1, and empty where guidance has lost every picture."""
        names = [axis.name for axis in self.plan.settings.axes]
        figures = ["value", "low", "high", "control_value", "control_low", "control_high"]
        counts = ["beat", "control_beat", "count", "lost", "saturated", "counted_at"]
        return table(["curve", *names, "metric", *figures, *counts], (_row_of(cell) for cell in self.cells))

    def summary(self) -> dict[str, Any]:
        """Everything but the pictures: what was asked for, of which model and images, and each cell."""
        cells = []
        for cell in self.cells:
            about, found = cell_json(cell), cell.measured
            if found is not None:  # here null stands for what is infinite or undefined
                about["figure"] = interval_json(found.figure)
                about["control"] = None if found.control is None else interval_json(found.control)
            cells.append(about)
        settings = self.plan.settings
        return {
            "complete": self.complete,
            "axes": [{"name": axis.name, "values": list(axis.values)} for axis in settings.axes],
            "metric": {"name": settings.metric, "means": METRICS[settings.metric]},
            "curves": list(settings.curves),
            **self.plan.about(),
            "notes": list(self.notes),
            "versions": versions(),
            "cells": cells,
        }

    def pictures(self) -> dict[str, np.ndarray]:
        """(H, W, 3) uint8: the chart, and pictures of the first seeds."""
        settings, size = self.plan.settings, self.plan.shared.denoiser.image_size
        return {"sweep.png": chart(settings, self.cells), "grid.png": grid(settings, self.cells, size)}

    def renamed(self, named: Callable[[Any], Any]) -> "Sweep":
        """The same with other names of model, images and surrogates."""
        before = self.plan.settings
        settings = SweepSettings.read(named(before.model_dump(mode="json")))
        curves = dict(zip(before.curves, settings.curves, strict=True))
        cells = tuple(replace(cell, curve=curves[cell.curve]) for cell in self.cells)
        return Sweep(replace(self.plan, settings=settings), cells)


def _row_of(cell: Cell) -> list[Any]:
    """A cell as a row of the table."""
    about, found = cell_json(cell), cell.measured
    figures: list[Any] = []
    for interval in (None, None) if found is None else (found.figure, found.control):
        figures += [""] * 3 if interval is None else [interval.value, interval.low, interval.high]
    counts = [about[key] for key in ("beat", "control_beat", "count", "lost", "saturated", "threshold")]
    return [cell.curve, *cell.values, cell.metric, *figures, *("" if value is None else value for value in counts)]


def in_words(cell: Cell) -> str:
    """A cell's figure with its interval, count and control."""
    if cell.measured is None:
        return f"guidance has lost all {counted(cell.lost, 'picture')}"
    found, metric = cell.measured, cell.metric
    text = f"{_figure_in_words(found.figure, metric)} of {counted(cell.count, 'picture')}"
    if found.control is not None and metric not in ("control", "ratio"):
        text += f"; control {_figure_in_words(found.control, metric)}"
    if found.training is not None and found.against_control is not None:
        text += f"; {found.training.beat:,} beat the threshold, {found.against_control.beat:,} against the control"
    return text


def _figure_in_words(interval: Interval, metric: MetricName) -> str:
    """A figure with its interval; shares in percent."""
    if metric not in SHARES:
        return interval.as_ratio
    return f"{100 * interval.value:.1f} % ({100 * interval.low:.1f} to {100 * interval.high:.1f})"
