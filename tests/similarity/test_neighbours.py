"""Exact neighbours: against brute force in float64, also where images are copies or nearly so."""

import numpy as np
import pytest
import torch

from side_core.data.training_set import TrainingSet
from side_core.similarity import search
from side_core.similarity.neighbours import Neighbours, nearest
from side_core.similarity.search import multiplies_bfloat16


@pytest.fixture(
    autouse=True,
    params=["float32", pytest.param("bfloat16", marks=pytest.mark.skipif(not multiplies_bfloat16(), reason="slow"))],
)
def products(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test with both kinds of product, however small the search."""
    monkeypatch.setattr(search, "COARSE_FROM", 0 if request.param == "bfloat16" else float("inf"))


def brute_force(queries: np.ndarray, rows: np.ndarray, k: int) -> Neighbours:
    """The same in float64, one query at a time; equal distances in the order of their rows."""
    found, distances = [], []
    for query in queries.astype(np.float64):
        rms = np.sqrt(((rows.astype(np.float64) - query) ** 2).mean(axis=1))
        order = np.argsort(rms, kind="stable")[:k]
        found.append(order)
        distances.append(rms[order])
    return Neighbours(np.array(found), np.array(distances, dtype=np.float32))


def small_chunks(monkeypatch: pytest.MonkeyPatch, queries: int, rows: int, pending: int = 100) -> None:
    """Cut small searches into many parts, and compare candidates early."""
    for name, value in {
        "QUERY_BATCH": 2 * queries,
        "QUERY_CHUNK": queries,
        "SIFT_CHUNK": 3,
        "ROW_CHUNK": rows,
        "PENDING": pending,
        "DIFFERENCES": 50,
    }.items():
        monkeypatch.setattr(search, name, value)


def vectors(images: np.ndarray) -> np.ndarray:
    """Pixels as the encoder gives them."""
    return images.reshape(len(images), -1).astype(np.float32) / 255


def assert_same(found: Neighbours, expected: Neighbours) -> None:
    """Same rows, and the same distances to float32."""
    np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-5, atol=1e-7)
    assert np.array_equal(found.rows, expected.rows)


@pytest.mark.parametrize("k", [1, 2, 50])
@pytest.mark.parametrize(("count", "size"), [(60, 3), (500, 48), (3000, 20)])
def test_equals_brute_force(count: int, size: int, k: int) -> None:
    random = np.random.default_rng(count)
    rows = random.random((count, size), dtype=np.float32)
    queries = random.random((20, size), dtype=np.float32)
    assert_same(nearest(queries, rows, k), brute_force(queries, rows, k))


def test_chunks_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    rows, queries = random.random((101, 30), dtype=np.float32), random.random((23, 30), dtype=np.float32)
    expected = brute_force(queries, rows, 12)
    for query_chunk, row_chunk in ((1, 1), (5, 7), (23, 101), (24, 102)):
        small_chunks(monkeypatch, query_chunk, row_chunk)
        assert_same(nearest(queries, rows, 12), expected)


def test_exact_copies_have_distance_nothing_and_come_in_order(faces: TrainingSet) -> None:
    rows = vectors(faces.images)
    rows = np.concatenate([rows, rows[:5]])
    found = nearest(rows[:5], rows, 3)
    assert found.rows[:, :2].tolist() == [[i, 60 + i] for i in range(5)]
    assert (found.distances[:, :2] == 0).all()
    assert (found.distances[:, 2] > 0.01).all()


def test_near_copies_are_ranked_right_where_a_matrix_product_loses_its_digits(faces: TrainingSet) -> None:
    """Copies of one face that differ by 1, 2, ... levels in one bright pixel, in mixed order."""
    images = np.concatenate([faces.images[:40], faces.images[:1].repeat(8, axis=0)])
    for place, level in zip(range(40, 48), (5, 2, 8, 1, 4, 7, 3, 6), strict=True):
        images[place, 0, 0, 0] -= level
    found = nearest(vectors(faces.images[:1]), vectors(images), 9)
    assert found.rows[0].tolist() == [0, 43, 41, 46, 44, 40, 47, 45, 42]
    np.testing.assert_allclose(found.distances[0], np.arange(9) / 255 / np.sqrt(768), rtol=1e-4)


def test_a_copy_one_level_off_is_never_taken_for_the_copy_itself() -> None:
    """At 64 x 64 one level of one pixel, 1.5e-5 in the squared distance, is less than the matrix product's rounding."""
    images = np.random.default_rng(0).integers(0, 2, (40, 64, 64, 3), dtype=np.uint8) * 254
    near = images.copy()
    near[:, 0, 0, 0] += 1
    found = nearest(vectors(images), vectors(np.concatenate([near, images])), 1)
    assert found.rows[:, 0].tolist() == list(range(40, 80))
    assert not found.distances.any()


def test_a_crowd_of_near_copies_does_not_hide_the_nearest(faces: TrainingSet) -> None:
    """Three hundred copies a level or two away, and one nearer than all of them."""
    random = np.random.default_rng(0)
    crowd = faces.images[:1].repeat(300, axis=0).astype(int) + random.integers(-2, 3, (300, 16, 16, 3))
    images = np.concatenate([faces.images[1:], crowd.clip(0, 255).astype(np.uint8)])
    images[200] = faces.images[0]
    images[200, 3, 3, 0] ^= 1
    queries, rows = vectors(faces.images[:1]), vectors(images)
    found = nearest(queries, rows, 50)
    assert found.rows[0, 0] == 200
    np.testing.assert_allclose(found.distances, brute_force(queries, rows, 50).distances, rtol=1e-5)


def test_distances_are_symmetric_and_nothing_to_oneself(faces: TrainingSet) -> None:
    rows = vectors(faces.images[:30])
    found = nearest(rows, rows, 30)
    table = np.empty((30, 30), np.float32)
    np.put_along_axis(table, found.rows, found.distances, axis=1)
    np.testing.assert_allclose(table, table.T, rtol=1e-6)
    assert (np.diag(table) == 0).all()


def test_black_and_white_are_one_apart() -> None:
    assert nearest(np.zeros((1, 12), np.float32), np.ones((2, 12), np.float32), 1).distances[0, 0] == pytest.approx(1)


def test_no_more_neighbours_than_rows_and_no_queries_at_all() -> None:
    rows = np.eye(3, dtype=np.float32)
    assert nearest(rows, rows, 50).rows.shape == (3, 3)
    assert nearest(rows[:0], rows, 2).rows.shape == (0, 2)


def test_nothing_to_search_and_other_sizes_get_a_sentence() -> None:
    rows = np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match=r"^There are 0 images to compare with"):
        nearest(rows, rows[:0], 1)
    with pytest.raises(ValueError, match=r"^Vectors of 3 and 4 numbers cannot be compared"):
        nearest(rows, np.zeros((2, 4), np.float32), 1)


@pytest.mark.parametrize("row_chunk", [1, 7, 32, 64, 500])
@pytest.mark.parametrize("k", [1, 10, 50])
def test_many_equal_distances_come_in_the_order_of_their_rows(
    monkeypatch: pytest.MonkeyPatch, row_chunk: int, k: int
) -> None:
    """Three values in four dimensions: 81 different rows, each many times."""
    random = np.random.default_rng(k)
    rows = random.integers(0, 3, (400, 4)).astype(np.float32)
    small_chunks(monkeypatch, 4, row_chunk)
    assert_same(nearest(rows[:9], rows, k), brute_force(rows[:9], rows, k))


@pytest.mark.parametrize("value", [0.0, 0.1, 1000.0])
def test_of_nothing_but_copies_the_first_are_found(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    rows = np.full((300, 20), value, np.float32)
    for row_chunk in (11, 96, 300):
        small_chunks(monkeypatch, 5, row_chunk)
        found = nearest(rows[:7], rows, 50)
        assert (found.rows == np.arange(50)).all()
        assert not found.distances.any()


@pytest.mark.parametrize("order", ["nearing", "leaving", "together", "apart by a group", "mixed"])
def test_the_order_of_the_rows_does_not_matter(monkeypatch: pytest.MonkeyPatch, order: str) -> None:
    """Chunks of 128 rows, ranked by groups whose members lie some rows apart; 40 clusters of 50."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((40, 30)).astype(np.float32)
    labels = np.repeat(np.arange(40), 50)
    rows = centres[labels] + 0.05 * random.standard_normal((2000, 30)).astype(np.float32)
    queries = centres[:11] + 0.05 * random.standard_normal((11, 30)).astype(np.float32)
    distance = ((rows - queries[0]) ** 2).sum(axis=1)
    place = {
        "nearing": np.argsort(-distance),
        "leaving": np.argsort(distance),
        "together": np.arange(2000),
        "apart by a group": np.arange(2000).reshape(40, 50).T.ravel(),
        "mixed": random.permutation(2000),
    }[order]
    monkeypatch.setattr(search, "ROW_CHUNK", 128)
    for pending in (50, 1 << 22):
        monkeypatch.setattr(search, "PENDING", pending)
        assert_same(nearest(queries, rows[place], 20), brute_force(queries, rows[place], 20))


@pytest.mark.parametrize("size", [1, 31, 700])
def test_a_row_far_out_hides_nothing(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Its product has the largest error, and it shifts the centre."""
    random = np.random.default_rng(size)
    rows = random.standard_normal((600, size)).astype(np.float32)
    rows[[0, 130, 599]] *= np.array([[1e5], [1e3], [-1e6]], np.float32)
    queries = np.concatenate([random.standard_normal((20, size)).astype(np.float32), rows[[0, 599]]])
    monkeypatch.setattr(search, "ROW_CHUNK", 128)
    found, expected = nearest(queries, rows, 5), brute_force(queries, rows, 5)
    np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-5)
    assert (found.rows[:, 0] == expected.rows[:, 0]).all()


def test_at_any_offset_the_differences_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close rows far from the origin; half of them on the other side, so that no centre helps."""
    random = np.random.default_rng(0)
    rows = random.integers(-50, 50, (800, 12)).astype(np.float32)
    rows[::2] += 2**20
    rows[1::2] -= 2**20
    small_chunks(monkeypatch, 8, 90, 1000)
    assert_same(nearest(rows[:20], rows, 30), brute_force(rows[:20], rows, 30))


def test_a_product_is_never_off_by_more_than_is_allowed_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that all round the same way: what is found hangs on the bounds alone."""
    random = np.random.default_rng(0)
    rows = (1 + random.integers(1, 4, (500, 3000)) * 2.0**-9 * 0.99).astype(np.float32)
    rows[::3] *= -1
    monkeypatch.setattr(search, "CROWD", 1000)
    found, expected = nearest(rows[:10], rows, 5), brute_force(rows[:10], rows, 5)
    assert np.array_equal(found.rows, expected.rows)


class Bytes:
    """Vectors that exist as bytes, and note what is read."""

    def __init__(self, numbers: np.ndarray):
        self.numbers = numbers
        self.read: list[int] = []
        self.most = 0

    @property
    def shape(self) -> tuple[int, int]:
        return self.numbers.shape

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        chosen = self.numbers[rows]
        self.most = max(self.most, len(chosen))
        if isinstance(rows, slice):
            self.read += range(rows.start, rows.stop)
        return chosen.astype(np.float32) / 255


def test_rows_may_be_converted_as_they_are_read(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    random = np.random.default_rng(0)
    lazy = Bytes(random.integers(0, 256, (1000, 27), dtype=np.uint8))
    queries = random.random((40, 27), dtype=np.float32)
    small_chunks(monkeypatch, 20, 300, 1 << 22)
    monkeypatch.setattr(search, "CENTRE_ROWS", 100)
    assert_same(nearest(queries, lazy, 10), brute_force(queries, lazy[np.arange(1000)], 10))
    assert lazy.read[-1000:] == list(range(1000))
    if "float32" in request.node.name:  # bfloat16 may turn out too coarse, and then float32 begins anew
        assert lazy.read == list(range(1000)), "rows read twice for one batch of queries"


def test_large_sets_are_never_converted_as_a_whole() -> None:
    lazy = Bytes(np.random.default_rng(0).integers(0, 256, (20_000, 3), dtype=np.uint8))
    nearest(lazy[np.arange(5)], lazy, 4)
    assert lazy.most <= search.ROW_CHUNK


@pytest.mark.parametrize("count", [1, 2, 49, 50, 500])
def test_only_some_rows_are_searched(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    random = np.random.default_rng(count)
    rows, queries = random.random((500, 9), dtype=np.float32), random.random((13, 9), dtype=np.float32)
    only = np.sort(random.permutation(500)[:count])
    expected = brute_force(queries, rows[only], 50)
    expected = Neighbours(only[expected.rows], expected.distances)
    assert_same(nearest(queries, rows, 50, only), expected)
    small_chunks(monkeypatch, 4, 33)
    assert_same(nearest(queries, rows, 50, only), expected)
    assert_same(nearest(queries, Numbers(rows), 50, only), expected)


class Numbers(Bytes):
    """Vectors that are numbers already."""

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        return self.numbers[rows]


@pytest.mark.parametrize("only", [[3, 2], [1, 1], [-1, 2], [0, 9]])
def test_rows_to_search_have_to_be_sorted_and_there(only: list[int]) -> None:
    rows = np.eye(9, dtype=np.float32)
    with pytest.raises(ValueError, match=r"^Rows to search must be growing numbers up to 8"):
        nearest(rows, rows, 1, np.array(only))


def test_searching_no_rows_gets_a_sentence() -> None:
    rows = np.eye(9, dtype=np.float32)
    with pytest.raises(ValueError, match=r"^There are 0 images to compare with"):
        nearest(rows, rows, 1, np.array([], np.int64))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_numbers_that_cannot_be_compared_get_a_sentence(value: float) -> None:
    good, bad = np.zeros((5, 3), np.float32), np.zeros((5, 3), np.float32)
    bad[2, 1] = value
    for queries, rows in ((good, bad), (bad, good)):
        with pytest.raises(ValueError, match=r"^A vector holds numbers that are infinite or not numbers"):
            nearest(queries, rows, 2)


def test_vectors_that_all_round_badly_are_left_to_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Halfway between two bfloat16 numbers, rounding moves a vector by nearly 2^-8 of its length."""
    bad = np.full((3, 8), 1 + 2.0**-8, np.float32)
    factor = np.concatenate([bad, np.ones((3, 6), np.float32)], axis=1)
    assert not search.rounds_finely(factor, torch.from_numpy(factor).bfloat16())
    random = np.random.default_rng(0).standard_normal((50, 768 + 6), dtype=np.float32)
    assert search.rounds_finely(random, torch.from_numpy(random).bfloat16())


@pytest.mark.parametrize("spread", [1e-3, 1.0])
def test_near_copies_far_below_the_usual_distance_are_found(spread: float) -> None:
    """Counted from far below the mean distance, products of near copies are negative."""
    random = np.random.default_rng(1)
    rows = random.standard_normal((3000, 64), dtype=np.float32)
    queries = rows[:200] + spread * random.standard_normal((200, 64), dtype=np.float32)
    found, expected = nearest(queries, rows, 12), brute_force(queries, rows, 12)
    np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-5)
    assert (found.rows[:, 0] == np.arange(200)).all()
