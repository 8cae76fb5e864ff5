"""Runs side by side: the settings that differ, every figure with its control, and the same seeds in a row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from side_core.dpm.formats.config import first_line
from side_core.runs.compared_cells import cells_compared
from side_core.runs.compared_metrics import Hits, Metric, metrics_of
from side_core.runs.figures import Summary
from side_core.runs.reading import ODD, names_in, result_in, scores_in, summary_in
from side_core.runs.run import SETTINGS, Run
from side_core.runs.workspace import Workspace
from side_core.similarity.scores import SCORES
from side_core.stats.rate import Rate

MOST_RUNS, _MOST_ROWS = 8, 12


@dataclass(frozen=True)
class Difference:
    """A setting or a fingerprint that the runs do not share.

    Attributes:
        title: what it is called.
        values: one a run; None where the run has none.
    """

    title: str
    values: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class SameSeed:
    """One seed in all runs.

    Attributes:
        name: the seed, or the picture's name.
        images: (H, W, 3) uint8, one a run.
        values: its score in each run.
        training: (H, W, 3) uint8, the training image nearest to the baseline's picture.
        training_id: its name.
    """

    name: str
    images: tuple[np.ndarray, ...]
    values: tuple[float, ...]
    training: np.ndarray
    training_id: str


@dataclass(frozen=True, eq=False)
class RunComparison:
    """Runs side by side.

    Attributes:
        runs: the baseline first.
        settings: those that differ.
        fingerprints: those that differ.
        metrics: of the runs that are scored; of sweeps the cells that they share; of surrogates none.
        pictures: seeds that all runs have, nearest to a copy in the baseline first.
        notes: what one should know before comparing them.
    """

    runs: tuple[Run, ...]
    settings: tuple[Difference, ...]
    fingerprints: tuple[Difference, ...]
    metrics: tuple[Metric, ...]
    pictures: tuple[SameSeed, ...]
    notes: tuple[str, ...]

    @property
    def baseline(self) -> Run:
        """What the others are compared with: the pinned run, or else the oldest."""
        return self.runs[0]


def compare_runs(workspace: Workspace, runs: Sequence[Run], most: int = _MOST_ROWS) -> RunComparison:
    """Put runs side by side.

    Args:
        workspace: where they are.
        runs: two or more, eight at most; a run that is named twice counts once.
        most: rows of pictures.

    Raises:
        ValueError: they are too few or too many, or one is damaged.
    """
    chosen = {run.id: run for run in runs}
    if not 2 <= len(chosen) <= MOST_RUNS:
        given = f"{len(chosen)} {'is' if len(chosen) == 1 else 'are'} given"
        raise ValueError(f"A comparison takes 2 to {MOST_RUNS} different runs, and {given}: choose others.")
    baseline = min(chosen.values(), key=lambda run: (not run.pinned, run.created, run.id))
    ordered = (baseline, *(run for run in chosen.values() if run.id != baseline.id))
    scored = [run.kind in ("extract", "score") for run in ordered]
    summaries = [summary_in(workspace, run) if drawn else None for run, drawn in zip(ordered, scored, strict=True)]
    try:
        if all(run.kind == "sweep" for run in ordered):
            metrics = tuple(cells_compared([summary_in(workspace, run) for run in ordered]))
        else:
            metrics = tuple(metrics_of(summaries, _hits_of(workspace, ordered, summaries) if all(scored) else None))
    except ODD as error:  # each alone can be read
        numbers = ", ".join(str(run.id) for run in ordered)
        reason = f"{type(error).__name__} {first_line(error)}"
        raise ValueError(f"What came out of one of the runs {numbers} is damaged ({reason}): compare others.") from None
    return RunComparison(
        ordered,
        _settings_that_differ(ordered),
        _fingerprints_that_differ(ordered),
        metrics,
        _same_seeds(workspace, ordered, most) if all(scored) else (),
        tuple(_notes_of(ordered, summaries, metrics)),
    )


def _hits_of(workspace: Workspace, runs: Sequence[Run], summaries: Sequence[Summary | None]) -> Hits:
    """Which seeds beat the threshold in each run, where all have drawn the very same; nothing where they have not."""
    known = [summary for summary in summaries if summary is not None]
    if any(run.kind != "extract" for run in runs) or len(known) != len(runs):
        return {}
    found: dict[str, Sequence[np.ndarray]] = {}
    for name, kind in SCORES.items():
        try:
            values = [scores_in(workspace, run, name) for run in runs]
        except ValueError:  # said where its pictures are
            return {}
        scored = [item for item in values if item is not None]
        if len(scored) != len(runs) or any(item.keys() != scored[0].keys() for item in scored):
            continue
        limits = [float(summary["scores"][name]["threshold"]) for summary in known]
        found[name] = [
            kind.beats(np.array([item[seed] for seed in scored[0]]), limit)
            for item, limit in zip(scored, limits, strict=True)
        ]
    return found


def _settings_that_differ(runs: Sequence[Run]) -> tuple[Difference, ...]:
    """The settings that the runs do not share, by their titles, in the order of the settings models."""
    titles: dict[str, str] = {}
    for kind in dict.fromkeys(run.kind for run in runs):
        for name, field in SETTINGS[kind].model_fields.items():
            titles.setdefault(name, str(field.title or name))
    names = dict.fromkeys([*titles, *(name for run in runs for name in run.settings)])
    rows = [Difference(titles.get(name, name), tuple(run.settings.get(name) for run in runs)) for name in names]
    if len({run.kind for run in runs}) > 1:
        rows.insert(0, Difference("Kind", tuple(run.kind for run in runs)))
    return tuple(row for row in rows if _differ(row.values))


def _fingerprints_that_differ(runs: Sequence[Run]) -> tuple[Difference, ...]:
    """The fingerprints that the runs do not share; versions as well, as they may move a figure."""
    rows = []
    for part in ("fingerprints", "versions"):
        names = dict.fromkeys(name for run in runs for name in getattr(run, part))
        rows += [Difference(name, tuple(getattr(run, part).get(name) for run in runs)) for name in names]
    return tuple(row for row in rows if _differ(row.values))


def _differ(values: Sequence[Any]) -> bool:
    """Whether they are not all equal."""
    return any(value != values[0] for value in values)


def _same_seeds(workspace: Workspace, runs: Sequence[Run], most: int) -> tuple[SameSeed, ...]:
    """Rows of pictures of the same seed; none where a run has no scores, or its pictures are gone."""
    try:
        names = [names_in(workspace, run) for run in runs]
        shared = set(names[0]).intersection(*names[1:])
        first = [name for name in names[0] if name in shared][:most]
        results = [result_in(workspace, run, set(first)) for run in runs]
    except ValueError:
        return ()
    places = [{name: place for place, name in enumerate(result.names)} for result in results]
    baseline = results[0]
    rows = []
    for name in (name for name in first if all(name in known for known in places)):
        at = [known[name] for known in places]
        nearest = baseline.nearest[at[0]]
        rows.append(
            SameSeed(
                name,
                tuple(result.images[place] for result, place in zip(results, at, strict=True)),
                tuple(float(item.scores[item.score][place]) for item, place in zip(results, at, strict=True)),
                baseline.training[nearest],
                baseline.training_ids[nearest],
            )
        )
    return tuple(rows)


def _notes_of(
    runs: Sequence[Run],
    summaries: Sequence[Summary | None],
    metrics: Sequence[Metric],
) -> Iterator[str]:
    """What makes these runs hard to compare."""
    for run, summary in zip(runs, summaries, strict=True):
        if run.kind not in ("extract", "score"):
            continue
        if summary is None:
            yield f"Run {run.id} has no scores: it was {run.state} before it was scored."
        elif not summary.get("metrics"):
            yield f"Run {run.id} has no control, so its rates are withheld."
    scored = [run.settings for run in runs if run.kind in ("extract", "score")]
    for name, words in (
        ("encoder", "They are compared by different features, so equal scores do not mean the same."),
        ("data", "They are matched against different training images."),
        ("control", "They have different controls: look at each run's own before its ratio."),
    ):
        if _differ([settings.get(name) for settings in scored]):
            yield words
    rules = [[item.rule for item in row.figures if item is not None] for row in metrics]
    if any(_differ(item) for item in rules):
        yield "Their thresholds differ: a ratio compares what each one counts."
    counts = {item.found.count for row in metrics for item in row.figures if item and isinstance(item.found, Rate)}
    if len(counts) > 1:
        yield "They have different numbers of pictures. UMS grows with the number: compare it at equal ones."
