"""Exact nearest neighbours, of which those that are one picture count once, in every view of the query."""

import math
import os
from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from side_core.similarity.neighbours import Neighbours, nearest
from side_core.similarity.pixels import LEVELS, nearest_of, squared_distances
from side_core.similarity.search import chunks
from side_core.similarity.vectors import PixelVectors, Vectors

_NO_ROW = -1
PAIRS = 2**24  # distances in memory at a time


@dataclass(frozen=True, eq=False)
class Grouped:
    """The k nearest groups of rows of each query, nearest first, each by its nearest row.

    Attributes:
        neighbours: (n, k) these rows and their distances.
        groups: (n, k) their groups.
        views: (n, k) in which view of the query they are so near.
    """

    neighbours: Neighbours
    groups: np.ndarray
    views: np.ndarray


def nearest_groups(
    views: Iterable[Vectors], rows: Vectors, k: int, group_of: np.ndarray, only: np.ndarray | None = None
) -> Grouped:
    """The k nearest groups of each query, exactly, over all views of it; at equal distances in the order of the rows.

    Args:
        views: (n, d) float32 of the queries, once for each view.
        rows: (m, d) float32.
        k: groups wanted; no more are returned than there are.
        group_of: (m,) number of each row's group.
        only: (s,) growing numbers of the rows to search; None for all.

    Raises:
        ValueError: the dimensions differ, there is nothing to search, or a vector holds no usable numbers.
    """
    searched = group_of if only is None else group_of[only]
    k = min(k, len(np.unique(searched)))
    looks = list(views)
    if len(looks) > 1 and isinstance(rows, PixelVectors):
        pictures = [look.images for look in looks if isinstance(look, PixelVectors)]
        if len(pictures) == len(looks):
            return _of_pictures(pictures, rows.images, k, group_of, np.arange(len(rows)) if only is None else only)
    found = [_of_one_view(look, rows, k, group_of, only, number) for number, look in enumerate(looks)]
    return found[0] if len(found) == 1 else _firsts(_in_order(_side_by_side(found)), k)


def _of_one_view(
    queries: Vectors, rows: Vectors, k: int, group_of: np.ndarray, only: np.ndarray | None, view: int
) -> Grouped:
    """The same in one view: ever more rows are found until every query has k groups."""
    searched = group_of if only is None else group_of[only]
    wanted = k + min(k, len(searched) - len(np.unique(searched)))
    while True:
        found = nearest(queries, rows, wanted, only)
        best = Grouped(found, group_of[found.rows], np.full(found.rows.shape, view, np.int16))
        if wanted == k:  # no two are one picture
            return best
        best = _firsts(best, k)
        if wanted >= len(searched) or _whole(best):
            return best
        wanted *= 2


def _of_pictures(
    views: list[np.ndarray], rows: np.ndarray, k: int, group_of: np.ndarray, searched: np.ndarray
) -> Grouped:
    """The same of pictures in many views: every distance is computed, and the least over the views is kept.

    Args:
        views: (n, H, W, 3) uint8 of the queries, once for each view.
        rows: (m, H, W, 3) uint8.
        k: groups wanted, no more than there are.
        group_of: (m,) number of each row's group.
        searched: (s,) growing numbers of the rows to search.
    """
    parts = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for chunk in chunks(len(views[0]), max(1, PAIRS // len(searched))):
            squared, best_view = _least([view[chunk] for view in views], rows, searched, pool)
            parts.append(_groups_among(squared, best_view, rows[:1], k, group_of, searched, pool))
    found_rows, distances, groups, best_views = (
        np.concatenate(values) for values in zip(*map(_columns, parts), strict=True)
    )
    return Grouped(Neighbours(found_rows, distances), groups, best_views)


def _least(
    views: list[np.ndarray], rows: np.ndarray, searched: np.ndarray, pool: Executor
) -> tuple[np.ndarray, np.ndarray]:
    """(n, s) the least squared distances over the views, in levels, and (n, s) in which view."""
    numbers = np.arange(len(views[0]))
    squared = squared_distances(views[0], numbers, rows, searched, pool)
    best_view = np.zeros(squared.shape, np.int16)
    for number, view in enumerate(views[1:], 1):
        other = squared_distances(view, numbers, rows, searched, pool)
        nearer = other < squared
        np.copyto(squared, other, where=nearer)
        best_view[nearer] = number
    return squared, best_view


def _groups_among(
    squared: np.ndarray,
    best_view: np.ndarray,
    row: np.ndarray,
    k: int,
    group_of: np.ndarray,
    searched: np.ndarray,
    pool: Executor,
) -> Grouped:
    """The k nearest groups by (n, s) squared distances, in levels, between pictures of the size of (1, H, W, 3)."""
    size = LEVELS**2 * math.prod(row.shape[1:])
    wanted = k + min(k, len(searched) - len(np.unique(group_of[searched])))
    while True:  # ever more rows, until every query has k groups
        distances, places = nearest_of(squared, np.arange(len(searched)), wanted, pool)
        near = Neighbours(searched[places], np.sqrt(distances / size).astype(np.float32))
        found = _firsts(Grouped(near, group_of[near.rows], np.take_along_axis(best_view, places, axis=1)), k)
        if wanted >= len(searched) or _whole(found):
            return found
        wanted *= 2


def _whole(found: Grouped) -> bool:
    """Whether every query has as many groups as were wanted."""
    return bool((found.neighbours.rows != _NO_ROW).all())


def _side_by_side(parts: list[Grouped]) -> Grouped:
    """(n, c) the candidates of several lists for the same queries."""
    rows, distances, groups, views = (
        np.concatenate(values, axis=1) for values in zip(*map(_columns, parts), strict=True)
    )
    return Grouped(Neighbours(rows, distances), groups, views)


def _in_order(found: Grouped) -> Grouped:
    """The candidates of each query, nearest first, at equal distances in the order of the rows."""
    return _at(found, np.lexsort((found.neighbours.rows, found.neighbours.distances)))


def _firsts(found: Grouped, k: int) -> Grouped:
    """Each group's first candidate, the first k of these in their order; NO_ROW where a query has fewer groups."""
    order = np.argsort(found.groups, axis=1, kind="stable")
    ordered = np.take_along_axis(found.groups, order, axis=1)
    again = np.zeros(order.shape, bool)
    np.put_along_axis(again, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    best = _at(found, np.argsort(again, axis=1, kind="stable")[:, :k])
    missing = np.arange(best.groups.shape[1]) >= (~again).sum(axis=1, keepdims=True)
    rows, distances = np.where(missing, _NO_ROW, best.neighbours.rows), best.neighbours.distances
    return Grouped(Neighbours(rows, np.where(missing, np.float32(np.inf), distances)), best.groups, best.views)


def _at(found: Grouped, places: np.ndarray) -> Grouped:
    """The candidates at (n, c) places of each query."""
    rows, distances, groups, views = (np.take_along_axis(values, places, axis=1) for values in _columns(found))
    return Grouped(Neighbours(rows, distances), groups, views)


def _columns(found: Grouped) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(n, k) rows, distances, groups and views."""
    return found.neighbours.rows, found.neighbours.distances, found.groups, found.views
