"""The search for exact nearest neighbours among pictures, whose pixels are small integers: nothing is rounded.

With q and r counted from 128 every product of two pixels is an integer of at most 2^14, and |q - r|² = |q|² + |r|² -
2qr is one, too, however long the vectors are. So the distances are exact, and so are ties. Pictures are read in bands
of a few lines of many pictures: memory does not depend on how large or how many they are.
"""

from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache

import numpy as np
import torch

from side_core.data.image_file import release
from side_core.similarity.search import NO_PAIRS, Pairs, chunks, joined
from side_core.similarity.vectors import PixelVectors

QUERY_TILE, ROW_TILE = 1024, 2048  # pictures whose distances are added up at a time
BAND = 1 << 27  # bytes of these pictures in memory at a time, unless that is less than a line of each
READ = 1 << 25  # bytes of the pictures that one thread copies lines of: Linux may map them as a whole
_MIDDLE = np.uint8(128)
LEVELS = 255  # of a colour, which is 0..1
# Sums of so many products of 2^14 at most are exact: float32 has all integers up to 2^24. Of int32, which has them up
# to 2^31, only half is used: some processors count one factor from 0, and then 2^15 a product have to fit.
FLOAT_COLUMNS, INT_COLUMNS = 1 << 10, 1 << 15
LENGTHS = 1 << 20  # numbers squared at a time
_SORTED = 64  # queries whose nearest one thread picks out


def nearest_pixels(queries: PixelVectors, rows: PixelVectors, k: int, only: np.ndarray | None) -> Pairs:
    """The k nearest rows of each query, in order, equal ones in the order of their rows: n * k pairs.

    Args:
        queries: n images.
        rows: m images of the same size.
        k: no more than there are rows to search.
        only: (s,) growing numbers of the rows to search; None for all.
    """
    searched = np.arange(len(rows)) if only is None else only
    parts = [NO_PAIRS]
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for batch in chunks(len(queries), QUERY_TILE):
            images = queries.images[batch]
            if images.nbytes <= BAND:
                images = np.ascontiguousarray(images)  # mirrored ones are slow to read again for each tile
            numbers = np.arange(len(images))
            best = np.empty((len(numbers), 0)), np.empty((len(numbers), 0), np.int64)
            for tile in chunks(len(searched), ROW_TILE):
                squared = squared_distances(images, numbers, rows.images, searched[tile], pool)
                best = _nearer(*best, *nearest_of(squared, searched[tile], k, pool), k)
            squared, found = best
            parts.append(Pairs(np.repeat(numbers + batch.start, k), found.ravel(), squared.ravel() / LEVELS**2))
    return joined(parts)


def nearest_of(squared: np.ndarray, rows: np.ndarray, k: int, pool: Executor) -> tuple[np.ndarray, np.ndarray]:
    """(n, k) the smallest of (n, m) squared distances, in order, equal ones from left to right, and their rows.

    Args:
        squared: integers.
        rows: (m,) numbers.
        k: as many as there are, if they are fewer.
        pool: what shares the work.
    """
    count = squared.shape[1]
    k = min(k, count)

    def smallest(part: slice) -> np.ndarray:
        keys = squared[part].astype(np.int64) * count + np.arange(count)  # no two are equal
        if k < count:
            keys.partition(k - 1, axis=1)
        return np.sort(keys[:, :k], axis=1)

    keys = np.concatenate(list(pool.map(smallest, chunks(len(squared), _SORTED))))
    distances, places = np.divmod(keys, count)
    return distances.astype(np.float64), rows[places]


def _nearer(
    known: np.ndarray, rows: np.ndarray, squared: np.ndarray, later: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of those known and of those that come after them, both (n, .) in order."""
    distances, numbers = np.concatenate([known, squared], axis=1), np.concatenate([rows, later], axis=1)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, axis=1), np.take_along_axis(numbers, order, axis=1)


def squared_distances(
    queries: np.ndarray, first: np.ndarray, rows: np.ndarray, second: np.ndarray, pool: Executor
) -> np.ndarray:
    """(n, m) exact squared distances of some queries and some rows, in levels.

    Args:
        queries, rows: (., H, W, 3) uint8, read in bands of lines.
        first, second: (n,) numbers of the queries and (m,) of the rows.
        pool: what shares the work.
    """
    sizes = len(first), len(second)
    squared = torch.zeros(sizes[0], sizes[1], dtype=torch.float64)  # has all integers up to 2^53
    lengths = [torch.zeros(size, dtype=torch.float64) for size in sizes]
    line = max(1, sum(sizes) * queries[0, :1].size)
    for lines in chunks(queries.shape[1], max(1, BAND // line)):
        bands = [_centred(queries, first, lines, pool), _centred(rows, second, lines, pool)]
        _add_products(squared, *bands)
        for length, band in zip(lengths, bands, strict=True):
            _add_squares(length, band)
    squared.mul_(-2).add_(lengths[0][:, None]).add_(lengths[1])
    return squared.numpy()


def _centred(images: np.ndarray, chosen: np.ndarray, lines: slice, pool: Executor) -> torch.Tensor:
    """(n, columns) int8 of some lines of the chosen images, counted from the middle: a copy, wherever they lie."""
    band = np.empty((len(chosen), lines.stop - lines.start, *images.shape[2:]), np.uint8)

    def read(part: slice) -> None:
        np.bitwise_xor(images[chosen[part], lines], _MIDDLE, out=band[part])  # the bits of an int8 that is 128 less
        release(images)

    list(pool.map(read, chunks(len(chosen), max(1, READ // images[0].size))))
    return torch.from_numpy(band.reshape(len(band), -1).view(np.int8))


def _add_products(sums: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> None:
    """Add the exact products of (n, columns) and (m, columns) int8 to (n, m) float64 sums."""
    if multiplies_int8():
        for columns in chunks(left.shape[1], INT_COLUMNS):
            sums += torch._int_mm(left[:, columns], right[:, columns].T)
        return
    products = np.empty(sums.shape, np.float32)
    for columns in chunks(left.shape[1], FLOAT_COLUMNS):
        factors = left[:, columns].float().numpy(), right[:, columns].float().numpy().T
        sums += torch.from_numpy(np.matmul(*factors, out=products))  # faster than torch on AMD's processors


def _add_squares(sums: torch.Tensor, band: torch.Tensor) -> None:
    """Add the squared lengths of (n, columns) int8 to (n,) float64 sums."""
    for part in chunks(len(band), max(1, LENGTHS // band.shape[1])):
        sums[part] += band[part].float().square_().sum(dim=1, dtype=torch.float64)


@cache
def multiplies_int8() -> bool:
    """Whether this processor multiplies int8 exactly, four times as fast as float32.

    Without instructions for it, PyTorch's library (oneDNN) adds pairs of products in 16 bits, which cuts the largest
    off: so it is tried with the largest.
    """
    if not torch.cpu.get_capabilities().get("avx512_vnni") or not hasattr(torch, "_int_mm"):
        return False
    extremes = torch.tensor([[-128], [127], [-128], [127]], dtype=torch.int8).repeat(16, 256)
    extremes[2:, ::2] = 1
    exact = extremes.double() @ extremes.double().T
    return bool((torch._int_mm(extremes, extremes.T) == exact).all())
