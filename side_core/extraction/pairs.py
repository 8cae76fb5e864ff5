"""One picture: its score and nearest training image, of a steered one its plain twin; and what most are nearest to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from side_core.extraction.references import Side
from side_core.extraction.run import Extraction
from side_core.similarity.scores import SCORES
from side_core.similarity.views import View
from side_core.wording import counted


@dataclass(frozen=True, eq=False)
class Twin:
    """The same seed drawn without the surrogate.

    Attributes:
        image: (H, W, 3) uint8.
        value: its score against the training images.
        nearest: row of its own nearest training image.
    """

    image: np.ndarray
    value: float
    nearest: int


@dataclass(frozen=True, eq=False)
class Pair:
    """A picture and its nearest training image.

    Attributes:
        name: of the picture, its seed where it was drawn.
        image: (H, W, 3) uint8.
        value: its score against the training images, by the settings' own score.
        nearest: row of the training image.
        view: in which the picture is so near to it.
        cluster: number of the cluster it was steered to; None where nothing steers.
        twin: None where nothing steers, or the plain picture was not drawn.
    """

    name: str
    image: np.ndarray
    value: float
    nearest: int
    view: View
    cluster: int | None
    twin: Twin | None

    @property
    def change(self) -> str:
        """By how much steering changed the score; empty without a twin."""
        return "" if self.twin is None else f"{self.value - self.twin.value:+.2f}".replace("-", "−")


def pairs_of(extraction: Extraction, places: Sequence[int]) -> list[Pair]:
    """The pairs at some places of a match."""
    match, score = extraction.match, extraction.settings.score
    values, rows = match.training.scores.by_name(score), match.training.neighbours.rows[:, 0]
    names = [match.names[place] for place in places]
    steering = extraction.guided_by
    clusters = [None] * len(names) if steering is None else steering.clusters([int(name) for name in names])
    twins = _twins_of(extraction)
    return [
        Pair(
            name,
            match.images[place],
            float(values[place]),
            int(rows[place]),
            match.view(place),
            cluster,
            twins.get(name),
        )
        for name, place, cluster in zip(names, places, clusters, strict=True)
    ]


def _twins_of(extraction: Extraction) -> dict[str, Twin]:
    """The plain pictures of a steered run by the names of the steered ones; empty where there are none."""
    match = extraction.plain
    if match is None:
        return {}
    values, rows = match.training.scores.by_name(extraction.settings.score), match.training.neighbours.rows[:, 0]
    return {
        name: Twin(match.images[place], float(values[place]), int(rows[place]))
        for place, name in enumerate(match.names)
    }


def nearest_rows(extraction: Extraction) -> list[tuple[int, int]]:
    """Rows of the training images that pictures are nearest to, and of how many: most first, then the best match."""
    side, score = extraction.match.training, extraction.settings.score
    order = SCORES[score].order(side.scores.by_name(score))
    return Counter(side.neighbours.rows[order, 0].tolist()).most_common()


def beating(side: Side, extraction: Extraction) -> np.ndarray:
    """(n,) which pictures beat the extraction's own threshold on one side."""
    return SCORES[extraction.settings.score].beats(side.scores.by_name(extraction.settings.score), extraction.threshold)


def copies_in_words(extraction: Extraction) -> str:
    """How many pictures beat the threshold, and of how many different training pictures they are copies."""
    side = extraction.match.training
    mask = beating(side, extraction)
    words = f"{mask.sum()} of {len(mask)}"
    if not mask.any():
        return words
    different = len(set(side.pictures[mask, 0].tolist()))
    return f"{words}, of {counted(different, 'picture')}"
