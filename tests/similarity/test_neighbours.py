"""Exact neighbours: against brute force in float64, also where images are copies or nearly so."""

import numpy as np
import pytest

from side_core.data.training_set import TrainingSet
from side_core.similarity import neighbours
from side_core.similarity.neighbours import Neighbours, nearest


def brute_force(queries: np.ndarray, rows: np.ndarray, k: int) -> Neighbours:
    """The same in float64, one query at a time; equal distances in the order of their rows."""
    found, distances = [], []
    for query in queries.astype(np.float64):
        rms = np.sqrt(((rows.astype(np.float64) - query) ** 2).mean(axis=1))
        order = np.argsort(rms, kind="stable")[:k]
        found.append(order)
        distances.append(rms[order])
    return Neighbours(np.array(found), np.array(distances, dtype=np.float32))


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
        monkeypatch.setattr(neighbours, "QUERY_CHUNK", query_chunk)
        monkeypatch.setattr(neighbours, "ROW_CHUNK", row_chunk)
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
