"""Permutation tests of paired figures, and the false-discovery rate where many are judged at once."""

from collections.abc import Sequence

import numpy as np

_DRAWS = 20_000
_EXACT = 14  # up to so many pairs all signs are tried
_BLOCK = 1000  # draws at once; bounds the memory


def fewer(before: np.ndarray, after: np.ndarray, seed: int = 0) -> float:
    """One-sided p value that `after` is smaller than `before` on average, of the same n things.

    Under the null either figure of a pair could have been the other, so that the sign of each difference is a coin.
    All signs where there are 14 pairs or fewer, else 20,000 random ones, this one counted among them, so that p is
    never 0 (Phipson & Smyth 2010).

    Args:
        before, after: (n,) figures.
        seed: of the random signs.

    Raises:
        ValueError: they are not of the same number, or there is none.
    """
    if before.shape != after.shape or not before.size:
        raise ValueError(f"{after.shape} and {before.shape} are no pairs: give as many figures, one or more.")
    gains = (before - after).astype(np.float64)
    count, seen = len(gains), gains.sum()
    if count <= _EXACT:
        signs = 1 - 2 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)
        return float((signs @ gains >= seen - 1e-9).mean())
    random, reached = np.random.default_rng(seed), 1
    for _ in range(0, _DRAWS, _BLOCK):
        reached += int((random.choice((-1, 1), (_BLOCK, count)) @ gains >= seen - 1e-9).sum())
    return reached / (_DRAWS + 1)


def false_discovery(p_values: Sequence[float]) -> list[float]:
    """The least false-discovery rate at which each of (n,) p values is a discovery (Benjamini & Hochberg 1995)."""
    values = np.array(p_values, np.float64)
    order = np.argsort(-values)
    scaled = values[order] * len(values) / np.arange(len(values), 0, -1)
    found = np.empty(len(values))
    found[order] = np.minimum.accumulate(np.minimum(scaled, 1))
    return [float(value) for value in found]
