"""The same run from the training images' side: which came back, how often, in which samples."""

from dataclasses import dataclass

import numpy as np

from side_core.extraction.references import Side
from side_core.settings import ScoreName
from side_core.similarity.scores import SCORES


@dataclass(frozen=True)
class Returned:
    """One training image that is the nearest of some sample; near-duplicates are one.

    Attributes:
        row: in the training set, of the one that is nearest to its best sample.
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
    kind, values = SCORES[score], side.scores.by_name(score)
    rows, images = side.neighbours.rows[:, 0], side.pictures[:, 0]
    order = kind.order(values)
    beats = kind.beats(values, threshold)
    by_image = order[np.argsort(images[order], kind="stable")]  # grouped, each group nearest first
    groups = np.split(by_image, np.flatnonzero(np.diff(images[by_image])) + 1)
    found = []
    for group in groups:
        hits = tuple(group[beats[group]].tolist())
        first = int(group[0])
        found.append(Returned(int(rows[first]), len(hits), hits, len(group), float(values[first]), first))
    rank = {int(position): place for place, position in enumerate(order)}
    return tuple(sorted(found, key=lambda item: (-item.times, rank[item.best_sample])))
