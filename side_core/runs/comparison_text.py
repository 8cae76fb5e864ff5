"""A comparison of runs as lines for a terminal, and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from side_core.extraction.summary import interval_json, rate_json
from side_core.runs.compared_metrics import Figure, Metric
from side_core.runs.comparison import Difference, RunComparison
from side_core.runs.exchange.places import names_in
from side_core.runs.wording import NONE, figure_in_words, ratio_in_words, value_in_words
from side_core.stats.rate import Rate
from side_core.wording import shortened

_WIDEST, _DIGITS = 44, 25  # characters of a setting and of a fingerprint or version; longer ones lose their middle


def lines_of_comparison(found: RunComparison) -> Iterator[str]:
    """What a person reads: the runs, what differs, every metric with its control and its ratio."""
    for run in found.runs:
        base = " (baseline)" if run is found.baseline else ""
        yield f"Run {run.id}{base}: {run.title}"
    yield from (f"Note: {note}" for note in found.notes)
    heads = [f"run {run.id}" for run in found.runs]
    for title, rows, most in (
        ("Settings that differ", found.settings, _WIDEST),
        ("Fingerprints that differ", found.fingerprints, _DIGITS),
    ):
        yield ""
        yield title if rows else f"{title}: none"
        if rows:
            cells = [(row.title, [shortened(value_in_words(item), most) for item in row.values]) for row in rows]
            yield from _table_lines(heads, cells)
    for item in found.metrics:
        yield ""
        yield f"{item.title} (95 % intervals)"
        yield from _metric_lines(heads, item)


def _metric_lines(heads: Sequence[str], item: Metric) -> Iterator[str]:
    """One metric, a line a run."""
    for head, figure in zip(heads, item.figures, strict=True):
        yield f"  {head}: {_figure_line(figure, item.share)}"


def _figure_line(figure: Figure | None, share: bool) -> str:
    """One figure with its control and its ratio."""
    if figure is None:
        return NONE
    value, small = figure_in_words(figure.found, share)
    parts = [f"{value} ({small})"]
    if figure.control is not None:
        value, small = figure_in_words(figure.control, share)
        parts.append(f"control {value} ({small})")
    if figure.rule:
        parts.append(figure.rule)
    if figure.ratio is not None:
        parts.append(f"{ratio_in_words(figure.ratio)} the baseline{', same seeds' if figure.paired else ''}")
    return "; ".join(parts)


def _table_lines(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> Iterator[str]:
    """Rows in columns of equal width."""
    whole = [("", heads), *rows]
    widths = [max(len(cells[place]) for _, cells in whole) for place in range(len(heads))]
    first = max(len(title) for title, _ in whole)
    for title, cells in whole:
        line = "  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))
        yield f"  {title:{first}}  {line}".rstrip()


def comparison_json(found: RunComparison) -> dict[str, Any]:
    """Everything but the pictures, of which there are the names and scores; null stands for infinite or undefined.

    No path of this machine is in it: see `side_core.runs.exchange.places`.
    """
    names = names_in(*(part for run in found.runs for part in ({"model": run.model}, run.settings)))
    about: dict[str, Any] = names.value(_with_places(found))
    return about


def _with_places(found: RunComparison) -> dict[str, Any]:
    """The same with all paths."""
    return {
        "runs": [run.id for run in found.runs],
        "baseline": found.baseline.id,
        "titles": [run.title for run in found.runs],
        "settings": [_difference_json(item) for item in found.settings],
        "fingerprints": [_difference_json(item) for item in found.fingerprints],
        "metrics": [
            {"title": item.title, "figures": [_figure_json(figure) for figure in item.figures]}
            for item in found.metrics
        ],
        "same_seeds": [
            {"name": row.name, "scores": list(row.values), "nearest": row.training_id} for row in found.pictures
        ],
        "notes": list(found.notes),
    }


def _difference_json(item: Difference) -> dict[str, Any]:
    """What the runs do not share."""
    return {"title": item.title, "values": list(item.values)}


def _figure_json(figure: Figure | None) -> dict[str, Any] | None:
    """One figure with its control and its ratio."""
    if figure is None:
        return None
    found, control = (
        None if item is None else rate_json(item) if isinstance(item, Rate) else interval_json(item)
        for item in (figure.found, figure.control)
    )
    ratio = None if figure.ratio is None else interval_json(figure.ratio)
    return {"found": found, "control": control, "rule": figure.rule, "over_baseline": ratio, "paired": figure.paired}
