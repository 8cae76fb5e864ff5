"""Match drawn images against training images and against the control."""

from dataclasses import dataclass

import numpy as np

from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.settings import EncoderName, ScoreName
from side_core.similarity.encoder import encode_images
from side_core.similarity.neighbours import Neighbours, nearest
from side_core.similarity.scores import NEIGHBOURS, Scores, scores_of


@dataclass(frozen=True, eq=False)
class Reference:
    """A set of images with their vectors, ready to be searched.

    Attributes:
        images: the set.
        vectors: (m, d) float32, by `encoder`.
        encoder: what they are compared by.
    """

    images: TrainingSet
    vectors: np.ndarray
    encoder: EncoderName


@dataclass(frozen=True, eq=False)
class Match:
    """Drawn images with their neighbours and scores, against training images and control.

    Attributes:
        images: (n, H, W, 3) uint8 drawn images; all scores are computed on these.
        seeds: (n,) of the images.
        neighbours: in the training set.
        scores: against the training set.
        control_neighbours: in the control.
        control_scores: the same against the control.
    """

    images: np.ndarray
    seeds: tuple[int, ...]
    neighbours: Neighbours
    scores: Scores
    control_neighbours: Neighbours
    control_scores: Scores

    def order(self, score: ScoreName) -> np.ndarray:
        """(n,) positions, nearest to a copy first."""
        return np.argsort(self.scores.by_name(score), kind="stable")


def make_reference(images: TrainingSet, encoder: EncoderName, denoiser: Denoiser) -> Reference:
    """Compute the vectors of a set once; they serve every later match."""
    return Reference(images, encode_images(images.images, encoder, denoiser), encoder)


def match(images: np.ndarray, seeds: tuple[int, ...], data: Reference, control: Reference, denoiser: Denoiser) -> Match:
    """Find the 50 nearest training and control images of each drawn image and score it against both.

    Args:
        images: (n, H, W, 3) uint8.
        seeds: (n,) of the images.
        data: the training images.
        control: images of the same kind that the model never saw.
        denoiser: whose features the `dpm` encoder reads.

    Raises:
        ValueError: sizes or encoders differ.
    """
    if data.encoder != control.encoder:
        raise ValueError(f"Training images are encoded by {data.encoder}, the control by {control.encoder}: use one.")
    check_sizes(images.shape[1:3], data.images, control.images)
    vectors = encode_images(images, data.encoder, denoiser)
    neighbours = nearest(vectors, data.vectors, NEIGHBOURS)
    control_neighbours = nearest(vectors, control.vectors, NEIGHBOURS)
    return Match(images, seeds, neighbours, scores_of(neighbours), control_neighbours, scores_of(control_neighbours))


def check_sizes(drawn: tuple[int, ...], data: TrainingSet, control: TrainingSet) -> None:
    """Raise ValueError unless the model draws (height, width) `drawn` as large as training images and control."""
    if not drawn == data.size == control.size:
        sizes = ["x".join(map(str, size)) for size in (drawn, data.size, control.size)]
        raise ValueError(
            f"The model draws {sizes[0]} pixels, training images have {sizes[1]}, the control {sizes[2]}: use one size."
        )
