"""The nearest groups over all views: against looking at every pair."""

import numpy as np
import pytest

from side_core.similarity import grouped
from side_core.similarity.grouped import nearest_groups
from side_core.similarity.vectors import PixelVectors, Vectors
from side_core.similarity.views import seen, views_of, window
from tests.similarity.altered import photographs


def by_hand(
    views: list[Vectors], rows: Vectors, k: int, group_of: np.ndarray, only: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, distances and views of the k nearest groups, by sorting all pairs."""
    vectors = rows[:].astype(np.float64)[only]
    distances = np.stack(
        [np.sqrt(np.square(view[:].astype(np.float64)[:, None] - vectors).mean(axis=2)) for view in views]
    )
    found = []
    for query in range(distances.shape[1]):
        nearest, best = distances[:, query].min(axis=0), distances[:, query].argmin(axis=0)
        order = np.lexsort((only, nearest)).tolist()
        first = [place for i, place in enumerate(order) if group_of[only[place]] not in group_of[only[order[:i]]]][:k]
        found.append((only[first], nearest[first], best[first]))
    rows_found, near, views_found = zip(*found, strict=True)
    return np.stack(rows_found), np.stack(near), np.stack(views_found)


@pytest.fixture(params=["pictures", "vectors"])
def case(request: pytest.FixtureRequest) -> tuple[list[Vectors], Vectors]:
    """Queries in several views with the rows to search: pictures, or any numbers."""
    if request.param == "vectors":
        random = np.random.default_rng(0)
        return list(random.normal(size=(3, 9, 12)).astype(np.float32)), random.normal(size=(40, 12)).astype(np.float32)
    queries, views = photographs(9, 1, 24), views_of(True, 1)
    return [PixelVectors(look) for look in seen(queries, views)], PixelVectors(window(photographs(40, 2, 24), 1))


@pytest.mark.parametrize("views", [1, 3])
@pytest.mark.parametrize("sizes", [1, 4, 30])  # of the largest group
def test_groups_come_once_by_their_nearest_row_in_the_best_view(
    case: tuple[list[Vectors], Vectors], views: int, sizes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouped, "PAIRS", 100)  # so that queries are taken a few at a time
    looks, rows = case
    group_of = np.arange(40)
    group_of[5 : 5 + sizes] = 5
    only = np.delete(np.arange(40), [0, 7, 20])
    for searched in (None, only):
        found = nearest_groups(looks[:views], rows, 6, group_of, searched)
        expected = by_hand(looks[:views], rows, 6, group_of, np.arange(40) if searched is None else searched)
        assert np.array_equal(found.neighbours.rows, expected[0])
        assert np.allclose(found.neighbours.distances, expected[1], rtol=1e-5)
        assert np.array_equal(found.views, expected[2])
        assert np.array_equal(found.groups, group_of[expected[0]])


def test_no_more_groups_are_returned_than_there_are(case: tuple[list[Vectors], Vectors]) -> None:
    looks, rows = case
    found = nearest_groups(looks, rows, 50, np.arange(40) // 10, np.arange(0, 40, 2))
    assert found.neighbours.rows.shape == (9, 4)
    assert (np.sort(found.groups, axis=1) == np.arange(4)).all()
