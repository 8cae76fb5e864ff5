"""Numbers in words."""

import math

import pytest

from side_core.wording import are, counted, rounded


def test_a_number_and_its_noun_agree() -> None:
    assert [counted(count, "picture") for count in (0, 1, 2_000)] == ["0 pictures", "1 picture", "2,000 pictures"]
    assert counted(3, "class", "classes") == "3 classes"
    assert [are(count) for count in (0, 1, 2)] == ["are", "is", "are"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.9996, "1.00"),
        (1.0004, "1.00"),
        (0.5, "0.5"),
        (0.49999, "0.500"),
        (0.12345, "0.123"),
        (12.345, "12.3"),
        (99.96, "100"),
        (1234.5, "1,234"),
        (0, "0"),
        (-0.9996, "-1.00"),
        (1.23456e-9, "1.23e-09"),
        (0.00012345, "0.000123"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_digits_are_left_out_only_where_nothing_is_lost(value: float, text: str) -> None:
    assert rounded(value) == text
