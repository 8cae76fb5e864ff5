"""Cells that several sweeps share, side by side: figures with their controls, and ratios of the same seeds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from side_core.runs.compared_metrics import Figure, Metric, metric_of, paired
from side_core.runs.figures import Summary
from side_core.settings.axis import Axis, shown
from side_core.similarity.scores import SCORES
from side_core.sweep.cell import Cell, cell_from
from side_core.sweep.grid import called
from side_core.sweep.measure import METRICS, SHARES
from side_core.wording import rounded

_Place = tuple[str, tuple[tuple[str, Any], ...], str]  # curve, axes with values, metric


def cells_compared(summaries: Sequence[Summary | None]) -> Iterator[Metric]:
    """A metric for each cell that two sweeps or more have, in the order of the first that has it.

    Args:
        summaries: what sweep.json says of each, the baseline first; None where a run has none.

    Raises:
        ValueError, KeyError, TypeError: one of them says something else.
    """
    sweeps = [{} if summary is None else _cells_of(summary) for summary in summaries]
    for place in dict.fromkeys(place for sweep in sweeps for place in sweep):
        cells = [sweep.get(place) for sweep in sweeps]
        if sum(cell is not None for cell in cells) > 1:
            metric = metric_of(_title_of(place), [_figure_of(cell) for cell in cells], place[2] in SHARES)
            yield paired(metric, _hits_of(cells))


def _cells_of(summary: Summary) -> Mapping[_Place, Cell]:
    """The measured cells of a sweep, by what is varied."""
    names = [axis["name"] for axis in summary["axes"]]
    cells = map(cell_from, summary["cells"])
    return {
        (cell.curve, tuple(sorted(zip(names, cell.values, strict=True))), cell.metric): cell
        for cell in cells
        if cell.measured is not None
    }


def _title_of(place: _Place) -> str:
    """What a cell is, in words."""
    curve, values, metric = place
    where = ", ".join(f"{Axis(name, (value,)).title} {shown(value)}" for name, value in values)
    return f"{METRICS[metric].partition(':')[0]} at {where} ({called(curve)})"  # type: ignore[index]


def _figure_of(cell: Cell | None) -> Figure | None:
    """A cell's figure; shares of pictures as they were counted."""
    if cell is None or cell.measured is None:
        return None
    found, kind = cell.measured, SCORES[cell.settings.score]
    rule = f"{kind.symbol} {kind.sign} {rounded(found.threshold)}"
    if cell.metric == "ams" and found.training is not None:
        return Figure(found.training, found.against_control, rule)
    return Figure(found.figure, found.control, rule)


def _hits_of(cells: Sequence[Cell | None]) -> list[np.ndarray] | None:
    """Which seeds beat the threshold in each cell; None where they are not all of the very same seeds."""
    known = [cell for cell in cells if cell is not None and cell.measured is not None]
    seeds = {cell.settings.seeds for cell in known}
    if len(known) != len(cells) or len(seeds) != 1 or any(_beating(cell) is None for cell in known):
        return None
    if any(cell.count != len(cell.settings.seeds) for cell in known):
        return None  # guidance has lost some
    return [np.array([str(seed) in (_beating(cell) or ()) for seed in cell.settings.seeds]) for cell in known]


def _beating(cell: Cell) -> frozenset[str] | None:
    """The seeds that beat the threshold, if they are known."""
    found = None if cell.measured is None else cell.measured.beating
    return None if found is None else frozenset(found)
