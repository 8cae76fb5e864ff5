"""Which pictures of a set are one and the same, stored more than once: exact copies and near-duplicates.

Two pictures that are nearly equal make every nearest ratio about 1, so that the copies most often memorised would be
the ones not found. So a picture's near-duplicates are those that count as its copies by that very score: nearer to it
than a third of the distance to all others (d1/d2 < 1/3, Yoon et al. 2023). No scale of distances is assumed, and no
chain of pictures, each like the next, becomes one group: a group lies at least twice as far from others as it is wide.

All pairs would take hours. Random projections of the pictures (Johnson & Lindenstrauss 1984; 64 numbers keep a distance
to within about 9 %) tell where there might be such a gap; those few are compared by their own pixels.
"""

import hashlib
import time
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from side_core.data.duplicates import first_of_each
from side_core.data.image_file import CHUNK_BYTES, release
from side_core.data.training_set import TrainingSet
from side_core.files.cache import cache_folder, discard, filling, used
from side_core.similarity.encoder import colours
from side_core.similarity.grouped import nearest_groups
from side_core.similarity.views import AS_IT_IS, View, align_of, seen, window

_GAP = 1 / 3  # Yoon et al. 2023: a picture that is so much nearer than the next one is a copy
_LOOSE = 1 / 2  # the same between projections, which may be off
_NUMBERS = 64  # of a projection
_SIDE = 32  # pixels; larger pictures are averaged to so many before they are projected
NEIGHBOURS = 16  # that a picture is compared with at first
_MOST_NEIGHBOURS = 1024
CHUNK = 512  # pictures that are projected at once
_AT_ONCE = 16_384  # that are searched with
MOMENT = 0.5  # seconds
_VERSION = 1  # raise it when groups are found differently, so that old ones are not used
_SEED = 0
KEPT_FROM = 4096  # pictures of a set whose groups are kept in the cache; those of smaller ones are found at once
_FILE = "groups.npy"


@dataclass(frozen=True)
class Grouping:
    """How far the search for near-duplicates is: `done` of `total` looks at a picture."""

    done: int
    total: int


@dataclass(frozen=True, eq=False)
class Groups:
    """Which pictures of a set are one.

    Attributes:
        of: (n,) number of each picture's group: the row of its first picture.
        different: (d,) rows of the pictures that are no exact copies of earlier ones, growing.
    """

    of: np.ndarray
    different: np.ndarray

    @property
    def count(self) -> int:
        """Groups, most of them of one picture."""
        return len(np.unique(self.of))

    @property
    def copies(self) -> int:
        """Pictures that are exact copies of earlier ones."""
        return len(self.of) - len(self.different)

    @property
    def near(self) -> int:
        """Pictures that are near-duplicates of earlier ones, exact copies not counted."""
        return len(self.different) - self.count

    @property
    def sizes(self) -> np.ndarray:
        """(n,) how many pictures each picture's group has, itself and exact copies among them."""
        return np.bincount(self.of, minlength=len(self.of))[self.of]


def grouping(images: TrainingSet, views: tuple[View, ...] = (AS_IT_IS,)) -> Generator[Grouping, None, Groups]:
    """Find out which pictures of a set are one, handing out the progress; kept in the cache.

    By their pixels, whatever they are compared by later.

    Args:
        images: the set.
        views: in which pictures may be the same, see `side_core.similarity.views`.

    Raises:
        ValueError: the cache cannot be written.
    """
    different = first_of_each(images.digests)
    if len(images) * len(views) < KEPT_FROM:
        return Groups((yield from _group_numbers(images, different, views)), different)
    named = hashlib.sha256(f"{_VERSION} {_SEED} {views} {images.fingerprint}".encode()).hexdigest()[:32]
    place = cache_folder() / "groups" / named
    try:
        of = np.load(place / _FILE, allow_pickle=False)
        if of.shape == (len(images),) and of.dtype == np.int64:
            used(place)
            return Groups(of, different)
    except Exception:  # none there, or damaged, which raises anything
        discard(place)
    of = yield from _group_numbers(images, different, views)
    with filling(place, of.nbytes, f"The groups of '{images.name}'") as unfinished:
        np.save(unfinished / _FILE, of)
    return Groups(of, different)


def _group_numbers(
    images: TrainingSet, different: np.ndarray, views: tuple[View, ...]
) -> Generator[Grouping, None, np.ndarray]:
    """(n,) the row of the first picture of each picture's group.

    Args:
        images: the set.
        different: rows that are no exact copies of earlier ones.
        views: in which pictures may be the same.
    """
    pairs = yield from _if_long(near_pairs(images.images, different, images.images, different, views, same=True))
    one, other = pairs.T
    first = dict(zip(images.digests[different].tolist(), different.tolist(), strict=True))
    same = np.array([first[digest] for digest in images.digests.tolist()], np.int64)
    graph = coo_array((np.ones(len(one), bool), (one, other)), shape=(len(images), len(images)))
    _, parts = connected_components(graph, directed=False)
    smallest = np.full(parts.max() + 1, len(images))
    np.minimum.at(smallest, parts[different], different)
    return smallest[parts[same]]


def near_copies(
    images: np.ndarray, rows: np.ndarray, others: np.ndarray, among: np.ndarray, views: tuple[View, ...]
) -> Generator[Grouping, None, np.ndarray]:
    """Which of some pictures are near-duplicates of pictures of another set, handing out the progress.

    Args:
        images: (n, H, W, 3) uint8, of which
        rows: (s,) are looked at.
        others: (m, H, W, 3) uint8, of which
        among: (t,) are compared with.
        views: in which they may be the same.

    Returns:
        The rows, growing.
    """
    pairs = yield from _if_long(near_pairs(images, rows, others, among, views, same=False))
    return np.unique(pairs[:, 0])


def _if_long(work: Generator[Grouping, None, np.ndarray]) -> Generator[Grouping, None, np.ndarray]:
    """The same work, which hands out its progress only if it takes longer than a moment."""
    start, told = time.monotonic(), False
    while True:
        try:
            event = next(work)
        except StopIteration as end:
            if told:
                yield Grouping(1, 1)
            result: np.ndarray = end.value
            return result
        if time.monotonic() - start > MOMENT:
            told = True
            yield event


def near_pairs(
    images: np.ndarray, rows: np.ndarray, others: np.ndarray, among: np.ndarray, views: tuple[View, ...], same: bool
) -> Generator[Grouping, None, np.ndarray]:
    """(p, 2) pairs of a row of the first pictures and one of the others that is its near-duplicate.

    Args:
        images, rows, others, among, views: see `near_copies`.
        same: both are the same, and no picture is its own duplicate.
    """
    align, total = align_of(views), 2 * len(rows) + len(among)
    sketches = yield from _projected(images, rows, views, 0, total)
    targets = (yield from _projected(window(others, align), among, (AS_IT_IS,), len(rows), total))[0]
    pairs: list[tuple[int, int]] = []
    waiting, wanted, usual = np.arange(len(rows)), NEIGHBOURS, 0.0
    while len(waiting) and (wanted := min(wanted, len(among) - same)) >= 2:  # else there is no next one
        undecided, last = [], []
        for start in range(0, len(waiting), _AT_ONCE):
            part = waiting[start : start + _AT_ONCE]
            places, distances = _nearest_places(sketches[:, part], targets, wanted, part if same else None)
            gap = (distances[:, :-1] < _LOOSE * distances[:, 1:]).any(axis=1)
            for row, near in zip(rows[part[gap]], places[gap], strict=True):
                found = _before_the_gap(images[row : row + 1], window(others, align), among[near], views)
                pairs += [(int(row), int(other)) for other in found]
            undecided.append(part[~gap])
            last.append(distances[:, -1])
            yield Grouping(total - len(waiting) + start + len(part), total)
        usual = usual or float(np.median(np.concatenate(last)))
        if wanted >= min(_MOST_NEIGHBOURS, len(among) - same):
            break
        left, far = np.concatenate(undecided), dict(zip(waiting.tolist(), np.concatenate(last).tolist(), strict=True))
        waiting = np.array([place for place in left.tolist() if far[place] < _GAP * usual], np.int64)
        wanted *= 4  # for these, perhaps all that were found are near-duplicates
    return np.array(pairs, np.int64).reshape(-1, 2)


def _nearest_places(
    sketches: np.ndarray, targets: np.ndarray, wanted: int, itself: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """(n, wanted) places of the nearest projections, in the best view of each, and their distances.

    Args:
        sketches: (v, n, k) projections, by view.
        targets: (t, k) what they are compared with.
        wanted: how many.
        itself: (n,) the place of each among the targets, which is left out; None where it is none of them.
    """
    more = wanted + (itself is not None)
    found = nearest_groups(sketches, targets, more, np.arange(len(targets))).neighbours
    if itself is None:
        return found.rows, found.distances
    own = found.rows == itself[:, None]
    own[~own.any(axis=1), -1] = True  # it is beyond as many that look the same
    shape = (len(itself), wanted)
    return found.rows[~own].reshape(shape), found.distances[~own].reshape(shape)


def _projected(
    images: np.ndarray, rows: np.ndarray, views: tuple[View, ...], before: int, total: int
) -> Generator[Grouping, None, np.ndarray]:
    """(v, s, k) float32 projections of some pictures in each view.

    Their distances are about those of the pictures (root mean square).

    Args:
        images: (n, H, W, 3) uint8, of which
        rows: (s,) are projected.
        views: of each.
        before: how much was done before, of
        total: which this is a part.
    """
    height, width = window(images[:1], align_of(views)).shape[1:3]
    size = min(_SIDE, height) * min(_SIDE, width) * 3
    directions = np.random.default_rng(_SEED).standard_normal((size, _NUMBERS), np.float32) / _NUMBERS**0.5
    found = np.empty((len(views), len(rows), _NUMBERS), np.float32)
    at_once = max(1, min(CHUNK, CHUNK_BYTES // images[0].nbytes))
    for start in range(0, len(rows), at_once):
        for number, pictures in enumerate(seen(images[rows[start : start + at_once]], views)):
            found[number, start : start + len(pictures)] = _averaged(pictures) / np.float32(size**0.5) @ directions
        release(images)
        yield Grouping(before + min(start + at_once, len(rows)), total)
    return found


def _averaged(images: np.ndarray) -> np.ndarray:
    """(n, d) float32 colours in 0..1 of (n, H, W, 3) uint8; of large ones, means of the pixels that lie together."""
    height, width = (min(_SIDE, side) for side in images.shape[1:3])
    if images.shape[1:3] == (height, width):
        return colours(images)
    means = [
        torch.nn.functional.adaptive_avg_pool2d(torch.tensor(image.copy()).permute(2, 0, 1).float(), (height, width))
        for image in images
    ]
    return (torch.stack(means) / 255).permute(0, 2, 3, 1).flatten(1).numpy()


def _before_the_gap(image: np.ndarray, others: np.ndarray, rows: np.ndarray, views: tuple[View, ...]) -> np.ndarray:
    """Those of some rows that are nearer to the picture than a third of the distance to the rest of them.

    Args:
        image: (1, H, W, 3) uint8.
        others: (m, h, w, 3) uint8, of the size of a view.
        rows: (k,) of them.
        views: of the picture; the nearest counts.
    """
    looks = [view[0].astype(np.int32) for view in seen(image, views)]
    squares = [min(np.square(look - others[row]).mean(dtype=np.float64) for look in looks) for row in rows]
    distances = np.sqrt(squares)
    order = np.argsort(distances, kind="stable")
    steps = np.flatnonzero(distances[order[:-1]] < _GAP * distances[order[1:]])
    return rows[order[: steps[-1] + 1]] if len(steps) else rows[:0]
