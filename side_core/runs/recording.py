"""Keep a run: noted as it begins, its pictures as they come, its result when it ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from side_core.extraction.run import Extraction
from side_core.files.images import in_a_row, png, thumbnail
from side_core.runs.database.recovery import write_record
from side_core.runs.database.row import DamagedRunError
from side_core.runs.identity import new_run
from side_core.runs.reading import finished_pictures
from side_core.runs.result import SUMMARY, Result, result_of, write_result
from side_core.runs.run import NewRun, Run, State
from side_core.runs.space import forget_runs
from side_core.runs.store import begin, cancel, end, equal, find, summary_of
from side_core.runs.workspace import Workspace, make_folder, renew_backup

_THUMBNAIL_SIDE, _THUMBNAIL_PAIRS = 48, 2
_NO_CONTROL = "no control: the rate is withheld"
_NO_CONTRAST = "most of the control beats the threshold, too: the rate is withheld"


@dataclass(frozen=True)
class Recorded:
    """A run that is in the history.

    Attributes:
        run: the run.
        reused: whether it was there before, with all that is here now: nothing was written.
    """

    run: Run
    reused: bool


def begin_run(workspace: Workspace, new: NewRun) -> Run:
    """Note that a run begins, and make the folders for its pictures and files.

    Raises:
        ValueError: the workspace cannot be written.
    """
    run = begin(workspace, new)
    folder = workspace.run_folder(run.id)
    make_folder(folder)
    if run.state == "running":
        write_record(folder, run)
    return run


def leave_run(workspace: Workspace, id: int) -> None:
    """Note that a run was cancelled before it could be scored; one without any picture is forgotten."""
    run = find(workspace, id)
    if run.state != "running":
        return
    if finished := finished_pictures(workspace, run):
        cancel(workspace, id, finished)
    else:
        forget_runs(workspace, [id])


def keep(workspace: Workspace, extraction: Extraction, replaces: int | None = None) -> Recorded:
    """Keep a finished or cancelled extraction; its drawn pictures are kept already, see `sampling.store`.

    Args:
        workspace: where.
        extraction: what came out.
        replaces: a run that this one replaces if it shows the same pictures and nobody has touched it, so that moving
            a threshold leaves one run, not twenty.

    Raises:
        ValueError: it cannot be written.
    """
    new = new_run(extraction.settings, extraction.subject, extraction.references, extraction.samples)
    known, count = equal(workspace, new), len(extraction.match.names)
    if known is not None and known.state != "running" and _scored(workspace, known) == count:
        return Recorded(known, reused=True)
    run = begin_run(workspace, new)
    result = result_of(extraction)
    write_result(workspace.run_folder(run.id), result)
    lost = sum(item.lost for item in extraction.damaged)
    line = extraction.headline()
    ended = _end_run(
        workspace,
        run.id,
        "finished" if count + lost >= new.asked else "cancelled",
        count,
        result.summary,
        str(line or (_NO_CONTROL if extraction.match.control is None else _NO_CONTRAST)),
        None if line is None else line.training.share,
        _thumbnail_of(result),
    )
    if replaces is not None and replaces != run.id:
        _replace_run(workspace, replaces, ended)
    return Recorded(ended, reused=False)


def _scored(workspace: Workspace, run: Run) -> int:
    """How many pictures the kept result of a run is about, which may be fewer than it has by now; 0: there is none."""
    try:
        summary = summary_of(workspace, run.id)
    except DamagedRunError:
        return 0  # it is scored again
    drawn = (summary or {}).get("drawn")
    return drawn if isinstance(drawn, int) and (workspace.run_folder(run.id) / SUMMARY).is_file() else 0


def _replace_run(workspace: Workspace, old: int, by: Run) -> None:
    """Forget a run that only looked otherwise at the pictures of a newer one, unless a person has touched it."""
    try:
        before = find(workspace, old)
    except ValueError:
        return
    seeds = [[run.settings.get(name) for name in ("seed", "count")] for run in (before, by)]
    if before.pictures == by.pictures != "" and seeds[0] == seeds[1] and not before.touched:
        forget_runs(workspace, [old])


def keep_folder(
    workspace: Workspace, new: NewRun, finished: int, headline: str, write: Callable[[Path], Mapping[str, Any]]
) -> Recorded:
    """Keep a sweep or a surrogate: what `write` puts into the run's folder, and the summary that it returns.

    Raises:
        ValueError: it cannot be written.
    """
    known = equal(workspace, new)
    if known is not None and known.finished == finished and known.state != "running":
        return Recorded(known, reused=True)
    run = begin_run(workspace, new)
    summary = write(workspace.run_folder(run.id))
    state: State = "finished" if finished >= new.asked else "cancelled"
    return Recorded(_end_run(workspace, run.id, state, finished, summary, headline), reused=False)


def _end_run(
    workspace: Workspace,
    id: int,
    state: State,
    finished: int,
    summary: Mapping[str, Any],
    headline: str,
    share: float | None = None,
    thumbnail: bytes | None = None,
) -> Run:
    """Note how a run ended, also in its own folder, and copy the list of runs where that is due.

    Raises:
        ValueError: it cannot be written.
    """
    ended = end(workspace, id, state, finished, summary, headline, share, thumbnail)
    write_record(workspace.run_folder(id), ended, summary, thumbnail)
    renew_backup(workspace)
    return ended


def _thumbnail_of(result: Result) -> bytes:
    """The pairs nearest to a copy (generated, nearest training image) in a row, as PNG."""
    cells = []
    for place in result.order()[:_THUMBNAIL_PAIRS]:
        cells += [result.images[place], result.training[result.nearest[place]]]
    return png(in_a_row([thumbnail(cell, _THUMBNAIL_SIDE) for cell in cells], _THUMBNAIL_SIDE, gap=2))
