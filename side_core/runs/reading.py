"""Read a run back: its pictures, and what came out."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from side_core.runs.picture_shelf import kept_pictures, seeds_in
from side_core.runs.result import SUMMARY, Result, names_by_nearness, read_result
from side_core.runs.run import Run
from side_core.runs.workspace import Workspace


def result_in(workspace: Workspace, run: Run, names: Collection[str] | None = None) -> Result:
    """What a run came to, read back.

    Args:
        workspace: where it is.
        run: one that drew or scored pictures.
        names: of a drawn run, the only pictures to read; left out: all.

    Raises:
        ValueError: it is not scored, its files are damaged, or its pictures are gone.
    """
    folder = scored_folder(workspace, run)
    images, plain = (
        {str(seed): picture for seed, picture in pictures_of(workspace, run, key, names).items()}
        for key in (run.pictures, run.plain)
    )
    return read_result(folder, run.kind, images, plain)


def names_in(workspace: Workspace, run: Run) -> tuple[str, ...]:
    """The names of a run's scored pictures, nearest to a copy first; no picture is read.

    Raises:
        ValueError: it is not scored, or its files are damaged.
    """
    return names_by_nearness(scored_folder(workspace, run))


def scored_folder(workspace: Workspace, run: Run) -> Path:
    """The folder with the scores of a run.

    Raises:
        ValueError: it is not scored.
    """
    folder = workspace.run_folder(run.id)
    if run.kind not in ("extract", "score"):
        raise ValueError(f"Run {run.id} is a {run.kind}, which has no scores to show: its files are in '{folder}'.")
    if not (folder / SUMMARY).is_file():
        raise ValueError(f"Run {run.id} has no scores to show: it was {run.state} before it was scored; run it again.")
    return folder


def pictures_of(
    workspace: Workspace, run: Run, key: str, names: Collection[str] | None = None
) -> dict[int, np.ndarray]:
    """(H, W, 3) uint8 finished pictures of a drawn run by their seeds, of one of its keys; all, or those named."""
    if not key:
        return {}
    seeds = [seed for seed in seeds_of(run) if names is None or str(seed) in names]
    found = kept_pictures(workspace.pictures / key, seeds)
    return {seed: picture.image for seed, picture in found.items()}


def seeds_of(run: Run) -> range:
    """The seeds of a drawn run."""
    first, count = run.settings["seed"], run.settings["count"]
    return range(first, first + count)


def finished_pictures(workspace: Workspace, run: Run) -> int:
    """How many pictures of a drawn run are there."""
    return len(seeds_in(workspace.pictures / run.pictures) & set(seeds_of(run))) if run.pictures else 0
