"""How numbers and long texts are said to people: in the library, on the command line and on the pages alike."""

import math
from collections.abc import Sequence


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 picture`, `2,000 pictures`.

    Args:
        count: how many.
        one: the noun of a single one.
        many: that of several; left out: with an s.
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def are(count: int) -> str:
    """The verb to a number: `is` of one, else `are`."""
    return "is" if count == 1 else "are"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def shortened(text: str, most: int) -> str:
    """Text of `most` characters at most; a long one loses its middle, as prompts and paths differ at their ends."""
    if len(text) <= most:
        return text
    begin = most // 2
    return f"{text[:begin]}…{text[begin + 1 - most :]}"


def rounded(value: float, digits: int = 3) -> str:
    """A measured number with so many significant digits: `0.500` where digits were left out, `0.5` where it is exact.

    Never with an exponent from a ten-thousandth to a million.
    """
    short = f"{value:.{digits}g}"
    if float(short) == value or not math.isfinite(value):
        return f"{value:g}" if abs(value) < 1e6 else short
    if not 1e-4 <= abs(value) < 1e6:
        return short
    return f"{value:,.{max(0, digits - 1 - math.floor(math.log10(abs(float(short)))))}f}"
