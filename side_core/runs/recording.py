"""Keep a run: noted as it begins, its pictures as they come, its result when it ends."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from side_core.data.training_set import TrainingSet
from side_core.extraction.references import References
from side_core.extraction.run import Extraction, Subject
from side_core.pictures import in_a_row, png, thumbnail
from side_core.runs.picture_shelf import kept_pictures, make_folder, seeds_in
from side_core.runs.result import SUMMARY, Result, names_by_nearness, read_result, result_of, write_result
from side_core.runs.run import NewRun, Run, State
from side_core.runs.space import forget_runs
from side_core.runs.store import begin, end, equal, find
from side_core.runs.workspace import Workspace
from side_core.settings import ExtractSettings, MatchSettings

THUMBNAIL_SIDE, THUMBNAIL_PAIRS = 48, 2
NO_CONTROL = "no control: the rate is withheld"


@dataclass(frozen=True)
class Kept:
    """A run that is in the history.

    Attributes:
        run: the run.
        reused: whether it was there before, with all that is here now: nothing was written.
    """

    run: Run
    reused: bool


def pictures_key(settings: ExtractSettings, subject: Subject) -> str:
    """Names what a picture depends on besides its seed; where nothing steers, as with lambda 0, a plain one.

    32 hexadecimal digits.
    """
    assert subject.denoiser is not None  # pictures are drawn by a model
    key = f"{subject.denoiser.fingerprint}/{subject.denoiser.arithmetic}/{settings.plain_sampling.picture_digest}"
    if subject.steering and subject.guide:
        key += f"/{subject.steering.digest}"
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def without_surrogate(subject: Subject) -> Subject:
    """The subject as it draws by itself."""
    return replace(subject, steering=None)


def new_run(
    settings: MatchSettings, subject: Subject, references: References, samples: TrainingSet | None = None
) -> NewRun:
    """What is noted of an extraction, or of scored pictures, when it begins.

    Args:
        settings: what was asked for.
        subject: what is examined.
        references: what pictures are matched against.
        samples: the pictures, where others generated them.
    """
    prints = {"data": subject.data.fingerprint, "encoder": references.encoder.fingerprint}
    if subject.control is not None:
        prints["control"] = subject.control.fingerprint
    said = settings.model_dump(mode="json")
    if not isinstance(settings, ExtractSettings):
        assert samples is not None  # there is something to score
        return NewRun("score", samples.name, said, prints | {"samples": samples.fingerprint}, len(samples))
    assert subject.denoiser is not None  # an extraction draws
    prints |= {"model": subject.denoiser.fingerprint, "arithmetic": str(subject.denoiser.arithmetic)}
    plain = ""
    if subject.steering is not None:
        prints["surrogate"] = subject.steering.surrogate.fingerprint
        if subject.guide is not None and settings.compare_plain:
            plain = pictures_key(settings, without_surrogate(subject))
    own = pictures_key(settings, subject)
    return NewRun("extract", settings.model, said, prints, settings.count, own, plain)


def begin_run(workspace: Workspace, new: NewRun) -> Run:
    """Note that a run begins, and make the folders for its pictures and files.

    Raises:
        ValueError: the workspace cannot be written.
    """
    run = begin(workspace, new)
    make_folder(workspace.run_folder(run.id))
    return run


def leave_run(workspace: Workspace, id: int) -> None:
    """Note that a run was cancelled before it could be scored; one without any picture is forgotten."""
    run = find(workspace, id)
    if run.state != "running":
        return
    if finished := finished_pictures(workspace, run):
        end(workspace, id, "cancelled", finished)
    else:
        forget_runs(workspace, [id])


def keep(workspace: Workspace, extraction: Extraction, replaces: int | None = None) -> Kept:
    """Keep a finished or cancelled extraction; its drawn pictures are kept already, see `picture_shelf`.

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
    if known is not None and known.finished == count and (workspace.run_folder(known.id) / SUMMARY).is_file():
        return Kept(known, reused=True)
    run = begin_run(workspace, new)
    result = result_of(extraction)
    write_result(workspace.run_folder(run.id), result)
    lost = sum(item.lost for item in extraction.damaged)
    line = extraction.headline()
    ended = end(
        workspace,
        run.id,
        "finished" if count + lost >= new.asked else "cancelled",
        count,
        result.summary,
        NO_CONTROL if line is None else str(line),
        None if line is None else line.training.share,
        thumbnail_of(result),
    )
    if replaces is not None and replaces != run.id:
        replace_run(workspace, replaces, ended)
    return Kept(ended, reused=False)


def replace_run(workspace: Workspace, old: int, by: Run) -> None:
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
) -> Kept:
    """Keep a sweep or a surrogate: what `write` puts into the run's folder, and the summary that it returns.

    Raises:
        ValueError: it cannot be written.
    """
    known = equal(workspace, new)
    if known is not None and known.finished == finished and known.state != "running":
        return Kept(known, reused=True)
    run = begin_run(workspace, new)
    summary = write(workspace.run_folder(run.id))
    state: State = "finished" if finished >= new.asked else "cancelled"
    return Kept(end(workspace, run.id, state, finished, summary, headline), reused=False)


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


def thumbnail_of(result: Result) -> bytes:
    """The pairs nearest to a copy (generated, nearest training image) in a row, as PNG."""
    cells = []
    for place in result.order()[:THUMBNAIL_PAIRS]:
        cells += [result.images[place], result.training[result.nearest[place]]]
    return png(in_a_row([thumbnail(cell, THUMBNAIL_SIDE) for cell in cells], THUMBNAIL_SIDE, gap=2))
