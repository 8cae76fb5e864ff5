"""Read a run back: its pictures, and what came out."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from side_core.dpm.formats.config import first_line
from side_core.runs.compared_metrics import metrics_of
from side_core.runs.database.row import Damaged, DamagedRunError
from side_core.runs.figures import Summary, effect_in, headline_in, second_in, withheld_in
from side_core.runs.result import SUMMARY, Result, names_by_nearness, read_result, scores_by_name
from side_core.runs.run import Run
from side_core.runs.store import summary_of
from side_core.runs.wording import figure_in_words
from side_core.runs.workspace import Workspace
from side_core.sampling.picture_files import read_pictures, seeds_in
from side_core.settings import ScoreName

ODD = (
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    ValueError,
    ArithmeticError,
)  # of damaged ones


def result_in(workspace: Workspace, run: Run, names: Collection[str] | None = None) -> Result:
    """What a run came to, read back.

    Args:
        workspace: where it is.
        run: one that drew or scored pictures.
        names: of a drawn run, the only pictures to read; left out: all.

    Raises:
        ValueError: it is not scored, its files are damaged, or its pictures are gone.
    """
    folder = _scored_folder(workspace, run)
    images, plain = (
        {str(seed): picture for seed, picture in _pictures_of(workspace, run, key, names).items()}
        for key in (run.pictures, run.plain)
    )
    return read_result(folder, run.kind, images, plain)


def summary_in(workspace: Workspace, run: Run) -> Summary | None:
    """What came out of a run, as run.json says it; None where it has not ended.

    Raises:
        DamagedRunError: it is damaged.
    """
    summary = summary_of(workspace, run.id)
    if summary is not None and run.kind in ("extract", "score"):
        try:
            _say_all(summary)
        except ODD as error:
            what = f"what came out of it cannot be read: {type(error).__name__} {first_line(error)}"
            raise DamagedRunError(Damaged(run.id, what)) from None
    return summary


def _say_all(summary: Summary) -> None:
    """Put every figure of a summary into words; of a damaged one that cannot be done."""
    for item in metrics_of([summary]):
        for figure in filter(None, item.figures):
            figure_in_words(figure.found, item.share)
            if figure.control is not None:
                figure_in_words(figure.control, item.share)
    for said in (headline_in(summary), second_in(summary), effect_in(summary), withheld_in(summary)):
        str(said)
    for kind in ("warnings", "notes"):
        "".join(summary.get(kind, ()))


def names_in(workspace: Workspace, run: Run) -> tuple[str, ...]:
    """The names of a run's scored pictures, nearest to a copy first; no picture is read.

    Raises:
        ValueError: it is not scored, or its files are damaged.
    """
    return names_by_nearness(_scored_folder(workspace, run))


def scores_in(workspace: Workspace, run: Run, score: ScoreName) -> dict[str, float] | None:
    """One score of a run's pictures by their names; None where it has none. No picture is read.

    Raises:
        ValueError: it is not scored, or its files are damaged.
    """
    return scores_by_name(_scored_folder(workspace, run), score)


def _scored_folder(workspace: Workspace, run: Run) -> Path:
    """The folder with the scores of a run.

    Raises:
        ValueError: it is not scored.
    """
    folder = workspace.run_folder(run.id)
    if run.kind not in ("extract", "score"):
        raise ValueError(f"Run {run.id} is a {run.kind}, which has no scores to show: its files are in '{folder}'.")
    if not (folder / SUMMARY).is_file():
        why = "its files are gone" if run.state == "finished" else f"it was {run.state} before it was scored"
        raise ValueError(f"Run {run.id} has no scores to show: {why}; run it again.")
    return folder


def _pictures_of(
    workspace: Workspace, run: Run, key: str, names: Collection[str] | None = None
) -> dict[int, np.ndarray]:
    """(H, W, 3) uint8 finished pictures of a drawn run by their seeds, of one of its keys; all, or those named."""
    if not key:
        return {}
    seeds = [seed for seed in seeds_of(run) if names is None or str(seed) in names]
    found = read_pictures(workspace.pictures / key, seeds)
    return {seed: picture.image for seed, picture in found.items()}


def seeds_of(run: Run) -> range:
    """The seeds of a drawn run; none where its settings do not say them."""
    first, count = run.settings.get("seed", 0), run.settings.get("count", 0)
    return range(first, first + count)


def finished_pictures(workspace: Workspace, run: Run) -> int:
    """How many pictures of a drawn run are there."""
    seeds = seeds_of(run)
    return sum(seed in seeds for seed in seeds_in(workspace.pictures / run.pictures)) if run.pictures else 0
