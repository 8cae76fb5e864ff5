"""Per-sample scores: how near is an image to its nearest training image. All are distances: smaller is nearer."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from side_core.settings import ScoreName
from side_core.similarity.neighbours import Neighbours

NEIGHBOURS = 50  # Carlini et al. 2023, section 5.1: n = 50
ALPHA = 0.5  # the same: alpha = 0.5, so that the largest value is 2


@dataclass(frozen=True)
class ScoreKind:
    """What a score is called, where its threshold comes from and which way to read it."""

    symbol: str
    title: str
    description: str
    threshold: float
    largest: float
    source: str


SCORES: MappingProxyType[ScoreName, ScoreKind] = MappingProxyType(
    {
        "ratio": ScoreKind(
            "d₁/d₂",
            "Nearest ratio d₁/d₂",
            "Distance to the nearest image over that to the second nearest. 1: none stands out. 0: an exact copy.",
            1 / 3,
            1.0,
            "Yoon et al. 2023: below 1/3 counts as a copy",
        ),
        "nl2": ScoreKind(
            "nL2",
            "Normalised L2",
            "Distance to the nearest image over half the mean of the 50 nearest. 2: none stands out. 0: an exact copy.",
            1.0,
            2.0,
            "Carlini et al. 2023: below 1 counts as a copy",
        ),
        "l2": ScoreKind(
            "L2",
            "Distance (RMS)",
            "Root mean square difference to the nearest image. 0: an exact copy. 1: black against white (pixels).",
            0.05,
            0.5,
            "no published threshold: set it by the control's rate",
        ),
    }
)


@dataclass(frozen=True)
class Scores:
    """The scores of n images against one set.

    Attributes:
        l2: (n,) distance to the nearest image, root mean square.
        nl2: (n,) normalised L2, 0..2.
        ratio: (n,) nearest over second nearest distance, 0..1.
    """

    l2: np.ndarray
    nl2: np.ndarray
    ratio: np.ndarray

    def by_name(self, name: ScoreName) -> np.ndarray:
        """(n,) one of the scores."""
        return {"l2": self.l2, "nl2": self.nl2, "ratio": self.ratio}[name]


def scores_of(neighbours: Neighbours) -> Scores:
    """Scores from the nearest neighbours: l2, normalised L2 (Carlini et al. 2023) and nearest ratio (Yoon et al. 2023).

    Fewer than 50 neighbours are averaged over where the set is smaller. An exact copy scores 0, also where the set
    holds it twice.

    Raises:
        ValueError: the set has fewer than two images.
    """
    distances = neighbours.distances.astype(np.float64)
    if distances.shape[1] < 2:
        raise ValueError(f"Scores compare two nearest images, but the set has {distances.shape[1]}: give 2 or more.")
    nearest, second = distances[:, 0], distances[:, 1]
    mean = distances[:, :NEIGHBOURS].mean(axis=1)
    return Scores(nearest, divide(nearest, ALPHA * mean), divide(nearest, second))


def divide(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, 0 where both are 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def in_words(name: ScoreName, value: float) -> str:
    """One short phrase for a score, without a verdict."""
    if name == "l2":
        return f"off by {255 * value:.0f} of 255 levels"
    if value <= 0:
        return "an exact copy"
    if name == "ratio":
        return f"{1 / value:.1f}× nearer than the next image" if value < 0.8 else "no image stands out"
    return f"{1 / (ALPHA * value):.1f}× nearer than its 50 nearest" if value < 1.6 else "no image stands out"
