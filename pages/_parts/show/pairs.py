"""What a page shows of one picture: its score and nearest training image, and of a steered one its plain twin."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from side_core.extraction.run import Extraction
from side_core.similarity.views import View


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
    twins = twins_of(extraction)
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


def twins_of(extraction: Extraction) -> dict[str, Twin]:
    """The plain pictures of a steered run by the names of the steered ones; empty where there are none."""
    match = extraction.plain
    if match is None:
        return {}
    values, rows = match.training.scores.by_name(extraction.settings.score), match.training.neighbours.rows[:, 0]
    return {
        name: Twin(match.images[place], float(values[place]), int(rows[place]))
        for place, name in enumerate(match.names)
    }
