"""Exact neighbours of large pictures and other wide vectors: against brute force in integers and in float64."""

import functools
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from side_core.data.image_file import release
from side_core.similarity import neighbours, pixels, search
from side_core.similarity.neighbours import Neighbours, nearest
from side_core.similarity.pixels import multiplies_int8
from side_core.similarity.vectors import PixelVectors

needs_int8 = pytest.mark.skipif(not multiplies_int8(), reason="this processor does not multiply int8")


@pytest.fixture(params=["float32", pytest.param("int8", marks=needs_int8)])
def integers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are compared by their integers, with both kinds of product, however small; today's search would fail."""
    monkeypatch.setattr(pixels, "multiplies_int8", lambda: request.param == "int8")
    monkeypatch.setattr(neighbours, "WIDE_INT8", 0)
    monkeypatch.setattr(neighbours, "WIDE_FLOAT", 0)
    monkeypatch.delattr(neighbours, "nearest_pairs")


def small_tiles(monkeypatch: pytest.MonkeyPatch, queries: int, rows: int, band: int, columns: int = 1024) -> None:
    """Cut small searches into many parts: tiles of pictures, bands of lines, blocks of columns, each picture read."""
    for name, value in {
        "QUERY_TILE": queries,
        "ROW_TILE": rows,
        "BAND": band,
        "READ": 1,
        "FLOAT_COLUMNS": columns,
        "INT_COLUMNS": columns,
        "LENGTHS": 1,
    }.items():
        monkeypatch.setattr(pixels, name, value)


def in_integers(queries: np.ndarray, rows: np.ndarray, k: int, only: np.ndarray | None = None) -> Neighbours:
    """The same one query at a time, by differences in int64; equal distances in the order of their rows."""
    searched = np.arange(len(rows)) if only is None else only
    found, distances = [], []
    for query in queries.astype(np.int64):
        squared = np.array([((image - query) ** 2).sum() for image in rows[searched]])
        order = np.argsort(squared, kind="stable")[:k]
        found.append(searched[order])
        distances.append(np.sqrt(squared[order] / 255**2 / query.size))
    return Neighbours(np.array(found), np.array(distances, np.float32))


def assert_same(found: Neighbours, expected: Neighbours) -> None:
    """The very same rows, and the same distances but for their last bit."""
    assert np.array_equal(found.rows, expected.rows)
    np.testing.assert_allclose(found.distances, expected.distances, rtol=2e-7, atol=0)
    assert found.rows.dtype == np.int64 and found.distances.dtype == np.float32


def noise(count: int, height: int, width: int, levels: int = 256, seed: int = 0) -> np.ndarray:
    """(count, height, width, 3) random pictures of the lowest `levels`."""
    return np.random.default_rng(seed).integers(0, levels, (count, height, width, 3), dtype=np.uint8)


@pytest.mark.usefixtures("integers")
@pytest.mark.parametrize("k", [1, 7, 100])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 7), (19, 23), (3, 500)])
def test_pictures_equal_brute_force_in_integers(
    monkeypatch: pytest.MonkeyPatch, height: int, width: int, k: int
) -> None:
    """At any cut into tiles, bands and columns, and where more neighbours are wanted than there are."""
    queries, rows = noise(11, height, width), noise(43, height, width, seed=1)
    expected = in_integers(queries, rows, k)
    assert_same(nearest(PixelVectors(queries), PixelVectors(rows), k), expected)
    for tiles in ((4, 10, 1), (11, 43, 54 * 2 * 3 * width), (1, 1, 1), (12, 44, 1 << 20)):
        small_tiles(monkeypatch, *tiles, columns=100)
        assert_same(nearest(PixelVectors(queries), PixelVectors(rows), k), expected)


@pytest.mark.usefixtures("integers")
@pytest.mark.parametrize("row_tile", [3, 16, 1000])
def test_equal_distances_come_in_the_order_of_their_rows(monkeypatch: pytest.MonkeyPatch, row_tile: int) -> None:
    """Two levels in three numbers: eight different pictures, each many times, also across tiles."""
    queries, rows = noise(9, 1, 1, levels=2), noise(200, 1, 1, levels=2, seed=1)
    small_tiles(monkeypatch, 4, row_tile, 50)
    for k in (1, 30, 200):
        assert_same(nearest(PixelVectors(queries), PixelVectors(rows), k), in_integers(queries, rows, k))


@pytest.mark.usefixtures("integers")
@pytest.mark.parametrize("count", [1, 2, 29, 60])
def test_only_some_pictures_are_searched(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    queries, rows = noise(5, 6, 6, levels=3), noise(60, 6, 6, levels=3, seed=1)
    only = np.sort(np.random.default_rng(count).permutation(60)[:count])
    small_tiles(monkeypatch, 2, 7, 300)
    assert_same(nearest(PixelVectors(queries), PixelVectors(rows), 30, only), in_integers(queries, rows, 30, only))


@pytest.mark.usefixtures("integers")
def test_black_against_white_is_exact_however_many_columns() -> None:
    """The largest sums there are, a level apart: in float32, blocks of more than 1,024 columns would round them."""
    black, white = np.zeros((2, 128, 128, 3), np.uint8), np.full((4, 128, 128, 3), 255, np.uint8)
    black[1] = 255
    white[0, -1, -1, -1] = white[2, 0, 0, 0] = 254
    white[3] = 0
    found = nearest(PixelVectors(black), PixelVectors(white), 4)
    assert found.rows.tolist() == [[3, 0, 2, 1], [1, 0, 2, 3]]
    assert_same(found, in_integers(black, white, 4))


@pytest.mark.usefixtures("integers")
def test_one_level_in_a_large_picture_counts() -> None:
    """At 512 x 512: 1 in a squared distance of 17 thousand million, which float32 gives to a thousand."""
    picture = noise(1, 512, 512)
    rows = np.repeat(255 - picture, 3, axis=0)
    for row, (place, level) in enumerate(((0, 2), (1, 0), (2, 1))):
        numbers = rows[row].ravel()
        near = int(picture.ravel()[place])
        numbers[place] += np.sign(near - int(numbers[place])) * level
    assert_same(nearest(PixelVectors(picture), PixelVectors(rows), 3), in_integers(picture, rows, 3))


@pytest.mark.usefixtures("integers")
@pytest.mark.parametrize("band", [1, 1 << 20])
@pytest.mark.parametrize("only", [None, np.arange(1, 30, 3)])
def test_views_and_one_colour_for_all_are_searched_where_they_lie(
    monkeypatch: pytest.MonkeyPatch, only: np.ndarray | None, band: int
) -> None:
    images, others = noise(30, 16, 20), noise(6, 16, 20, seed=1)
    small_tiles(monkeypatch, 4, 8, band)
    views = {
        "mirrored and cropped": lambda images: images[:, :, ::-1][:, 2:13, 3:19],
        "upside down": lambda images: images[:, ::-1],
        "grey": lambda images: np.broadcast_to(images[..., :1], images.shape),
        "columns first": lambda images: np.asfortranarray(images),
        "every other": lambda images: images[::2, :, ::2],
    }
    for name, view in views.items():
        queries, rows = view(others), view(images)
        chosen = only if only is None else only[only < len(rows)]
        found = nearest(PixelVectors(queries), PixelVectors(rows), 5, chosen)
        expected = in_integers(np.array(queries), np.array(rows), 5, chosen)
        assert np.array_equal(found.rows, expected.rows), name
        assert_same(found, expected)


@pytest.mark.usefixtures("integers")
def test_mapped_pictures_are_searched_and_their_files_left_as_they_are(tmp_path: Path) -> None:
    images = noise(20, 8, 8)
    np.save(tmp_path / "images.npy", images)
    expected = in_integers(images[:3], images, 4)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert_same(nearest(PixelVectors(mapped[:3]), PixelVectors(np.asarray(mapped)), 4), expected)
    changed = np.load(tmp_path / "images.npy", mmap_mode="c")  # what is written to it stays in memory
    changed[0] = 7
    nearest(PixelVectors(changed[:3]), PixelVectors(changed), 4)
    assert (changed[0] == 7).all()
    assert np.array_equal(np.load(tmp_path / "images.npy"), images)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_was_read_of_a_file_is_no_longer_memory_of_the_process(tmp_path: Path) -> None:
    images = np.ones((64, 256, 256, 3), np.uint8)
    nearest(PixelVectors(images[:2]), PixelVectors(images), 4)  # reads libraries
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    view = np.broadcast_to(np.asarray(mapped)[:, ::-1, :, :1], mapped.shape)
    before = mapped_kib()
    assert mapped.sum() == mapped.size
    read = mapped_kib() - before
    assert read > 12_000 / 2
    release(view)
    assert mapped_kib() - before < read / 10
    nearest(PixelVectors(view[:2]), PixelVectors(mapped), 4)
    assert mapped_kib() - before < read / 10, "a search leaves nothing behind"
    assert mapped.sum() == mapped.size


def mapped_kib() -> int:
    """Memory of this process that belongs to files."""
    return int(Path("/proc/self/status").read_text(encoding="utf-8").split("RssFile:")[1].split()[0])


def test_integers_and_colours_have_the_same_neighbours_and_distances() -> None:
    queries, rows = PixelVectors(noise(9, 32, 32)), PixelVectors(noise(300, 32, 32, seed=1))
    by_integers = neighbours.nearest_pixels(queries, rows, 50, None)
    by_colours = neighbours.nearest_pairs(queries, rows, 50, None)
    assert np.array_equal(by_integers.rows, by_colours.rows) and np.array_equal(by_integers.queries, by_colours.queries)
    np.testing.assert_allclose(np.sqrt(by_integers.squared), np.sqrt(by_colours.squared), rtol=1e-6)


def test_pictures_of_other_shapes_are_compared_number_by_number() -> None:
    queries, rows = noise(3, 64, 32), noise(9, 32, 64, seed=1)
    found = nearest(PixelVectors(queries), PixelVectors(rows), 4)
    expected = in_integers(queries.reshape(3, -1), rows.reshape(9, -1), 4)
    assert np.array_equal(found.rows, expected.rows)


@pytest.mark.usefixtures("integers")
def test_no_pictures_have_no_neighbours() -> None:
    assert nearest(PixelVectors(noise(0, 4, 4)), PixelVectors(noise(3, 4, 4)), 2).rows.shape == (0, 2)


def test_int8_is_not_trusted_where_the_largest_products_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """As without VNNI, where pairs of products are added in 16 bits."""

    def saturated(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        pairs = left.int().unfold(1, 2, 2)[:, None] * right.T.int().unfold(1, 2, 2)
        return pairs.sum(dim=-1).clamp(-(2**15), 2**15 - 1).sum(dim=-1)

    def exact(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return (left.double() @ right.double()).int()

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_vnni": True})
    for product, trusted in ((exact, True), (saturated, False)):
        monkeypatch.setattr(torch, "_int_mm", product)
        assert pixels.multiplies_int8.__wrapped__() is trusted
    monkeypatch.setattr(torch, "_int_mm", exact)
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert pixels.multiplies_int8.__wrapped__() is False


class Lazy:
    """Float vectors that refuse to hand out more than `limit` at a time."""

    def __init__(self, numbers: np.ndarray, limit: int):
        self.numbers, self.limit, self.most = numbers, limit, 0

    @property
    def shape(self) -> tuple[int, int]:
        return self.numbers.shape

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        read = self.numbers[rows]
        self.most = max(self.most, len(read))
        if len(read) > self.limit:
            raise AssertionError(f"{len(read)} vectors read at once, not {self.limit}")
        return read.copy()


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that takes vectors of 300 numbers for wide ones: 5 queries, 7 rows and 64 columns at a time."""
    for name, value in {"QUERY_NUMBERS": 5 * 300, "ROW_NUMBERS": 7 * 300, "WIDE": 100, "BLOCK": 64}.items():
        monkeypatch.setattr(search, name, value)
    monkeypatch.setattr(search, "COARSE_FROM", 0)
    monkeypatch.setattr(search, "DIFFERENCES", 600)


def in_float64(queries: np.ndarray, rows: np.ndarray, k: int) -> Neighbours:
    """Brute force."""
    squared = ((queries[:, None].astype(np.float64) - rows.astype(np.float64)) ** 2).mean(axis=2)
    order = np.argsort(squared, axis=1, kind="stable")[:, :k]
    return Neighbours(order, np.sqrt(np.take_along_axis(squared, order, axis=1)).astype(np.float32))


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("far", [0, 2**20])
@pytest.mark.parametrize("only", [None, np.arange(0, 90, 2)])
def test_wide_vectors_equal_brute_force_and_are_never_read_as_a_whole(far: float, only: np.ndarray | None) -> None:
    """Also far from the origin, half on either side of it, so that no centre helps."""
    random = np.random.default_rng(0)
    rows = random.integers(-50, 50, (90, 300)).astype(np.float32) + far
    rows[1::3] -= 2 * far
    queries = rows[:23] + random.integers(-50, 50, (23, 300)).astype(np.float32)
    lazy, read = Lazy(queries, 5), Lazy(rows, 7)
    found = nearest(lazy, read, 20, only)
    searched = np.arange(90) if only is None else only
    expected = in_float64(queries, rows[searched], 20)
    np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-5)
    assert np.array_equal(found.rows, searched[expected.rows])
    assert lazy.most == 5 and read.most == 7


def test_a_blocked_product_is_never_off_by_more_than_is_allowed_for() -> None:
    """Wide rows that all round the same way, near copies among them: what is found hangs on the bound alone."""
    random = np.random.default_rng(0)
    rows = (1 + random.integers(1, 4, (120, 30_000)) * 2.0**-9 * 0.99).astype(np.float32)
    rows[::3] *= -1
    rows[60:] = rows[:60]
    rows[60:, 7] += 2.0**-12
    found, expected = nearest(rows[:10], rows, 5), in_float64(rows[:10], rows, 5)
    assert np.array_equal(found.rows, expected.rows)
    np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-5)


def test_a_blocked_product_s_error_grows_with_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Added one after the other, 200,000 terms of one sign are far more off than the bound for BLOCK columns allows."""

    def in_order(left: np.ndarray, right: np.ndarray, out: np.ndarray) -> np.ndarray:
        out[:] = np.cumsum(left[:, None] * right.T, axis=2, dtype=np.float32)[..., -1]
        return out

    monkeypatch.setattr(np, "matmul", in_order)
    left, right = (np.full((n, 200_000), 1 + n / 99, np.float32) for n in (2, 3))
    terms = left.astype(np.float64) @ right.T.astype(np.float64)
    allowed = (search.BLOCK + 30) * search.UNIT * terms
    products = np.empty((2, 3), np.float32)
    assert (np.abs(in_order(left, right.T, products) - terms) > 3 * allowed).any()
    search.multiply(left, right, products)
    assert (np.abs(products - terms) <= allowed).all()


def test_wide_vectors_are_told_apart_by_the_product_not_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of random vectors as wide as pictures of 128 pixels, few are subtracted; with the bound for all columns, most."""
    random = np.random.default_rng(0)
    rows = random.standard_normal((400, 49_152), dtype=np.float32) * random.uniform(1, 1.02, (400, 1)).astype(
        np.float32
    )
    subtracted = []
    plain = search.Search.nearest_of

    @functools.wraps(plain)
    def counted(self: search.Search, pairs: search.Pairs, part: slice) -> search.Pairs:
        subtracted.append(part.stop - part.start)
        return plain(self, pairs, part)

    monkeypatch.setattr(search.Search, "nearest_of", counted)
    found = nearest(rows[:40], rows, 3)
    assert np.array_equal(found.rows, in_gram(rows[:40], rows, 3))
    assert sum(subtracted) < 40 * 400 / 10


def in_gram(queries: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """The nearest by a product in float64, which is fine enough for vectors that are no copies."""
    queries, rows = queries.astype(np.float64), rows.astype(np.float64)
    squared = (rows**2).sum(axis=1) - 2 * queries @ rows.T
    return np.argsort(squared, axis=1)[:, :k]
