"""Intervals over samples: they cover what they should, and fall back where there is little to see."""

import math

import numpy as np
import pytest

from side_core.stats.bootstrap import Interval, ratio_interval, unique_interval


@pytest.mark.parametrize(
    ("rows", "evenness", "share", "count", "group"),
    [
        (80, 0.3, 0.4, 300, 1),
        (80, 50, 0.4, 300, 1),
        (2000, 1, 0.1, 1000, 1),
        (100, 5, 0.2, 300, 5),
        (11, 50, 0.95, 16, 1),
        (1000, 1, 0.94, 16, 1),
    ],
)
def test_the_unique_interval_covers_the_expected_number(
    rows: int, evenness: float, share: float, count: int, group: int
) -> None:
    """Many runs of a known process: how often the interval holds the true expectation.

    A share of the samples brings something back: `group` rows at a time, some groups likelier than others.
    """
    random = np.random.default_rng(0)
    chances = random.dirichlet(np.full(rows, evenness)) * share
    expected = group * (1 - (1 - chances) ** count).sum()
    covered = []
    for _ in range(100):
        drawn = random.choice(rows + 1, count, p=[*chances, 1 - chances.sum()])
        hits = np.flatnonzero(drawn < rows)
        back = (drawn[hits, None] * group + np.arange(group)).ravel()
        most = group * min(rows, count)
        found = unique_interval(np.repeat(hits, group), back, count, most)
        covered.append(found.low <= expected <= found.high)
        assert 0 <= found.low <= found.value <= found.high <= most
    assert np.mean(covered) >= 0.9


def test_figures_over_one_another_are_said_in_words() -> None:
    assert Interval(1.5, 1, 2).as_ratio == "1.50 (1.00 to 2.00)"
    assert Interval(math.inf, 2.5, math.inf).as_ratio == "∞ (2.50 or more)"
    assert Interval(3, 1, math.inf).as_ratio == "3.00 (1.00 to ∞)"
    assert Interval(math.nan, 0, math.inf).as_ratio == "no ratio, as neither has any"


def test_many_rows_of_one_sample_move_together() -> None:
    """One sample that brings 40 rows back is one event, not forty."""
    together = unique_interval(np.repeat(np.arange(5), 8), np.arange(40), 100)
    apart = unique_interval(np.arange(40), np.arange(40), 100)
    assert together.value == apart.value == 40
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_where_nothing_came_back_there_is_still_an_upper_end() -> None:
    none = np.empty(0, np.int64)
    assert unique_interval(none, none, 50) == Interval(0, 0, pytest.approx(50 * 0.0714, rel=0.01))


def test_few_rows_have_at_least_wilsons_width() -> None:
    one = unique_interval(np.array([7]), np.array([3]), 100)
    assert one.low < 0.2 and one.high > 5


def test_the_ratio_is_that_of_the_rates_and_its_interval_covers_it() -> None:
    random = np.random.default_rng(1)
    covered = 0
    for _ in range(300):
        first = random.random(400) < 0.30
        second = random.random(400) < 0.10
        found = ratio_interval(first, second)
        assert found.value == pytest.approx(first.sum() / second.sum())
        covered += found.low <= 3 <= found.high
    assert covered / 300 > 0.9


def test_a_paired_ratio_of_the_same_mask_is_one() -> None:
    same = np.arange(100) < 40
    assert ratio_interval(same, same) == Interval(1, 1, 1)


def test_ratios_to_nothing_are_infinite_with_a_finite_lower_end() -> None:
    found = ratio_interval(np.arange(100) < 40, np.zeros(100, bool))
    assert math.isinf(found.value) and math.isinf(found.high) and 5 < found.low < 20
    assert math.isnan(ratio_interval(np.zeros(10, bool), np.zeros(10, bool)).value)
