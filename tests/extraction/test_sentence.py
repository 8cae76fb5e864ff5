"""The headline in words."""

import pytest

from side_core.extraction.sentence import in_a_sentence
from side_core.stats.rate import rate


@pytest.mark.parametrize(
    ("training", "control", "calibrated", "plain", "said"),
    [
        (rate(2, 16), rate(0, 16), rate(0, 4096), None, "2 of these 16 look copied; by chance we would expect none."),
        (rate(1, 16), rate(1, 16), None, None, "1 of these 16 looks copied; by chance we would expect about 1."),
        (rate(0, 16), rate(0, 16), None, None, "None of these 16 looks copied; by chance we would expect none."),
        (rate(4, 4), rate(4, 4), rate(8, 4096), None, "All of these 4 look copied; by chance we would expect fewer"),
        (rate(1, 1), rate(0, 1), None, None, "This picture looks copied; by chance we would expect none."),
        (rate(0, 1), rate(0, 1), None, None, "This picture does not look copied; by chance"),
        (rate(11, 16), rate(0, 16), None, rate(2, 16), "11 of these 16 look copied (2 without the surrogate); by"),
        (rate(1200, 2000), rate(50, 2000), None, rate(0, 2000), "1,200 of these 2,000 look copied (none without the"),
        (rate(1200, 2000), rate(50, 2000), rate(41, 4096), None, "by chance we would expect about 20."),
    ],
)
def test_it_says_how_many_and_how_many_by_chance(training, control, calibrated, plain, said) -> None:  # type: ignore[no-untyped-def]
    assert said in in_a_sentence(training, control, calibrated, plain)
