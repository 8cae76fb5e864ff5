"""lambda(t): 0 outside its window, inside it the shape that was asked for."""

import numpy as np
import pytest

from side_core.settings import GuidanceSettings
from side_core.surrogate.strength import Strength, strength_of

SHAPES = ["constant", "ramp", "cosine"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("first", "last"), [(999, 0), (700, 300), (50, 50)])
def test_nothing_outside_the_window_and_something_everywhere_inside(shape: str, first: int, last: int) -> None:
    strength = Strength(7.0, first, last, shape)
    values = strength.on(range(1000))
    assert [t for t, value in enumerate(values) if value] == list(range(last, first + 1))
    assert min(values) >= 0 and max(values) == pytest.approx(7.0, rel=1e-3)


def test_constant_is_the_scale() -> None:
    assert set(Strength(3.0, 700, 300, "constant").on(range(300, 701))) == {3.0}


def test_ramp_rises_evenly_to_the_scale_at_the_last_timestep() -> None:
    values = Strength(3.0, 700, 300, "ramp").on(range(701, 299, -1))  # from just outside, in the order of drawing
    assert values[0] == 0 and values[-1] == pytest.approx(3.0)
    np.testing.assert_allclose(np.diff(values), 3.0 / 401, rtol=1e-9)


def test_cosine_rises_to_the_scale_in_the_middle_and_falls_again() -> None:
    strength = Strength(3.0, 700, 300, "cosine")
    values = np.array(strength.on(range(300, 701)))
    assert strength.at(500) == pytest.approx(3.0)
    np.testing.assert_allclose(values, values[::-1])
    assert (np.diff(values[:201]) > 0).all()
    assert strength.at(400) == pytest.approx(1.5, abs=0.02)  # half way up, half the height
    assert values.mean() == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize("shape", SHAPES)
def test_it_scales(shape: str) -> None:
    one, four = (np.array(Strength(scale, 90, 10, shape).on(range(100))) for scale in (1.0, 4.0))
    np.testing.assert_allclose(four, 4 * one)


def test_what_is_left_out_is_the_whole_schedule_at_five() -> None:
    assert strength_of(GuidanceSettings(), 1000) == Strength(5.0, 999, 0, "constant")
    assert strength_of(GuidanceSettings(guidance_scale=0, guide_from=0), 1000) == Strength(0.0, 0, 0, "constant")


def test_a_window_may_reach_beyond_the_schedule_on_the_noisy_side() -> None:
    assert strength_of(GuidanceSettings(guide_from=5000), 1000).at(999) == 5.0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"guide_from": 100, "guide_to": 500},
            r"^The guidance window from 100 to 500 is empty: guide-from must not be below guide-to\.$",
        ),
        ({"guide_to": 1000}, r"^Guide-to 1000 lies beyond the model's 1000 timesteps: choose 999 or less\.$"),
        (
            {"guide_from": 5000, "guide_to": 2000},
            r"^Guide-to 2000 lies beyond the model's 1000 timesteps: choose 999 or less\.$",
        ),
    ],
)
def test_a_window_without_timesteps_gets_a_sentence(settings: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        strength_of(GuidanceSettings(**settings), 1000)
