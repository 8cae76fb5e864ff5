"""Words of the report: escaped text, shares with their intervals, ratios."""

from collections.abc import Mapping
from html import escape
from typing import Any

from side_core.files.paths import printable
from side_core.wording import shortened

_NARROW = "\u00a0"  # a space at which no line ends


def said(text: object, most: int = 0) -> str:
    """Text of others for HTML: nothing in it is markup, nothing is invisible; long ones lose their middle."""
    whole = printable(str(text))
    return escape(shortened(whole, most) if most else whole)


def percent(share: float) -> str:
    """A share for people."""
    return f"{100 * share:.1f}{_NARROW}%"


def interval(rate: Mapping[str, Any]) -> str:
    """The 95 % interval of a share."""
    return f"{100 * rate['low']:.1f} to {100 * rate['high']:.1f}{_NARROW}%"


def number(value: float | None) -> str:
    """A ratio for people: two digits below 1, one below 10; None is what JSON cannot say."""
    if value is None:
        return "∞"
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:.0f}"


def between(found: Mapping[str, Any]) -> str:
    """The 95 % interval of a ratio."""
    return f"{number(found['low'])} to {number(found['high'])}"


def is_none(found: Mapping[str, Any]) -> bool:
    """Whether neither side of a ratio has any: then it is undefined, and so is its interval."""
    return found["value"] is None and not found["low"]
