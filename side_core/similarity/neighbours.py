"""Exact nearest neighbours by chunked matrix products."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

QUERY_CHUNK = 2048
ROW_CHUNK = 16384
SPARE = 8  # candidates beyond k: the matrix product can swap near ties, the exact distances put them right


@dataclass(frozen=True)
class Neighbours:
    """The k nearest rows of each query, nearest first.

    Attributes:
        rows: (n, k) int64 positions in the searched set.
        distances: (n, k) float32 root mean square differences over the dimensions.
    """

    rows: np.ndarray
    distances: np.ndarray


@torch.no_grad()
def nearest(queries: np.ndarray, rows: np.ndarray, k: int) -> Neighbours:
    """The k nearest rows of each query, exactly.

    A matrix product finds a few more than k candidates; their distances are then computed from the differences,
    so that near-copies, where the product loses its digits, are ranked right.

    Args:
        queries: (n, d) float32.
        rows: (m, d) float32.
        k: neighbours wanted; at most m are returned.

    Raises:
        ValueError: the dimensions differ, or there is nothing to search.
    """
    if not len(rows):
        raise ValueError("There are 0 images to compare with: choose a larger slice.")
    if queries.shape[1:] != rows.shape[1:]:
        raise ValueError(
            f"Vectors of {queries.shape[-1]} and {rows.shape[-1]} numbers cannot be compared: use images of one size."
        )
    k = min(k, len(rows))
    if not len(queries):
        return Neighbours(np.empty((0, k), np.int64), np.empty((0, k), np.float32))
    wanted = min(k + SPARE, len(rows))
    centre = torch.from_numpy(rows.mean(axis=0, dtype=np.float64).astype(np.float32))
    found_rows, found_distances = [], []
    for query in torch.from_numpy(queries).split(QUERY_CHUNK):
        candidates = coarse(query - centre, rows, centre, wanted)
        exact = torch.stack(
            [
                (torch.from_numpy(rows[own]) - q).square().mean(dim=1).sqrt()
                for own, q in zip(candidates.numpy(), query, strict=True)
            ]
        )
        order = exact.argsort(dim=1, stable=True)[:, :k]
        found_rows.append(candidates.gather(1, order))
        found_distances.append(exact.gather(1, order))
    return Neighbours(torch.cat(found_rows).numpy(), torch.cat(found_distances).numpy())


def coarse(query: Tensor, rows: np.ndarray, centre: Tensor, wanted: int) -> Tensor:
    """(n, wanted) rows nearest by the matrix product, in order of their number.

    Args:
        query: (n, d) centred queries.
        rows: (m, d) all rows, not centred.
        centre: (d,) their mean; centring keeps the products' digits.
        wanted: how many.
    """
    best = torch.empty(len(query), 0)
    where = torch.empty(len(query), 0, dtype=torch.int64)
    for start in range(0, len(rows), ROW_CHUNK):
        chunk = torch.from_numpy(rows[start : start + ROW_CHUNK]) - centre
        squared = torch.addmm(chunk.square().sum(dim=1), query, chunk.T, alpha=-2)
        near, place = squared.topk(min(wanted, len(chunk)), dim=1, largest=False)
        best, where = torch.cat([best, near], dim=1), torch.cat([where, place + start], dim=1)
        best, keep = best.topk(min(wanted, best.shape[1]), dim=1, largest=False)
        where = where.gather(1, keep)
    return where.sort(dim=1).values
