"""Per-sample scores: how near is an image to its nearest training image, and from which value on that counts."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from side_core.settings import EncoderName, ScoreName
from side_core.wording import rounded

if TYPE_CHECKING:
    from side_core.similarity.neighbours import Neighbours

NEIGHBOURS = 50  # Carlini et al. 2023, section 5.1: n = 50
_ALPHA = 0.5  # the same: alpha = 0.5, so that the largest value is 2


@dataclass(frozen=True)
class ScoreKind:
    """What a score is called, which way to read it, and from where its threshold and bands come.

    Attributes:
        edges: where the bands low, mid and high begin, the weakest first.
        larger_is_nearer: True of similarities; distances are the other way round.
    """

    symbol: str
    title: str
    description: str
    threshold: float
    largest: float
    source: str
    edges: tuple[float, float, float]
    edges_source: str
    larger_is_nearer: bool = False

    @property
    def sign(self) -> str:
        """`<` or `>`: what beats a threshold."""
        return ">" if self.larger_is_nearer else "<"

    def beats(self, values: np.ndarray, threshold: float) -> np.ndarray:
        """Which values are nearer to a copy than the threshold, as a mask of their shape."""
        return values > threshold if self.larger_is_nearer else values < threshold

    def order(self, values: np.ndarray) -> np.ndarray:
        """(n,) positions of (n,) values, nearest to a copy first."""
        return np.argsort(-values if self.larger_is_nearer else values, kind="stable")

    def best(self, values: np.ndarray) -> float:
        """The value nearest to a copy."""
        return float(values.max() if self.larger_is_nearer else values.min())

    def threshold_at(self, control: np.ndarray, rate: float) -> float:
        """The most generous threshold that at most a share `rate` of (n,) control values beats."""
        ordered = control[self.order(control)]
        return float(ordered[min(int(rate * len(ordered)), len(ordered) - 1)])


SCORES: MappingProxyType[ScoreName, ScoreKind] = MappingProxyType(
    {
        "ratio": ScoreKind(
            "d₁/d₂",
            "Nearest ratio d₁/d₂",
            "Distance to the nearest image over that to the second nearest. 1: none stands out. 0: an exact copy.",
            1 / 3,
            1.0,
            "Yoon et al. 2023: below 1/3 counts as a copy",
            (2 / 3, 1 / 2, 1 / 3),
            "1/3 of Yoon et al. 2023; 1/2 and 2/3 are ours",
        ),
        "nl2": ScoreKind(
            "nL2",
            "Normalised L2",
            "Distance to the nearest image over half the mean of the 50 nearest. 2: none stands out. 0: an exact copy.",
            1.0,
            2.0,
            "Carlini et al. 2023: below 1 counts as a copy",
            (1.6, 1.4, 1.0),
            "1 of Carlini et al. 2023; 1.4 and 1.6 of AMG (Chen et al. 2024)",
        ),
        "l2": ScoreKind(
            "L2",
            "Distance (RMS)",
            "Root mean square difference to the nearest image. 0: an exact copy. 1: black against white (pixels).",
            0.05,
            0.5,
            "no published threshold: set it by the control's rate",
            (0.15, 0.10, 0.05),
            "ours, for pixels",
        ),
        "cosine": ScoreKind(
            "cos",
            "Cosine similarity",
            "Cosine of the angle between the features of the image and of its nearest. 1: a copy, as far as they tell.",
            0.6,
            1.0,
            "SIDE (arXiv 2406.12752): above 0.6 is high similarity by SSCD; others need their own",
            (0.4, 0.5, 0.6),
            "SIDE (arXiv 2406.12752), for SSCD",
            larger_is_nearer=True,
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
        cosine: (n,) similarity to the nearest image, -1..1; None where the vectors are no directions.
        averaged: how many nearest images nL2 is averaged over: 50, or fewer where the set is smaller.
    """

    l2: np.ndarray
    nl2: np.ndarray
    ratio: np.ndarray
    cosine: np.ndarray | None
    averaged: int

    @property
    def names(self) -> tuple[ScoreName, ...]:
        """The scores there are."""
        return ("ratio", "nl2", "l2") if self.cosine is None else ("ratio", "nl2", "l2", "cosine")

    def by_name(self, name: ScoreName) -> np.ndarray:
        """(n,) one of the scores.

        Raises:
            ValueError: it is the cosine, and the vectors are no directions.
        """
        values = {"l2": self.l2, "nl2": self.nl2, "ratio": self.ratio, "cosine": self.cosine}[name]
        if values is None:
            raise ValueError(
                "Score 'cosine' compares directions of features: choose encoder clip or sscd, or score l2."
            )
        return values


def scores_of(neighbours: "Neighbours", dimensions: int | None = None) -> Scores:
    """Scores from the nearest neighbours: l2, normalised L2 (Carlini et al. 2023), nearest ratio (Yoon et al. 2023).

    Fewer than 50 neighbours are averaged over where the set is smaller. An exact copy scores 0.

    Args:
        neighbours: of each image, nearest first.
        dimensions: of the vectors, if they have length 1; then there is a cosine, too.

    Raises:
        ValueError: the set has fewer than two images.
    """
    distances = neighbours.distances.astype(np.float64)
    if distances.shape[1] < 2:
        raise ValueError(f"Scores compare two nearest images, but the set has {distances.shape[1]}: give 2 or more.")
    nearest, second = distances[:, 0], distances[:, 1]
    averaged = min(NEIGHBOURS, distances.shape[1])
    mean = distances[:, :averaged].mean(axis=1)
    return Scores(
        nearest,
        _divide(nearest, _ALPHA * mean),
        _divide(nearest, second),
        None if dimensions is None else cosine(nearest, dimensions),
        averaged,
    )


def values_of_neighbours(neighbours: "Neighbours", name: ScoreName, dimensions: int | None = None) -> np.ndarray | None:
    """(n, k) the score of each image against each of its neighbours; None for the ratio, which has no such meaning.

    For normalised L2, l(x, j) / (alpha * mean of x's 50 nearest).
    """
    distances = neighbours.distances.astype(np.float64)
    if name == "nl2":
        return _divide(distances, _ALPHA * distances[:, :NEIGHBOURS].mean(axis=1, keepdims=True))
    if name == "cosine" and dimensions is not None:
        return cosine(distances, dimensions)
    return distances if name == "l2" else None


def cosine(distances: np.ndarray, dimensions: int) -> np.ndarray:
    """Cosines of vectors of length 1 from their root mean square differences: |a - b|^2 = 2 - 2 cos."""
    return 1 - dimensions * distances**2 / 2


def _divide(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, 0 where both are 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def in_words(name: ScoreName, value: float, encoder: EncoderName = "pixel") -> str:
    """One short phrase for a score, without a verdict."""
    if name == "cosine":
        return f"{np.degrees(np.arccos(np.clip(value, -1, 1))):.0f}° apart"
    if name == "l2":
        return f"off by {255 * value:.0f} of 255 levels" if encoder == "pixel" else f"{rounded(value)} apart"
    if value <= 0:
        return "an exact copy"
    if name == "ratio":
        return f"{1 / value:.1f}× nearer than the next image" if value < 0.8 else "no image stands out"
    return f"{1 / (_ALPHA * value):.1f}× nearer than its 50 nearest" if value < 1.6 else "no image stands out"
