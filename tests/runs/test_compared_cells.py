"""Sweeps side by side: the cells that they share, with their controls, and ratios of the same seeds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from side_core.extraction.references import References
from side_core.extraction.subject import Subject
from side_core.files.parts import MemoryParts
from side_core.job import run_job, write_report
from side_core.method import Method
from side_core.methods import METHODS
from side_core.progress import finish
from side_core.runs.comparison import compare_runs
from side_core.runs.identity import job_run
from side_core.runs.recording import keep_folder
from side_core.runs.run import Run
from side_core.runs.store import pin
from side_core.runs.workspace import Workspace
from side_core.sampling.store import MemoryStore, Store
from side_core.settings import SweepSettings
from side_core.stats.bootstrap import ratio_interval
from side_core.stats.rate import Rate
from side_core.sweep.cell import cell_from, cell_json
from side_core.sweep.job import SweepJob
from side_core.sweep.plan import Shared, make_plan
from side_core.sweep.report import Sweep

SMALL = {"model": "ideal", "count": 16, "batch_size": 16, "x": "steps=3,5", "threshold": 0.5}
METHOD: Method = METHODS["sweep"]


@pytest.fixture
def sweep(workspace: Workspace, opened: tuple[Subject, References]) -> Callable[..., tuple[Run, Sweep]]:
    """Measures a sweep of the perfect memoriser and keeps it, as its page does."""
    subject, references = opened

    def make(**changes: Any) -> tuple[Run, Sweep]:
        settings = SweepSettings.read(SMALL | changes)
        job = SweepJob(make_plan(settings, Shared(subject, {}, {"pixel": references})))
        report = finish(run_job(job, Store(MemoryStore(), MemoryParts())))
        assert isinstance(report, Sweep)

        def write(folder: Path) -> Any:
            return write_report(report, METHOD.name, folder)

        return keep_folder(workspace, job_run(METHOD, job), report.done, report.headline, write).run, report

    return make


def hits(found: Sweep, place: int) -> np.ndarray:
    """Which seeds beat the threshold in a cell."""
    cell = found.cells[place]
    assert cell.measured is not None and cell.measured.beating is not None
    return np.array([str(seed) in cell.measured.beating for seed in cell.settings.seeds])


def test_a_cell_remembers_which_seeds_beat_the_threshold(sweep: Callable[..., tuple[Run, Sweep]]) -> None:
    _, found = sweep()
    for place, cell in enumerate(found.cells):
        assert cell.measured is not None and cell.measured.training is not None
        assert cell.measured.training.beat == hits(found, place).sum()
        again = cell_from(cell_json(cell))
        assert again.measured == cell.measured
        older = cell_from({name: value for name, value in cell_json(cell).items() if name != "beating"})
        assert older.measured is not None and older.measured.beating is None


def test_shared_cells_are_compared_by_the_same_seeds(
    workspace: Workspace, sweep: Callable[..., tuple[Run, Sweep]]
) -> None:
    (first, one), (second, other) = sweep(), sweep(x="steps=5,8", threshold=0.9)
    found = compare_runs(workspace, [first, second])
    assert [item.title for item in found.metrics] == ["AMS at Steps 5 (plain sampling)"]
    (base, compared), (mask, base_mask) = found.metrics[0].figures, (hits(other, 0), hits(one, 1))
    assert base is not None and compared is not None and base.ratio is None
    assert isinstance(base.found, Rate) and isinstance(base.control, Rate)
    assert (base.found.beat, compared.found.beat) == (base_mask.sum(), mask.sum())  # type: ignore[union-attr]
    assert compared.paired and compared.ratio == ratio_interval(mask, base_mask)
    assert "Their thresholds differ" in " ".join(found.notes)


def test_the_pinned_sweep_is_the_baseline(workspace: Workspace, sweep: Callable[..., tuple[Run, Sweep]]) -> None:
    (first, _), (second, _) = sweep(), sweep(eta=1.0)
    pinned = pin(workspace, second.id, True)
    found = compare_runs(workspace, [first, pinned])
    assert found.baseline.id == second.id and len(found.metrics) == 2
    assert [row.title for row in found.settings] == ["Eta"] or len(found.settings) == 1


def test_other_seeds_are_not_paired_and_other_metrics_not_compared(
    workspace: Workspace, sweep: Callable[..., tuple[Run, Sweep]]
) -> None:
    (first, _), (second, _), (third, _) = sweep(), sweep(seed=100), sweep(metric="median")
    figures = compare_runs(workspace, [first, second]).metrics[0].figures
    assert figures[1] is not None and not figures[1].paired and figures[1].ratio is not None
    assert not compare_runs(workspace, [first, third]).metrics


def test_a_damaged_sweep_is_named(workspace: Workspace, sweep: Callable[..., tuple[Run, Sweep]]) -> None:
    (first, _), (second, _) = sweep(), sweep(seed=100)
    with workspace.connect() as database:
        database.execute("UPDATE summaries SET json = replace(json, '\"axes\"', '\"axis\"') WHERE id = ?", (second.id,))
    with pytest.raises(ValueError, match="is damaged"):
        compare_runs(workspace, [first, second])
