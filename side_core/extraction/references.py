"""What drawn images are matched against: the training images and, as fairly as can be, the control."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from side_core.data.duplicates import copies, first_of_each, overlap
from side_core.data.training_set import TrainingSet
from side_core.similarity.embeddings import Embedding, embed
from side_core.similarity.encoder import Encoder
from side_core.similarity.neighbours import Neighbours, nearest
from side_core.similarity.scores import NEIGHBOURS, Scores, scores_of
from side_core.similarity.vectors import Vectors

SUBSAMPLE_SEED = 0


@dataclass(frozen=True, eq=False)
class Reference:
    """Some rows of a set of images with the set's vectors, ready to be searched.

    Attributes:
        images: the set.
        vectors: (m, d), by the encoder.
        rows: sorted rows that are searched.
        unit: whether the vectors have length 1.
    """

    images: TrainingSet
    vectors: Vectors
    rows: np.ndarray
    unit: bool

    def search(self, queries: np.ndarray) -> "Side":
        """The 50 nearest of each of (n, d) queries, and the scores that follow."""
        everything = len(self.rows) == len(self.images)
        found = nearest(queries, self.vectors, NEIGHBOURS, None if everything else self.rows)
        return Side(found, scores_of(found, self.vectors.shape[1] if self.unit else None), len(self.rows))


@dataclass(frozen=True, eq=False)
class Side:
    """n images against one reference.

    Attributes:
        neighbours: of each image, by their rows in the reference's set.
        scores: of each image.
        searched: how many images were compared with.
    """

    neighbours: Neighbours
    scores: Scores
    searched: int


@dataclass(frozen=True, eq=False)
class References:
    """All that images are matched against.

    Attributes:
        encoder: what they are compared by.
        training: all different training images.
        compared: as many of them as the control has, so that both have the same chance to lie near; the very object
            `training` where all are compared.
        control: images the model never saw, without those that are training images; None where there are none.
        copies: (m,) how many training images are equal to each.
        notes: a sentence for each thing to know about the comparison.
    """

    encoder: Encoder
    training: Reference
    compared: Reference
    control: Reference | None
    copies: np.ndarray
    notes: tuple[str, ...]


def make_references(
    data: TrainingSet, control: TrainingSet | None, encoder: Encoder
) -> Generator[Embedding, None, References]:
    """Encode training images and control, handing out the progress, and choose what is compared.

    Exact copies among the training images are searched once: two equal images would make every nearest ratio 1.
    A control image that is also a training image is left out. The larger of both sets is compared by a seeded
    subsample of the smaller one's size.

    Raises:
        ValueError: fewer than two different training images; all control images are training images.
    """
    notes: list[str] = []
    rows = first_of_each(data.digests)
    if len(rows) < 2:
        raise ValueError(f"'{data.name}' has {len(rows)} different image, but scores compare two: give more of them.")
    if surplus := len(data) - len(rows):
        notes.append(
            f"{surplus:,} of {len(data):,} training images are exact copies of others: each is compared with once."
        )
    if len(rows) < NEIGHBOURS:
        notes.append(f"nL2 is averaged over the {len(rows)} nearest images instead of {NEIGHBOURS}: there are no more.")
    unseen = None if control is None else unseen_rows(data, control, notes)
    compared = rows
    if unseen is not None:
        count = min(len(rows), len(unseen))
        if len(unseen) > count:
            notes.append(f"The control is a seeded subsample of {count:,} of {len(unseen):,} images.")
        if len(rows) > count:
            notes.append(
                f"The control has {count:,} images, so it is compared with a seeded subsample of {count:,} "
                f"of {len(rows):,} training images; the figure for all of them is given beside it."
            )
        compared, unseen = subsample(rows, count), subsample(unseen, count)
    vectors = yield from embed(data, encoder)
    training = Reference(data, vectors, rows, encoder.unit)
    fair = training if len(compared) == len(rows) else Reference(data, vectors, compared, encoder.unit)
    other = None
    if control is not None and unseen is not None:
        other_vectors = yield from embed(control, encoder)
        other = Reference(control, other_vectors, unseen, encoder.unit)
    return References(encoder, training, fair, other, copies(data.digests), tuple(notes))


def unseen_rows(data: TrainingSet, control: TrainingSet, notes: list[str]) -> np.ndarray:
    """Sorted rows of the different control images that are no training images; adds to `notes` what was left out.

    Raises:
        ValueError: fewer than two are left.
    """
    seen = overlap(control.digests, data.digests)
    rows = first_of_each(control.digests)
    left = rows[~seen[rows]]
    if seen.any():
        notes.append(
            f"{int(seen.sum()):,} of {len(control):,} control images are also training images and are left out."
        )
    if surplus := len(control) - int(seen.sum()) - len(left):
        notes.append(f"{surplus:,} control images are exact copies of others and are left out.")
    if len(left) < 2:
        raise ValueError(
            f"{len(left)} images of the control '{control.name}' are left besides copies of each other and of "
            f"'{data.name}': name images that the model never saw."
        )
    return left


def subsample(rows: np.ndarray, count: int) -> np.ndarray:
    """`count` of the sorted rows, sorted, always the same."""
    if count == len(rows):
        return rows
    return np.sort(np.random.default_rng(SUBSAMPLE_SEED).choice(rows, count, replace=False))
