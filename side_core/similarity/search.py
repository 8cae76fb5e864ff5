"""The search for exact nearest neighbours, in one pass over the rows.

A matrix product gives every squared distance, but with rounding. So each comparison allows for the largest error the
product can have: no row is left out that could be among the k nearest. The few that remain are then ranked by
distances computed from the differences themselves. Nothing but the time depends on how fine the product is, so large
searches use bfloat16 where the processor multiplies it. The longer the vectors, the larger that error and the more
memory they take: wide ones are multiplied in blocks of columns, and fewer are in memory at a time.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from side_core.similarity.vectors import Vectors

QUERY_BATCH = 16384  # queries of one pass over the rows
QUERY_CHUNK, ROW_CHUNK = 2048, 4096  # of one matrix product
QUERY_NUMBERS, ROW_NUMBERS = 1 << 26, 1 << 25  # of a pass and of a product, which have fewer queries or rows if need be
WIDE = 8192  # numbers of a vector, above which products are added up in float64, block by block
BLOCK = 2048  # columns
SIFT_CHUNK = 256  # queries of a product that one thread looks through
_GROUP = 32  # products of which only the smallest is ranked, as long as there are enough groups
PENDING = 1 << 23  # candidates kept before they are compared by their differences
CROWD = 16  # candidates for each neighbour wanted, above which bfloat16 is too coarse
DIFFERENCES = 1 << 19  # numbers subtracted at a time, so that they stay in the cache
CENTRE_ROWS = 256
COARSE_FROM = 1 << 32  # multiplications
_SPREADS = 6  # standard deviations below the mean distance, from where on distances are counted in bfloat16
UNIT, _COARSE_UNIT = 2.0**-24, 2.0**-8  # largest relative rounding errors of float32 and bfloat16
_COARSE_VECTOR = 2.0**-9  # that of a vector's length, as long as its numbers do not all round badly: checked
_LARGEST = 1e36  # squared length: float32 ends at 3e38


@dataclass(frozen=True)
class Pairs:
    """Queries with rows that may be among their nearest.

    Attributes:
        queries: (p,) positions in the batch.
        rows: (p,) positions in the full set.
        squared: (p,) squared distances, or what bounds them.
    """

    queries: np.ndarray
    rows: np.ndarray
    squared: np.ndarray

    def __getitem__(self, chosen: np.ndarray | slice) -> "Pairs":
        return Pairs(self.queries[chosen], self.rows[chosen], self.squared[chosen])


NO_PAIRS = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def joined(parts: list[Pairs]) -> Pairs:
    """All pairs of several parts, one after the other."""
    return Pairs(
        np.concatenate([part.queries for part in parts]),
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.squared for part in parts]),
    )


def nearest_pairs(queries: Vectors, rows: Vectors, k: int, only: np.ndarray | None) -> Pairs:
    """The k nearest rows of each query, in order, with float64 distances: n * k pairs.

    Args:
        queries: (n, d) float32, read in batches.
        rows: (m, d) float32.
        k: no more than there are rows to search.
        only: (s,) growing numbers of the rows to search; None for all.
    """
    searched = np.arange(len(rows)) if only is None else only
    sample = _fewer(CENTRE_ROWS, ROW_NUMBERS, rows)
    centre = rows[searched[:: -(-len(searched) // sample)]].mean(axis=0, dtype=np.float64).astype(np.float32)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        batches = chunks(len(queries), _fewer(QUERY_BATCH, QUERY_NUMBERS, queries))
        return joined([NO_PAIRS, *(search(queries[batch], rows, k, only, centre, pool) for batch in batches)])


def search(
    queries: np.ndarray, rows: Vectors, k: int, only: np.ndarray | None, centre: np.ndarray, pool: Executor
) -> Pairs:
    """The k nearest rows of each query of one batch, in order."""
    count = len(rows) if only is None else len(only)
    coarse = len(queries) * count * len(centre) >= COARSE_FROM and len(centre) <= WIDE and multiplies_bfloat16()
    state = Search(queries, rows, only, k, centre, pool, coarse)
    if not state.run():
        state = Search(queries, rows, only, k, centre, pool, coarse=False)
        state.run()
    return state.found


class Search:
    """The k nearest rows of a batch of queries, as far as the rows have been read.

    With q and r counted from a common centre, |q - r|² = |q|² + |r|² - 2qr, one product of d + 6 terms. In float32,
    in whatever order they are added, and with the roundings before, it is off by less than 2(d + 32)u (|q|² + |r|²),
    u = 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, 2002, eq. 3.5, and 2|q||r| <= |q|² + |r|²).
    Factors in bfloat16, which are added in float32, take it off by 2v(1 + v) (|q|² + |r|²) more, where rounding moves
    no vector x by more than v|x| (Cauchy-Schwarz; v = 2^-9 is checked); at last it is rounded to bfloat16 itself, by
    one part in 2^8. The first, `error`, is taken off |q|² and |r|² before the product, so that a product is a lower
    bound (but for the last rounding), and twice as much on top of it makes an upper bound.

    Where d > WIDE, a float32 product has no more than BLOCK columns; those of all blocks are added in float64 (each
    addition is off by 2^-53), then rounded to float32 once. A block is off by less than (BLOCK + 30)u times the sum of
    |terms| in it, and these sums make up that of all |terms|, at most 2(|q|² + |r|²) as before. So the bound is that
    of d = BLOCK: 30 of the 32 are more than enough without the last rounding and the additions.

    In bfloat16 an `offset` of no more than 2|q|² is taken off each query's products; as that leaves no more of |q|²
    than there was, the bound holds as it is.

    Products are compared as the integers that their bits are, which order positive floats alike; one below 0 stays
    below all that are above, and no ceiling is below 0.
    """

    def __init__(
        self,
        queries: np.ndarray,
        rows: Vectors,
        only: np.ndarray | None,
        k: int,
        centre: np.ndarray,
        pool: Executor,
        coarse: bool,
    ) -> None:
        self.queries, self.rows, self.only, self.k = queries, rows, only, k
        self.centre, self.pool, self.coarse = centre, pool, coarse
        self.count = len(rows) if only is None else len(only)
        count, size = queries.shape
        columns = size if size <= WIDE else BLOCK
        self.error = 2 * (columns + 32) * UNIT + (2 * _COARSE_VECTOR * (1 + _COARSE_VECTOR) if coarse else 0)
        self.last = _COARSE_UNIT if coarse else 0
        left = np.ones((count, size + 6), np.float32)  # -2q, |q|² in three parts, 1, 1, 1
        np.subtract(queries, centre, out=left[:, :size])
        lengths = _squared_lengths(left[:, :size])
        self.offset = np.minimum(self.far_below(left[:, :size], lengths), 2 * lengths) if coarse else np.zeros(count)
        left[:, :size] *= -2
        left[:, size : size + 3] = _in_parts(lengths * (1 - self.error) - self.offset)
        self.slack = (2 * self.error * lengths).astype(np.float32)
        self.left = torch.from_numpy(left).bfloat16() if coarse else torch.from_numpy(left)
        self.row_chunk = _fewer(ROW_CHUNK, ROW_NUMBERS, rows)
        self.right = np.ones((min(self.row_chunk, self.count), size + 6), np.float32)  # r, 1, 1, 1, |r|² in three parts
        self.products = torch.empty(2, min(QUERY_CHUNK, count) * len(self.right), dtype=self.left.dtype).unbind()
        # The k smallest upper bounds, of different rows each; a row whose product is above the ceiling is out.
        self.best = np.full((count, k), np.inf, np.float32)
        self.ceiling = np.full(count, np.inf, np.float32)
        self.found = NO_PAIRS
        self.sifted: Iterable[Pairs] = []
        self.pending: list[Pairs] = []
        self.crowded = coarse and not rounds_finely(left, self.left)  # then bfloat16 is too coarse for this

    def far_below(self, centred: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """(n,) squared distances that few rows are nearer than, guessed from a few rows; 0 where they spread widely.

        Counted from there, products near the ceiling are small, and so is what rounding takes from them.
        """
        chosen = np.arange(0, self.count, -(-self.count // CENTRE_ROWS))
        sample = self.rows[chosen if self.only is None else self.only[chosen]] - self.centre
        squared = lengths[:, None] + _squared_lengths(sample) - 2 * (centred @ sample.T)
        return (squared.mean(axis=1) - _SPREADS * squared.std(axis=1)).clip(0)

    def run(self) -> bool:
        """Read all rows and find the nearest; False as soon as the products turn out too coarse for that."""
        for chunk in chunks(self.count, self.row_chunk):
            self.read(chunk if self.only is None else self.only[chunk])
            if self.crowded:
                break
        self.collect()
        if not self.crowded:
            self.resolve()
        return not self.crowded

    def read(self, chosen: slice | np.ndarray) -> None:
        """Look through one chunk of the rows; chunks come in the order of the rows."""
        chunk = self.rows[chosen]
        right, size = self.right[: len(chunk)], chunk.shape[1]
        np.subtract(chunk, self.centre, out=right[:, :size])
        lengths = _squared_lengths(right[:, :size])
        right[:, size + 3 :] = _in_parts(lengths * (1 - self.error))
        factor = torch.from_numpy(right).to(self.left.dtype)
        if self.coarse and not rounds_finely(right, factor):
            self.crowded = True
            return
        slack = (2 * self.error * lengths).astype(np.float32).reshape(self.group_size(len(chunk)), -1)
        numbers = np.arange(chosen.start, chosen.stop) if isinstance(chosen, slice) else chosen
        for block in chunks(len(self.queries), QUERY_CHUNK):
            left = self.left[block]
            self.products = self.products[::-1]
            products = self.products[0][: len(left) * len(right)].view(len(left), len(right))
            if self.coarse:
                torch.mm(left, factor.T, out=products)  # while other threads sift the products before
            else:
                multiply(left.numpy(), right, products.numpy())
            self.collect()
            bits = products.view(torch.int16 if self.coarse else torch.int32).numpy().reshape(len(left), *slack.shape)
            sift = partial(self.sift, bits, slack.max(axis=0), numbers, block.start)
            self.sifted = self.pool.map(sift, chunks(len(left), SIFT_CHUNK))

    def group_size(self, count: int) -> int:
        """How many of a chunk's `count` rows make a group: all alike, and many groups for each neighbour wanted."""
        most = min(_GROUP, self.count // (16 * self.k), count // (2 * self.k))
        return next(size for size in range(max(1, most), 0, -1) if count % size == 0)

    def sift(self, bits: np.ndarray, slack: np.ndarray, numbers: np.ndarray, first: int, part: slice) -> Pairs:
        """Candidates among some of a block's queries.

        Args:
            bits: (b, s, g) products of the block, in g groups of s rows, which lie far apart in the chunk.
            slack: (g,) the largest of each group.
            numbers: (s * g,) of the rows.
            first: number of the block's first query.
            part: the queries of the block to look at.
        """
        bits, queries = bits[part], slice(first + part.start, first + part.stop)
        upper = _floats(bits.min(axis=1)).clip(0) / (1 - self.last) + slack
        best = np.concatenate([self.best[queries], upper], axis=1)
        best.partition(self.k - 1, axis=1)
        self.best[queries] = best[:, : self.k]
        ceiling = (best[:, self.k - 1] + self.slack[queries]) * (1 + self.last)
        self.ceiling[queries] = np.minimum(self.ceiling[queries], ceiling)
        limit = self.ceiling[queries].view(np.int32)
        if self.coarse:
            limit = ((limit >> 16) + 1).astype(np.int16)
        bits = bits.reshape(len(bits), -1)
        hits = np.flatnonzero(bits <= limit[:, None])
        query, row = np.divmod(hits, len(numbers))
        return Pairs(query + queries.start, numbers[row], _floats(bits.ravel()[hits]))

    def collect(self) -> None:
        """Wait for the candidates of the last block, and drop those above the present ceiling when they are many."""
        self.pending += self.sifted
        self.sifted = []
        limit = min(PENDING, CROWD * self.k * len(self.queries)) if self.coarse else PENDING
        if sum(len(part.rows) for part in self.pending) <= limit:
            return
        pairs = joined(self.pending)
        self.pending = [pairs[pairs.squared <= self.ceiling[pairs.queries]]]
        if len(self.pending[0].rows) > limit // 2:
            self.crowded = self.coarse
            if not self.coarse:
                self.resolve()

    def resolve(self) -> None:
        """Compute the candidates' distances from the differences and keep the k nearest of each query, in order."""
        pairs = joined([NO_PAIRS, *self.pending])
        pairs = pairs[pairs.squared <= self.ceiling[pairs.queries]]
        pairs = pairs[np.argsort(pairs.queries.astype(np.uint16), kind="stable")]  # QUERY_BATCH has no larger ones
        parts = chunks(len(pairs.rows), max(1, DIFFERENCES // self.queries.shape[1]))
        pairs = joined([self.found, *self.pool.map(partial(self.nearest_of, pairs), parts)])
        pairs = pairs[np.lexsort((pairs.rows, pairs.squared, pairs.queries))]
        starts = np.searchsorted(pairs.queries, np.arange(len(self.queries)))
        rank = np.arange(len(pairs.rows)) - starts[pairs.queries]
        self.found, self.pending = pairs[rank < self.k], []
        last = pairs[rank == self.k - 1]
        ceiling = (last.squared * (1 + 16 * UNIT) - self.offset[last.queries]).clip(0) * (1 + self.last)
        self.ceiling[last.queries] = np.minimum(self.ceiling[last.queries], ceiling)

    def nearest_of(self, pairs: Pairs, part: slice) -> Pairs:
        """Those of a part of the candidates that may be among the k nearest of their query, with float64 distances.

        Args:
            pairs: in the order of their queries.
            part: which of them.
        """
        pairs = pairs[part]
        differences = self.rows[pairs.rows] - self.queries[pairs.queries]
        rough = np.vecdot(differences, differences)  # float32 tells most of them apart
        order = np.lexsort((rough, pairs.queries))
        first = np.flatnonzero(np.diff(pairs.queries, prepend=-1))
        counts = np.diff(first, append=len(rough))
        limits = np.full(len(first), np.inf)
        limits[counts > self.k] = rough[order[first[counts > self.k] + self.k - 1]]
        near = rough <= np.repeat(limits * (1 + 4 * (differences.shape[1] + 32) * UNIT), counts)
        exact = differences[near].astype(np.float64)
        return Pairs(pairs.queries[near], pairs.rows[near], np.vecdot(exact, exact))


def multiply(left: np.ndarray, right: np.ndarray, products: np.ndarray) -> None:
    """Write the products of (n, d) and (m, d) float32 to (n, m) `products`; `Search` says how exact they are."""
    if left.shape[1] - 6 <= WIDE:
        np.matmul(left, right.T, out=products)  # faster than torch on AMD's processors
        return
    sums = np.zeros(products.shape)
    for block in chunks(left.shape[1], BLOCK):
        sums += np.matmul(left[:, block], right[:, block].T, out=products)
    products[:] = sums


def _fewer(count: int, numbers: int, vectors: Vectors) -> int:
    """As many vectors as have so many numbers, at least one and at most `count`."""
    return max(1, min(count, numbers // max(1, vectors.shape[1])))


def multiplies_bfloat16() -> bool:
    """Whether this processor has instructions for it; without, it is slow."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def rounds_finely(exact: np.ndarray, rounded: torch.Tensor) -> bool:
    """Whether rounding moves each of (n, d) float32 vectors by no more than COARSE_VECTOR of its length.

    The six numbers at the end of a factor are exact in bfloat16, so they make the moves no larger; they are left out
    of the lengths.
    """
    vectors = exact[:, :-6]
    moves = rounded[:, :-6].float().numpy() - vectors
    return bool((_squared_lengths(moves) <= _COARSE_VECTOR**2 * _squared_lengths(vectors)).all())


def _in_parts(numbers: np.ndarray) -> np.ndarray:
    """(n, 3) bfloat16 numbers, as float32, whose sum is the float32 of each number."""
    rest = numbers.astype(np.float32)
    parts = []
    for _ in range(3):
        parts.append((rest.view(np.uint32) & 0xFFFF0000).view(np.float32))
        rest = rest - parts[-1]
    return np.stack(parts, axis=1)


def _floats(bits: np.ndarray) -> np.ndarray:
    """The float32 numbers whose bits these are, or whose upper half."""
    return (bits.astype(np.int32) << 16 if bits.dtype == np.int16 else bits).view(np.float32)


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices of `size` that cover 0 .. count - 1."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def _squared_lengths(vectors: np.ndarray) -> np.ndarray:
    """(n,) float64 squared lengths.

    Raises:
        ValueError: a vector holds numbers that float32 cannot compare.
    """
    squared = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    if not (squared < _LARGEST).all():
        raise ValueError("A vector holds numbers that are infinite or not numbers: check the model that made it.")
    return squared
