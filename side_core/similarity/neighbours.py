"""Exact nearest neighbours: which rows of a set are nearest to each query, and how near."""

from dataclasses import dataclass

import numpy as np

from side_core.similarity.search import nearest_pairs
from side_core.similarity.vectors import Vectors


@dataclass(frozen=True)
class Neighbours:
    """The k nearest rows of each query, nearest first.

    Attributes:
        rows: (n, k) int64 positions in the full set.
        distances: (n, k) float32 root mean square differences over the dimensions.
    """

    rows: np.ndarray
    distances: np.ndarray


def nearest(queries: np.ndarray, rows: Vectors, k: int, only: np.ndarray | None = None) -> Neighbours:
    """The k nearest rows of each query, exactly; rows at equal distances in their order.

    Rows are read chunk by chunk, each for all (up to 16,384) queries, so that a set which converts its rows on reading
    is never converted as a whole. A few hundred MiB are used beside queries and rows, whatever their number. Rows are
    read from several threads.

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
    found = nearest_pairs(queries, rows, k, only)
    distances = np.sqrt(found.squared.reshape(-1, k) / rows.shape[1])
    return Neighbours(found.rows.reshape(-1, k), distances.astype(np.float32))
