"""The tables of a run: samples.csv, neighbors.csv, training.csv."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from side_core.extraction.returned import returned
from side_core.extraction.run import Extraction
from side_core.similarity.scores import SCORES, values_of_neighbours
from side_core.wording import rounded

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a cell begins with that a spreadsheet runs
_LISTED = 10  # neighbours of each sample in neighbors.csv


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV; numbers with six digits, texts as `_as_text` has them, nothing for None."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_as_text(name) for name in columns])
    for row in rows:
        writer.writerow([f"{value:.6g}" if isinstance(value, float) else _as_text(value) for value in row])
    return text.getvalue()


def _as_text(value: Any) -> Any:
    """A name, caption or prompt of others that a spreadsheet would run as a formula, behind an apostrophe.

    As OWASP advises against CSV injection. What a number may begin with stays where it is one.
    """
    if not isinstance(value, str) or not value.startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def samples_csv(extraction: Extraction) -> str:
    """One row a sample: its two nearest training images and its scores against each set.

    Without a prefix: against all training images; `compared_`, only where the control is smaller: against as many of
    them as it has; `control_`: against the control; `plain_`, of a steered run: the same seed without the surrogate.
    """
    found, ids = extraction.match, extraction.subject.data.ids
    sides = [("", found.training)]
    if found.compared is not found.training:
        sides.append(("compared_", found.compared))
    if found.control is not None:
        sides.append(("control_", found.control))
    names = sorted(found.training.scores.names)
    scores = {f"{prefix}{name}": side.scores.by_name(name) for prefix, side in sides for name in names}
    columns = ["sample", "name" if extraction.samples else "seed", "nearest", "second", *scores]
    near = found.training.neighbours.rows
    more = {**_steered_columns(extraction), **_view_columns(extraction)}
    return table(
        [*columns, *more],
        (
            [
                i,
                name,
                ids[near[i, 0]],
                ids[near[i, 1]],
                *(float(values[i]) for values in scores.values()),
                *(column.get(name, "") for column in more.values()),
            ]
            for i, name in enumerate(found.names)
        ),
    )


def _view_columns(extraction: Extraction) -> dict[str, dict[str, str]]:
    """By the names of the images: `view`, in which each is nearest; none where there is one view."""
    found = extraction.match
    if len(found.views) == 1:
        return {}
    return {"view": {name: str(found.view(place)) or "as it is" for place, name in enumerate(found.names)}}


def _steered_columns(extraction: Extraction) -> dict[str, dict[str, Any]]:
    """Of a steered run, by the names of the images: `label`, the cluster it was steered to, and `plain_` scores."""
    steering, plain = extraction.steering, extraction.plain
    if steering is None:
        return {}
    names = extraction.match.names
    columns: dict[str, dict[str, Any]] = {
        "label": dict(zip(names, steering.clusters([int(name) for name in names]), strict=True))
    }
    if plain is not None:
        for score in sorted(plain.training.scores.names):
            values = plain.training.scores.by_name(score).tolist()
            columns[f"plain_{score}"] = dict(zip(plain.names, values, strict=True))
    return columns


def neighbors_csv(extraction: Extraction) -> str:
    """Ten rows a sample: its nearest training images with their distance and, where it means something, the score."""
    found, data = extraction.match, extraction.subject.data
    neighbours = found.training.neighbours
    name = extraction.settings.score
    values = values_of_neighbours(neighbours, name, found.dimensions)
    columns = ["sample", "name" if extraction.samples else "seed", "rank", "neighbor", "row", "distance"]

    def rows() -> Iterator[list[Any]]:
        for i, sample in enumerate(found.names):
            for rank, row in enumerate(neighbours.rows[i, :_LISTED]):
                score = [] if values is None else [float(values[i, rank])]
                yield [i, sample, rank + 1, data.ids[row], int(row), float(neighbours.distances[i, rank]), *score]

    return table([*columns, *([] if values is None else [name])], rows())


def training_csv(extraction: Extraction) -> str:
    """One row for each training image that is some sample's nearest: how often it came back, by which samples."""
    found, data, settings = extraction.match, extraction.subject.data, extraction.settings
    threshold = extraction.threshold
    details = {
        name: values for name, values in (("label", data.labels), ("caption", data.captions)) if values is not None
    }
    details |= {name: values for name, values in data.attributes.items() if name not in details}
    symbol, sizes = SCORES[settings.score].sign, extraction.references.training.groups.sizes
    columns = [
        "training_image",
        "row",
        f"times {settings.score}{symbol}{rounded(threshold)}",
        "samples",
        "nearest_of",
        f"best_{settings.score}",
        "best_sample",
        "copies",
        "near_duplicates",
        *details,
    ]
    return table(
        columns,
        (
            [
                data.ids[item.row],
                item.row,
                item.times,
                ";".join(found.names[i] for i in item.samples),
                item.nearest_of,
                item.best,
                found.names[item.best_sample],
                int(extraction.references.copies[item.row]),
                int(sizes[item.row] - extraction.references.copies[item.row]),
                *(values[item.row] for values in details.values()),
            ]
            for item in returned(found.training, settings.score, threshold)
        ),
    )
