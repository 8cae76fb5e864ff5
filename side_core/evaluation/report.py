"""What an evaluation says: one table as Markdown, CSV and JSON, and a row of pictures for each method."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from side_core.evaluation.chart import chart
from side_core.evaluation.comparison import Comparison, Figures
from side_core.evaluation.evaluation import Evaluated, Evaluation
from side_core.extraction.summary import interval_json, rate_json, set_json, versions
from side_core.extraction.tables import table
from side_core.files.images import grid_of_rows, png
from side_core.files.whole_file import write_json, write_whole
from side_core.similarity.quality import DIRECTIONS
from side_core.similarity.scores import SCORES
from side_core.stats.bootstrap import Interval
from side_core.stats.rate import Rate
from side_core.wording import counted, rounded

_PICTURES = 12  # pairs of each method: its nearest to copies, of different training images


def write_report(evaluation: Evaluation, out: Path) -> dict[str, Any]:
    """Write table.md, table.csv, table.json, chart.png and pictures/NAME.png; returns what table.json says."""
    write_whole(out / "table.md", markdown(evaluation).encode())
    write_whole(out / "table.csv", _csv_table(evaluation).encode())
    write_whole(out / "chart.png", png(chart(evaluation)))
    (out / "pictures").mkdir(exist_ok=True)
    for item in evaluation.methods:
        write_whole(out / "pictures" / f"{item.method.name}.png", png(_pairs_of(evaluation, item)))
    found = summary(evaluation)
    write_json(out / "table.json", found)
    return found


def markdown(evaluation: Evaluation) -> str:
    """The tables for a README, with what their columns mean: by the control's rate, then by the usual threshold."""
    comparison, settings = evaluation.comparison, evaluation.settings
    kind = SCORES[comparison.score]
    few = comparison.rarefied
    assert evaluation.subject.control is not None  # there is a comparison
    about = (
        f"{settings.count:,} images a method from seed {settings.seed:,}, {settings.steps} steps ({settings.solver}), "
        f"{settings.mode} arithmetic; {kind.symbol} {kind.sign} {rounded(comparison.threshold)}, the most generous "
        f"threshold at which every method's control rate is at most {100 * settings.control_rate:g} %; 95 % intervals. "
        f"Different images: nearest training images of those that beat it, expected among {few:,}; their intervals "
        f"are what {few:,} of the images bring back. Fréchet distance (0 is best; of the {DIRECTIONS} leading "
        "directions of the features, so that it is not comparable with FID) and coverage: to "
        f"{counted(len(evaluation.subject.control), 'control image')}, in features of the model."
    )
    usual = f"The same by {kind.symbol} {kind.sign} {rounded(kind.threshold)} ({kind.source}):"
    first, second = _table_of(evaluation, comparison, True), _table_of(evaluation, evaluation.usual, False)
    return "\n".join([*first, "", about, "", usual, "", *second, ""])


def _table_of(evaluation: Evaluation, comparison: Comparison, quality: bool) -> list[str]:
    """The lines of one table: a row for each method; the quality of its images does not depend on the threshold."""
    columns = [
        "method",
        "AMS",
        "over plain",
        f"different images among {comparison.rarefied:,}",
        "over plain",
        "control",
    ]
    columns += ["Fréchet", "coverage"] if quality else []
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for item in evaluation.methods:
        figures, own = comparison.figures[item.method.name], item.method.kind == "plain"
        row = [
            item.method.title + (f" ({item.lost:,} lost)" if item.lost else ""),
            _share(figures.ams),
            "1" if own else figures.ams_ratio.as_ratio,
            _whole(figures.different),
            "1" if own else figures.different_ratio.as_ratio,
            _share(figures.control),
        ]
        row += [rounded(item.quality.frechet), f"{100 * item.quality.coverage:.1f} %"] if quality else []
        lines.append(f"| {' | '.join(row)} |")
    return lines


def _csv_table(evaluation: Evaluation) -> str:
    """One row a method and threshold, plain numbers."""
    columns = ["method", "title", "images", "lost", "threshold"]
    columns += ["ams", "ams_low", "ams_high", "beat", "ams_over_plain", "ams_over_plain_low", "ams_over_plain_high"]
    columns += ["different", "different_low", "different_high"]
    columns += ["different_over_plain", "different_over_plain_low", "different_over_plain_high", "different_among_all"]
    columns += ["control", "control_low", "control_high", "control_beat", "frechet", "coverage"]
    rows = []
    for comparison, item in itertools.product((evaluation.comparison, evaluation.usual), evaluation.methods):
        figures = comparison.figures[item.method.name]
        ams, control = figures.ams, figures.control
        rows.append(
            [
                item.method.name,
                item.method.title,
                ams.count,
                item.lost,
                comparison.threshold,
                *(ams.share, ams.low, ams.high, ams.beat),
                *vars(figures.ams_ratio).values(),
                *vars(figures.different).values(),
                *vars(figures.different_ratio).values(),
                figures.all_different,
                *(control.share, control.low, control.high, control.beat),
                *(item.quality.frechet, item.quality.coverage),
            ]
        )
    return table(columns, rows)


def summary(evaluation: Evaluation) -> dict[str, Any]:
    """The same with settings, fingerprints and versions."""
    subject, comparison, usual = evaluation.subject, evaluation.comparison, evaluation.usual
    assert subject.control is not None  # there is a comparison
    methods = {}
    for item in evaluation.methods:
        name = item.method.name
        methods[name] = {
            "title": item.method.title,
            "kind": item.method.kind,
            "lost": item.lost,
            **_figures_json(comparison.figures[name]),
            "usual": _figures_json(usual.figures[name]),
            "frechet": item.quality.frechet,
            "coverage": item.quality.coverage,
        }
    return {
        "settings": evaluation.settings.model_dump(mode="json"),
        "digest": evaluation.settings.digest,
        "model": {"name": evaluation.settings.model, "fingerprint": subject.denoiser.fingerprint},
        "arithmetic": str(subject.denoiser.arithmetic),
        "data": set_json(subject.data),
        "control": set_json(subject.control),
        "score": comparison.score,
        "threshold": comparison.threshold,
        "usual_threshold": usual.threshold,
        "rarefied": comparison.rarefied,
        "methods": methods,
        "versions": versions(),
    }


def _figures_json(figures: Figures) -> dict[str, Any]:
    """One method's figures by one threshold."""
    return {
        "ams": rate_json(figures.ams),
        "control": rate_json(figures.control),
        "ams_over_plain": interval_json(figures.ams_ratio),
        "different": interval_json(figures.different),
        "different_over_plain": interval_json(figures.different_ratio),
        "different_among_all": figures.all_different,
    }


def _pairs_of(evaluation: Evaluation, item: Evaluated) -> np.ndarray:
    """A method's nearest to copies, each beside its nearest training image; each training image once."""
    found, training = item.match, evaluation.subject.data.images
    rows, seen = [], set()
    for i in found.order(evaluation.comparison.score):
        nearest = int(found.training.neighbours.rows[i, 0])
        if nearest not in seen:
            seen.add(nearest)
            rows.append((found.images[i], training[nearest]))
        if len(rows) == _PICTURES:
            break
    return grid_of_rows(rows, columns=_PICTURES)


def _share(rate: Rate) -> str:
    """A rate as text: share, interval, count."""
    return f"{100 * rate.share:.1f} % ({100 * rate.low:.1f} to {100 * rate.high:.1f}), {rate.beat:,}"


def _whole(interval: Interval) -> str:
    """A number of images as text."""
    return f"{interval.value:.0f} ({interval.low:.0f} to {interval.high:.0f})"
