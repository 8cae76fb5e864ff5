"""What an evaluation of detectors says: as Markdown, CSV and JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from side_core.extraction.summary import rate_json, versions
from side_core.extraction.tables import table
from side_core.files.whole_file import write_json, write_whole
from side_core.prompts.evaluation import DetectorEvaluation, Evaluated, Scored
from side_core.prompts.named_first import NamedFirst
from side_core.settings import SignificanceAt
from side_core.stats.bootstrap import Interval
from side_core.stats.roc import Separation
from side_core.wording import rounded

_AT: dict[SignificanceAt, str] = {
    "words": "by what goes into the text encoder",
    "encoded": "by what comes out of it, Wen et al. 2024",
}
_TIME_NOTE = "detectors that look at whole pictures share them, and each is given the time of all"


def evaluation_json(evaluation: DetectorEvaluation, named_first: Sequence[NamedFirst] = ()) -> dict[str, Any]:
    """The first detector's figures on top, those of each below; with settings, fingerprints, counts and versions.

    Args:
        evaluation: of one or more detectors.
        named_first: of how many prompts a name is the most significant word, by each kind of significance.
    """
    first = evaluation.detectors[0]
    return {
        "detector": first.detector.name,
        **_separation_json(first.held_out),
        "seconds_per_prompt": first.seconds_per_prompt,
        "against_training_captions": None if first.training is None else _separation_json(first.training),
        "name_first": {
            found.at: {"memorised": rate_json(found.memorised), "held_out": rate_json(found.held_out)}
            for found in named_first
        },
        "settings": evaluation.settings.model_dump(mode="json", exclude={"prompt"}),
        "model": {"name": evaluation.settings.model, "fingerprint": evaluation.fingerprint},
        "arithmetic": evaluation.arithmetic,
        "device": evaluation.device,
        "detectors": {item.detector.name: _detector_json(item) for item in evaluation.detectors},
        "versions": versions(),
    }


def _detector_json(item: Evaluated) -> dict[str, Any]:
    """One detector."""
    detector, halves = item.detector, item.calibrated
    return {
        "title": detector.title,
        "source": detector.source,
        "higher_is_memorised": detector.higher,
        "cost": detector.cost,
        "images": item.images,
        "steps": item.steps,
        **_separation_json(item.held_out),
        "seconds_per_prompt": item.seconds_per_prompt,
        "against_training_captions": None if item.training is None else _separation_json(item.training),
        "calibrated": {
            "threshold": halves.threshold.value,
            "chosen_on": halves.threshold.chosen_on,
            "found": rate_json(halves.found),
            "false_positives": rate_json(halves.threshold.alarms),
        },
        "groups": {row.group.name: _group_json(row) for row in item.groups},
    }


def _separation_json(found: Separation) -> dict[str, Any]:
    """AUC and TPR@1%FPR as plain numbers, each with its interval beside it."""
    return {
        "auc": found.auc.value,
        "auc_interval": [found.auc.low, found.auc.high],
        "tpr_at_1_fpr": found.tpr.value,
        "tpr_at_1_fpr_interval": [found.tpr.low, found.tpr.high],
        "threshold": found.threshold,
        "bound": found.bound,
        "found": rate_json(found.found),
        "false_positives": rate_json(found.alarms),
    }


def _group_json(row: Scored) -> dict[str, Any]:
    """One group of prompts."""
    return {
        "title": row.group.title,
        "count": len(row.scores),
        "median": float(sorted(row.scores)[len(row.scores) // 2]),
        "auc": None if row.against is None else row.against.auc.value,
        "auc_interval": None if row.against is None else [row.against.auc.low, row.against.auc.high],
        "above_threshold": None if row.against is None else rate_json(row.against.found),
    }


def markdown(evaluation: DetectorEvaluation, named_first: Sequence[NamedFirst] = ()) -> str:
    """Tables for a README: the detectors, then the groups of the first one, with what the columns mean."""
    first, bound = evaluation.detectors[0], f"{100 * evaluation.settings.false_positives:g}"
    seen = first.training is not None
    columns = ["detector", "source", "images x steps", "AUC", f"TPR@{bound}%FPR"]
    columns += ["AUC against training captions", "TPR there"] if seen else []
    lines = [f"| {' | '.join([*columns, 's a prompt'])} |", "|---" * (len(columns) + 1) + "|"]
    for item in evaluation.detectors:
        row = [item.detector.title, item.detector.source, f"{item.images} x {item.steps}"]
        row += [_interval(item.held_out.auc), _share(item.held_out)]
        row += [] if item.training is None else [_interval(item.training.auc), _share(item.training)]
        lines.append(f"| {' | '.join([*row, f'{rounded(item.seconds_per_prompt)}'])} |")
    rows = [[row.group.title, f"{len(row.scores):,}", *_against(row)] for row in first.groups]
    lines += [
        "",
        f"| prompts ({first.detector.title}) | count | AUC against held-out | above the threshold |",
        "|---" * 4 + "|",
    ]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    halves = first.calibrated
    lines += [
        "",
        f"Threshold from {halves.threshold.chosen_on:,} held-out prompts, tried on others: "
        f"memorised above it {halves.found}; held-out above it {halves.threshold.alarms}.",
    ]
    lines += [
        f"A name is the most significant word of {found.memorised} memorised prompts, and of {found.held_out} held-out "
        f"ones ({_AT[found.at]})."
        for found in named_first
    ]
    lines.append(f"95 % intervals in brackets. Time: {_TIME_NOTE}.")
    return "\n".join([*lines, ""])


def _against(row: Scored) -> list[str]:
    """How a group stands out from the held-out prompts."""
    return ["", ""] if row.against is None else [_interval(row.against.auc), str(row.against.found)]


def _interval(found: Interval) -> str:
    """A figure of 0..1 with its interval."""
    return f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f})"


def _share(found: Separation) -> str:
    """The rate at few false alarms with its interval and its count."""
    tpr, found_of = found.tpr, f"{found.found.beat} of {found.found.count}"
    return f"{tpr.value:.3f} ({tpr.low:.3f} to {tpr.high:.3f}; {found_of})"


def scores_csv(evaluation: DetectorEvaluation) -> str:
    """One row for each prompt and detector."""
    rows = (
        [item.detector.name, row.group.name, prompt, float(score)]
        for item in evaluation.detectors
        for row in item.groups
        for prompt, score in zip(row.group.prompts, row.scores, strict=True)
    )
    return table(["detector", "group", "prompt", "score"], rows)


def write_evaluation(
    evaluation: DetectorEvaluation, out: Path, named_first: Sequence[NamedFirst] = ()
) -> dict[str, Any]:
    """Write detectors.md, detectors.json and scores.csv; returns what detectors.json says."""
    found = evaluation_json(evaluation, named_first)
    write_whole(out / "detectors.md", markdown(evaluation, named_first).encode())
    write_whole(out / "scores.csv", scores_csv(evaluation).encode())
    write_json(out / "detectors.json", found)
    return found
