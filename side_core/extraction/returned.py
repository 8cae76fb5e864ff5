"""The same run from the training images' side: which came back, how often, in which samples."""

from dataclasses import dataclass

import numpy as np

from side_core.extraction.references import Side
from side_core.settings import ScoreName
from side_core.similarity.scores import SCORES


@dataclass(frozen=True)
class Returned:
    """One training image that is the nearest of some sample.

    Attributes:
        row: in the training set.
        times: samples that beat the threshold with it as their nearest.
        samples: (times,) positions of these samples, nearest to a copy first.
        nearest_of: all samples whose nearest it is.
        best: the score nearest to a copy among these, and
        best_sample: its position.
    """

    row: int
    times: int
    samples: tuple[int, ...]
    nearest_of: int
    best: float
    best_sample: int


def returned(side: Side, score: ScoreName, threshold: float) -> tuple[Returned, ...]:
    """All training images that are some sample's nearest; the most often extracted first, then the best scored."""
    kind, values, rows = SCORES[score], side.scores.by_name(score), side.neighbours.rows[:, 0]
    order = kind.order(values)
    beats = kind.beats(values, threshold)
    by_row = order[np.argsort(rows[order], kind="stable")]  # grouped by row, each group nearest first
    groups = np.split(by_row, np.flatnonzero(np.diff(rows[by_row])) + 1)
    found = []
    for group in groups:
        hits = tuple(group[beats[group]].tolist())
        first = int(group[0])
        found.append(Returned(int(rows[first]), len(hits), hits, len(group), float(values[first]), first))
    rank = {int(position): place for place, position in enumerate(order)}
    return tuple(sorted(found, key=lambda item: (-item.times, rank[item.best_sample])))
