"""What drawn images are matched against: the training images and, as fairly as can be, the control."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from side_core.data.duplicates import copies, overlap
from side_core.data.training_set import TrainingSet
from side_core.similarity.embeddings import Embedding, embed
from side_core.similarity.encoder import Encoder
from side_core.similarity.grouped import nearest_groups
from side_core.similarity.near_duplicates import Grouping, Groups, grouping, near_copies
from side_core.similarity.neighbours import Neighbours
from side_core.similarity.scores import NEIGHBOURS, Scores, scores_of
from side_core.similarity.vectors import PixelVectors, Vectors
from side_core.similarity.views import AS_IT_IS, View, check_align, views_of, window
from side_core.wording import are, counted

_SUBSAMPLE_SEED = 0
_WITHIN = 128  # training images whose distance to the nearest other one is looked up
Looks = Callable[[], Iterable[Vectors]]  # (n, d) vectors of some images, once for each view


@dataclass(frozen=True, eq=False)
class Reference:
    """Some rows of a set of images with the set's vectors, ready to be searched.

    Attributes:
        images: the set.
        vectors: (m, d), by the encoder.
        rows: sorted rows that are searched.
        groups: which images of the set are one.
        unit: whether the vectors have length 1.
    """

    images: TrainingSet
    vectors: Vectors
    rows: np.ndarray
    groups: Groups
    unit: bool

    @cached_property
    def count(self) -> int:
        """How many different images are searched: near-duplicates count as one."""
        return len(np.unique(self.groups.of[self.rows]))

    def search(self, looks: Looks) -> "Side":
        """The 50 nearest of each of some images, and the scores that follow; near-duplicates count as one."""
        everything = len(self.rows) == len(self.images)
        found = nearest_groups(looks(), self.vectors, NEIGHBOURS, self.groups.of, None if everything else self.rows)
        scores = scores_of(found.neighbours, self.vectors.shape[1] if self.unit else None)
        return Side(found.neighbours, scores, self.count, found.groups, found.views)


@dataclass(frozen=True, eq=False)
class Side:
    """n images against one reference.

    Attributes:
        neighbours: of each image, by their rows in the reference's set; of near-duplicates the nearest.
        scores: of each image.
        searched: how many different images were compared with.
        groups: (n, k) the group of each neighbour; None where every image is a group of its own.
        views: (n, k) in which of the references' views it is so near; None where there is one.
    """

    neighbours: Neighbours
    scores: Scores
    searched: int
    groups: np.ndarray | None = None
    views: np.ndarray | None = None

    @property
    def pictures(self) -> np.ndarray:
        """(n, k) which picture each neighbour is: near-duplicates are the same one."""
        return self.neighbours.rows if self.groups is None else self.groups


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
        views: in which images are looked at; the first is as they are.
    """

    encoder: Encoder
    training: Reference
    compared: Reference
    control: Reference | None
    copies: np.ndarray
    notes: tuple[str, ...]
    views: tuple[View, ...] = (AS_IT_IS,)

    @cached_property
    def within(self) -> np.ndarray:
        """(s,) distances of some training images to the nearest other picture among those that are compared."""
        reference = self.compared
        rows = reference.rows[:: -(-len(reference.rows) // _WITHIN)]
        vectors = reference.vectors
        some = PixelVectors(vectors.images[rows]) if isinstance(vectors, PixelVectors) else vectors[rows]
        found = nearest_groups([some], vectors, 2, reference.groups.of, reference.rows)
        return found.neighbours.distances[:, 1]


def make_references(
    data: TrainingSet, control: TrainingSet | None, encoder: Encoder, mirror: bool = False, align: int = 0
) -> Generator[Embedding | Grouping, None, References]:
    """Encode training images and control, handing out the progress, and choose what is compared.

    Exact copies among the training images are searched once, and near-duplicates count as one image: two (nearly)
    equal images would make every nearest ratio 1. A control image that is also a training image, or nearly, is left
    out. The larger of both sets is compared by a seeded subsample of the smaller one's size.

    Args:
        data: the training images.
        control: images that the model never saw, of the same size.
        encoder: what they are compared by.
        mirror: images are also compared mirrored.
        align: pixels; images are also compared under shifts and crops of up to so many, by their colours.

    Raises:
        ValueError: fewer than two different training images; all control images are training images; images that
            cannot be shifted by so much.
    """
    check_align(align, data.size)
    views = views_of(mirror, align)
    groups = yield from grouping(data, views)
    heads = np.unique(groups.of)
    if len(heads) < 2:
        raise ValueError(f"'{data.name}' has {len(heads)} different image, but scores compare two: give more of them.")
    notes = _notes_on_training(data, groups)
    if len(views) > 1:
        notes.append(f"Each picture is compared in {len(views)} views: {_in_words(mirror, align)}.")
    vectors = yield from _vectors_of(data, encoder, align)
    training = Reference(data, vectors, groups.different, groups, encoder.unit)
    fair, other = training, None
    if control is not None:
        strangers = yield from grouping(control, views)
        unseen = yield from _unseen_rows(data, groups.different, control, strangers, views, notes)
        unseen_heads = np.unique(strangers.of[unseen])
        count = min(len(heads), len(unseen_heads))
        notes += _notes_on_sizes(len(heads), len(unseen_heads))
        if len(heads) > count:
            fair = Reference(data, vectors, _members(groups.different, groups, heads, count), groups, encoder.unit)
        chosen = _members(unseen, strangers, unseen_heads, count)
        other = Reference(control, (yield from _vectors_of(control, encoder, align)), chosen, strangers, encoder.unit)
    return References(encoder, training, fair, other, copies(data.digests), tuple(notes), views)


def _notes_on_training(data: TrainingSet, groups: Groups) -> list[str]:
    """A sentence for each thing to know about what of the training images is compared."""
    notes = []
    if groups.copies:
        notes.append(
            f"{groups.copies:,} of {counted(len(data), 'training image')} {are(groups.copies)} exact copies of others: "
            "each is compared with once."
        )
    if groups.near:
        notes.append(
            f"{groups.near:,} of {counted(len(data), 'training image')} {are(groups.near)} near-duplicates of others: "
            "they count as one, and the next nearest image is always another one."
        )
    if groups.count < NEIGHBOURS:
        notes.append(
            f"nL2 is averaged over the {groups.count} nearest images instead of {NEIGHBOURS}: there are no more."
        )
    return notes


def _notes_on_sizes(known: int, unseen: int) -> list[str]:
    """What is said where there are not as many training images as images of the control."""
    if unseen > known:
        return [f"The control is a seeded subsample of {known:,} of {counted(unseen, 'image')}."]
    if known > unseen:
        return [
            f"The control has {counted(unseen, 'image')}, so it is compared with a seeded subsample of {unseen:,} "
            f"of {counted(known, 'training image')}; the figure for all of them is given beside it."
        ]
    return []


def _members(rows: np.ndarray, groups: Groups, heads: np.ndarray, count: int) -> np.ndarray:
    """Those of some rows that belong to a seeded subsample of `count` of their groups, which `heads` names."""
    return rows[np.isin(groups.of[rows], _subsample(heads, count))]


def _in_words(mirror: bool, align: int) -> str:
    """Which views there are besides the picture as it is."""
    parts = ["mirrored"] if mirror else []
    if align:
        parts.append(f"shifted by up to {align} pixel{'s' * (align > 1)}, cropped by up to {align} from each side")
    return ", ".join(["as it is", *parts])


def _vectors_of(images: TrainingSet, encoder: Encoder, align: int) -> Generator[Embedding, None, Vectors]:
    """The vectors of all images, (n, d); where pictures are shifted, of what is seen through the window."""
    if align:
        return PixelVectors(window(images.images, align))
    return (yield from embed(images, encoder))


def _unseen_rows(
    data: TrainingSet,
    known: np.ndarray,
    control: TrainingSet,
    groups: Groups,
    views: tuple[View, ...],
    notes: list[str],
) -> Generator[Grouping, None, np.ndarray]:
    """Sorted rows of the different control images that are no training images, nor nearly; adds to `notes`.

    Args:
        data: the training images, of which
        known: are the different ones.
        control: the control, with
        groups: which of its images are one.
        views: in which they may be the same.
        notes: gets a sentence for each kind that is left out.

    Raises:
        ValueError: fewer than two are left.
    """
    seen = overlap(control.digests, data.digests)
    different = groups.different[~seen[groups.different]]
    near = yield from near_copies(control.images, different, data.images, known, views)
    doubtful = np.isin(groups.of, groups.of[near])  # a near-copy's own near-duplicates are no better
    left = different[~doubtful[different]]
    if seen.any():
        total = f"{int(seen.sum()):,} of {counted(len(control), 'control image')}"
        notes.append(f"{total} {are(int(seen.sum()))} also in the training images and left out.")
    if lost := len(different) - len(left):
        total = f"{lost:,} of {counted(len(control), 'control image')}"
        notes.append(f"{total} {are(lost)} near-copies of training images and left out.")
    if surplus := len(control) - int(seen.sum()) - len(different):
        notes.append(f"{counted(surplus, 'control image')} {are(surplus)} exact copies of others and left out.")
    count = len(np.unique(groups.of[left]))
    if double := len(left) - count:
        notes.append(
            f"{double:,} control images are near-duplicates of others and count as one with them."
            if double > 1
            else "1 control image is a near-duplicate of another and counts as one with it."
        )
    if count < 2:
        raise ValueError(
            f"{counted(count, 'image')} of the control '{control.name}' {are(count)} left besides copies of each other "
            f"and of '{data.name}': name images that the model never saw."
        )
    return left


def _subsample(rows: np.ndarray, count: int) -> np.ndarray:
    """`count` of the sorted rows, sorted, always the same."""
    if count == len(rows):
        return rows
    return np.sort(np.random.default_rng(_SUBSAMPLE_SEED).choice(rows, count, replace=False))
