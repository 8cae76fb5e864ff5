"""Match images against training images and against the control."""

from dataclasses import dataclass

import numpy as np

from side_core.extraction.references import References, Side
from side_core.settings import ScoreName
from side_core.similarity.scores import SCORES


@dataclass(frozen=True, eq=False)
class Match:
    """Images with their neighbours and scores, against training images and control.

    Attributes:
        images: (n, H, W, 3) uint8; all scores are computed on these.
        names: (n,) what the images are called: their seeds, or their files.
        training: against all different training images.
        compared: against as many of them as the control has; the very object `training` where that is all.
        control: the same images against the control; None where there is none.
        dimensions: of the vectors, where they have length 1.
    """

    images: np.ndarray
    names: tuple[str, ...]
    training: Side
    compared: Side
    control: Side | None
    dimensions: int | None

    def order(self, score: ScoreName) -> np.ndarray:
        """(n,) positions, nearest to a copy first."""
        return SCORES[score].order(self.training.scores.by_name(score))


def match(images: np.ndarray, names: tuple[str, ...], references: References) -> Match:
    """Find the 50 nearest training and control images of each image and score it against both.

    Args:
        images: (n, H, W, 3) uint8.
        names: (n,) of the images.
        references: what to match against.

    Raises:
        ValueError: the images are not as large as those of the references.
    """
    expected = references.training.images.size
    if images.shape[1:3] != expected:
        sizes = [" x ".join(map(str, reversed(size))) for size in (images.shape[1:3], expected)]
        raise ValueError(f"Images of {sizes[0]} pixels cannot be compared with those of {sizes[1]}: use one size.")
    return match_vectors(images, names, references.encoder(images), references)


def match_vectors(images: np.ndarray, names: tuple[str, ...], vectors: np.ndarray, references: References) -> Match:
    """The same for images whose (n, d) vectors are known."""
    training = references.training.search(vectors)
    compared = training if references.compared is references.training else references.compared.search(vectors)
    return Match(
        images,
        names,
        training,
        compared,
        references.control.search(vectors) if references.control else None,
        vectors.shape[1] if references.encoder.unit else None,
    )
