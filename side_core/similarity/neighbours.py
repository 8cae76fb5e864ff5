"""Exact nearest neighbours: which rows of a set are nearest to each query, and how near."""

from dataclasses import dataclass

import numpy as np

from side_core.similarity.pixels import multiplies_int8, nearest_pixels
from side_core.similarity.search import Pairs, nearest_pairs
from side_core.similarity.vectors import PixelVectors, Vectors

# Numbers of a picture, from which on its integers are searched faster than its colours: measured, see `pixels`.
WIDE_INT8, WIDE_FLOAT = 3072, 12288


@dataclass(frozen=True)
class Neighbours:
    """The k nearest rows of each query, nearest first.

    Attributes:
        rows: (n, k) int64 positions in the full set.
        distances: (n, k) float32 root mean square differences over the dimensions.
    """

    rows: np.ndarray
    distances: np.ndarray


def nearest(queries: Vectors, rows: Vectors, k: int, only: np.ndarray | None = None) -> Neighbours:
    """The k nearest rows of each query, exactly; rows at equal distances in their order.

    Rows are read chunk by chunk, each for all (up to 16,384) queries, so that a set which converts its rows on reading
    is never converted as a whole, and queries neither. A few hundred MiB are used beside queries and rows, whatever
    their number and length. Rows are read from several threads. Large pictures are compared by their integers.

    Args:
        queries: (n, d) float32.
        rows: (m, d) float32.
        k: neighbours wanted, at least 1; no more are returned than rows are searched.
        only: (s,) growing numbers of the rows to search; None for all.

    Raises:
        ValueError: the dimensions differ, there is nothing to search, or a vector holds no usable numbers.
    """
    searched = np.arange(len(rows)) if only is None else only
    if not len(searched):
        raise ValueError("There are 0 images to compare with: choose a larger slice.")
    if searched[0] < 0 or searched[-1] >= len(rows) or (np.diff(searched) <= 0).any():
        raise ValueError(f"Rows to search must be growing numbers up to {len(rows) - 1}: sort them, name each once.")
    if queries.shape[1:] != rows.shape[1:]:
        raise ValueError(
            f"Vectors of {queries.shape[-1]} and {rows.shape[-1]} numbers cannot be compared: use images of one size."
        )
    k = min(k, len(searched))
    found = _pairs_of(queries, rows, k, only)
    distances = np.sqrt(found.squared.reshape(-1, k) / rows.shape[1])
    return Neighbours(found.rows.reshape(-1, k), distances.astype(np.float32))


def _pairs_of(queries: Vectors, rows: Vectors, k: int, only: np.ndarray | None) -> Pairs:
    """The k nearest rows of each query, in order, by the fastest of the exact searches."""
    if isinstance(queries, PixelVectors) and isinstance(rows, PixelVectors):
        wide = rows.shape[1] >= (WIDE_INT8 if multiplies_int8() else WIDE_FLOAT)
        if wide and queries.images.shape[1:] == rows.images.shape[1:]:
            return nearest_pixels(queries, rows, k, only)
    return nearest_pairs(queries, rows, k, only)
