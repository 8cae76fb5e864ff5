"""Rates and their intervals against published values."""

import numpy as np
import pytest

from side_core.stats.rate import Rate, rate, rate_of


@pytest.mark.parametrize(
    ("beat", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_published_wilson_intervals(beat: int, count: int, low: float, high: float) -> None:
    """Newcombe 1998, Statistics in Medicine 17, table I, method 3."""
    found = rate(beat, count)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize("count", [1, 2, 16, 1000])
def test_intervals_contain_the_share_and_stay_within_0_and_1(count: int) -> None:
    for beat in {0, 1, count // 2, count - 1, count}:
        found = rate(beat, count)
        assert 0 <= found.low <= found.share <= found.high <= 1
        assert found.low < found.high


def test_more_images_narrow_the_interval() -> None:
    widths = [rate(n // 4, n).high - rate(n // 4, n).low for n in (4, 40, 400, 4000)]
    assert widths == sorted(widths, reverse=True)


def test_a_mask_is_counted() -> None:
    found = rate_of(np.array([True, True, False, False]))
    assert (found.beat, found.count, found.share) == (2, 4, 0.5)


def test_as_text() -> None:
    assert str(Rate(1200, 4000, 0.2861, 0.3144)) == "1,200 of 4,000 (30.0 %, 95 % interval 28.6 to 31.4 %)"


@pytest.mark.parametrize(("beat", "count"), [(0, 0), (-1, 5), (6, 5)])
def test_what_is_no_proportion_is_refused(beat: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"^{beat} of {count} is no proportion"):
        rate(beat, count)
