"""Is what a link asks for something the widget can take? If not: the nearest value, and a sentence."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from pages._parts.links.loans import bring_inside, bring_there
from pages._parts.links.notices import LONGEST, missing, off
from pages._parts.links.request import request_for, settle
from pages._parts.show.text import plain

_Sentence = Callable[[Any], str]  # of what is used

_DIGITS = 10


def number(key: str, title: str, low: float, high: float, start: float, step: float) -> None:
    """Check a number of a slider or a box: within its bounds, on a step, and once."""
    request = request_for(key)
    near: Any = start
    sentence: _Sentence | None = None
    if request is not None and request.texts:
        near = nearest(request.texts[-1], low, high, start, step)
        inside = _within(request.texts[-1], low, high)
        if len(request.texts) > 1 or not inside or not _same(request.texts[-1], near):
            allowed = f"{low:.10g} to {high:.10g}" + (f" in steps of {step:.10g}" if inside else "")
            allowed = "one value" if len(request.texts) > 1 else allowed
            sentence = _saying(title, request.texts, allowed, "{:.10g}".format)
    if request is None:
        bring_inside(key, title, low, high, lambda value: nearest(str(value), low, high, start, step))
    settle(key, request, near, start, sentence)


def _saying(title: str, texts: Sequence[str], allowed: str, shown: Callable[[Any], str]) -> _Sentence:
    """A sentence about a value that is off; `shown` puts what is used into words."""
    return lambda used: off(title, texts, allowed, shown(used))


def _lacking(title: str, texts: Sequence[str], reason: str, shown: Callable[[Any], str]) -> _Sentence:
    """A sentence about something that is not there."""
    return lambda used: missing(title, texts, shown(used), reason)


def _within(text: str, low: float, high: float) -> bool:
    """Whether a text is a number within bounds."""
    try:
        return low <= float(text) <= high
    except ValueError:
        return False


def _same(text: str, value: float) -> bool:
    """Whether a text is this number."""
    return math.isclose(float(text), value, rel_tol=1e-9, abs_tol=1e-9)


def nearest(text: str, low: float, high: float, start: float, step: float) -> float:
    """The nearest number that a slider can have; its start where the text is no number."""
    try:
        wanted = float(text)
    except ValueError:
        return start
    if math.isnan(wanted) or math.isclose(wanted, start):
        return start
    kind = type(start)
    if not low < wanted < high:
        return kind(low if wanted <= low else high)
    on_grid = round(low + round((wanted - low) / step) * step, _DIGITS)
    return kind(min(on_grid, high))


def name(key: str, title: str, known: Sequence[str], start: str, allowed: str = "") -> None:
    """Check a choice among names; the start takes the place of another one."""
    request = request_for(key)
    near: Any = start
    sentence: _Sentence | None = None
    if request is not None and request.texts:
        near = request.texts[-1] if request.texts[-1] in known else start
        if near != request.texts[-1] or len(request.texts) > 1:
            sentence = _saying(title, request.texts, allowed or f"one of {', '.join(known)}", plain)
    settle(key, request, near, start, sentence)


def one_of(key: str, title: str, known: Sequence[float], start: float) -> None:
    """Check a choice among numbers: the nearest one takes the place of another one."""
    request = request_for(key)
    near: Any = start
    sentence: _Sentence | None = None
    if request is not None and request.texts:
        text = request.texts[-1]
        near = start
        if _within(text, -math.inf, math.inf):
            near = min(known, key=lambda item: abs(item - min(max(float(text), known[0]), known[-1])))
        if len(request.texts) > 1 or text not in map(str, known):
            sentence = _saying(title, request.texts, f"one of {', '.join(map(str, known))}", "{:g}".format)
    settle(key, request, near, start, sentence)


def flag(key: str, title: str, start: bool) -> None:
    """Check a yes or no."""
    request = request_for(key)
    near: Any = start
    sentence: _Sentence | None = None
    if request is not None and request.texts:
        known = {"true": True, "false": False}
        near = known.get(request.texts[-1].lower(), start)
        if request.texts[-1].lower() not in known or len(request.texts) > 1:
            sentence = _saying(title, request.texts, "true or false", lambda used: str(used).lower())
    settle(key, request, near, start, sentence)


def opened(
    key: str, title: str, start: str, check: Callable[[str], object], instead: str = "", fallback: str | None = None
) -> None:
    """Check something that must be there: a model, pictures, a surrogate.

    Args:
        key: of the widget.
        title: of the widget.
        start: its default.
        check: raises ValueError with a sentence where it is not.
        instead: in words, what is used where it is not.
        fallback: what is used where it is not; left out: the default.
    """
    request = request_for(key)
    near: Any = start
    sentence: _Sentence | None = None
    if request is None:
        bring_there(key, title, start if fallback is None else fallback, lambda value: _reason_against(value, check))
    elif request.texts:
        near = request.texts[-1]
        reason = _reason_against(near, check)
        if reason is not None:
            near = start if fallback is None else fallback
            sentence = _lacking(title, request.texts, reason, lambda used: instead or plain(used, LONGEST))
        elif len(request.texts) > 1:
            sentence = _saying(title, request.texts, "one value", lambda used: plain(used, LONGEST))
    settle(key, request, near, start, sentence)


def several(key: str, title: str, start: Sequence[str], check: Callable[[str], object], fallback: str) -> None:
    """Check a list of things that must be there: those that are not are left out; the fallback where none is left."""
    request = request_for(key)
    near: Any = list(start)
    sentence: _Sentence | None = None
    if request is not None and request.texts:
        reasons = {text: _reason_against(text, check) for text in request.texts}
        near = [text for text, reason in reasons.items() if reason is None] or [fallback]
        bad = {text: reason for text, reason in reasons.items() if reason is not None}
        if bad:
            why = next(iter(bad.values()))
            sentence = _lacking(title, list(bad), why, lambda used: plain(", ".join(used), LONGEST))
    settle(key, request, near, list(start), sentence)


def _reason_against(text: str, check: Callable[[str], object]) -> str | None:
    """Why something cannot be used; None where it can."""
    try:
        check(text)
    except ValueError as error:
        return str(error)
    return None
