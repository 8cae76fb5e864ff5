"""The nearest value that a widget can have."""

import math
import random

import pytest

from pages._parts.links.checks import nearest


@pytest.mark.parametrize("seed", range(20))
def test_the_nearest_lies_within_the_bounds_on_a_step_and_nothing_is_nearer(seed: int) -> None:
    rng = random.Random(seed)
    step = rng.choice([0.05, 0.5, 1.0, 16.0])
    low = step * rng.randrange(-3, 3)
    grid = [low + step * number for number in range(rng.randrange(2, 60))]
    wanted = rng.uniform(low - 3 * step, grid[-1] + 3 * step)
    found = nearest(str(wanted), low, grid[-1], grid[1], step)
    assert min(abs(found - item) for item in grid) < 1e-9
    assert abs(found - wanted) <= min(abs(item - wanted) for item in grid) + 1e-9
    assert nearest(str(found), low, grid[-1], grid[1], step) == pytest.approx(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [("1e999", 250), ("-1e999", 1), ("NaN", 25), ("much", 25), ("", 25), ("9" * 400, 250), ("3.7", 4), ("1e2", 100)],
)
def test_numbers_beyond_all_bounds_and_no_numbers(text: str, found: int) -> None:
    value = nearest(text, 1, 250, 25, 1)
    assert value == found and isinstance(value, int)


def test_a_default_off_the_steps_is_itself() -> None:
    assert math.isclose(nearest("0.33", 0.0, 2.0, 0.33, 0.02), 0.33)
