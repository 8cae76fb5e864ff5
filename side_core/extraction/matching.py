"""Match images against training images and against the control."""

from dataclasses import dataclass

import numpy as np

from side_core.extraction.references import Looks, References, Side
from side_core.settings import ScoreName
from side_core.similarity.scores import SCORES
from side_core.similarity.vectors import PixelVectors
from side_core.similarity.views import AS_IT_IS, View, seen


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
        views: in which the images were looked at, see `Side.views`.
    """

    images: np.ndarray
    names: tuple[str, ...]
    training: Side
    compared: Side
    control: Side | None
    dimensions: int | None
    views: tuple[View, ...] = (AS_IT_IS,)

    def view(self, place: int, rank: int = 0) -> View:
        """In which view an image is so near to its nearest training image, or to that of another rank."""
        found = self.training.views
        return AS_IT_IS if found is None else self.views[found[place, rank]]

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
    encoder, views = references.encoder, references.views
    _check_size(images, references)
    if encoder.name == "pixel":
        return match_looks(images, names, references, lambda: map(PixelVectors, seen(images, views)))
    vectors = [encoder(np.ascontiguousarray(look)) for look in seen(images, views)]
    return match_looks(images, names, references, lambda: vectors)


def _check_size(images: np.ndarray, references: References) -> None:
    """Raise ValueError where the images are not as large as those of the references."""
    expected = references.training.images.size
    if images.shape[1:3] != expected:
        sizes = [" x ".join(map(str, reversed(size))) for size in (images.shape[1:3], expected)]
        raise ValueError(f"Images of {sizes[0]} pixels cannot be compared with those of {sizes[1]}: use one size.")


def match_looks(images: np.ndarray, names: tuple[str, ...], references: References, looks: Looks) -> Match:
    """The same for images whose (n, d) vectors are known, by the references' views."""
    training = references.training.search(looks)
    compared = training if references.compared is references.training else references.compared.search(looks)
    return Match(
        images,
        names,
        training,
        compared,
        references.control.search(looks) if references.control else None,
        references.training.vectors.shape[1] if references.encoder.unit else None,
        references.views,
    )
