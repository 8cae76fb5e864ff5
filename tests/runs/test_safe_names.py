"""File names out of names that others chose."""

import random

import pytest

from side_core.runs.exchange.safe_names import safe_names


def test_plain_names_stay() -> None:
    assert safe_names(["0", "17", "face-3", "лицо"]) == ("0", "17", "face-3", "лицо")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/etc", "_etc"),
        ("..", "_"),
        ("", "_"),
        ("C:\\x", "C__x"),
        ("CON", "_CON"),
        ("lpt1.txt", "_lpt1.txt"),
        ("a.jpeg", "a"),
        ("\udcff\0\n", "___"),
    ],
)
def test_awkward_names_lead_nowhere(name: str, safe: str) -> None:
    assert safe_names([name]) == (safe,)


def test_equal_names_get_numbers_where_case_does_not_count() -> None:
    assert safe_names(["a.png", "A.jpg", "a", "a-2", "a"]) == ("a", "A-2", "a-3", "a-2-2", "a-4")


def test_any_names_become_different_and_safe() -> None:
    dice = random.Random(0)
    letters = "aAbß./\\:-_ \0\n\u202e\udc80é😀"
    names = ["".join(dice.choices(letters, k=dice.randrange(4))) for _ in range(3000)] + ["w" * 500, "w" * 501]
    safe = safe_names(names)
    assert len({name.casefold() for name in safe}) == len(names)
    for name in safe:
        assert name and name[0] != "." and not set(name) & set("/\\:\0\n\u202e") and name.isprintable()
        assert len(name.encode()) < 250
