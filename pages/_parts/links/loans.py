"""What a person chose on another page, and this one cannot have: a loan for as long as this page is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages._parts.links.notices import LONGEST, PAGE, Note, notes
from pages._parts.show.text import plain

_LOANS, _CHECKED = "link_loans", "link_checked"  # in the session, by the widgets' keys


@dataclass(frozen=True)
class Loan:
    """What a widget has instead of what was chosen.

    Attributes:
        page: where it cannot have that.
        chosen: on another page.
        near: instead of it.
    """

    page: str
    chosen: Any
    near: Any


def _had(key: str) -> Any:
    """What a widget has in the session: also what was chosen before a loan, once its page is left.

    Where a person has given it another value than the loan's since, that one stays.
    """
    loans: dict[str, Loan] = st.session_state.setdefault(_LOANS, {})
    value, loan = st.session_state.get(key), loans.get(key)
    if loan is None or (value == loan.near and loan.page == st.session_state.get(PAGE)):
        return value
    del loans[key]
    if value != loan.near:
        return value
    st.session_state[key] = loan.chosen
    return loan.chosen


def _lend(key: str, chosen: Any, near: Any, sentence: str) -> None:
    """Give a widget another value for as long as this page is shown, and say so unless the sentence is empty."""
    st.session_state[key] = near
    st.session_state[_LOANS][key] = Loan(str(st.session_state.get(PAGE)), chosen, near)
    if sentence:
        notes()[key] = Note(sentence, near)


def bring_inside(key: str, title: str, low: float, high: float, nearest: Callable[[float], float]) -> None:
    """Bring a number within the bounds that it has here."""
    value = _had(key)
    if isinstance(value, int | float) and not low <= value <= high:
        near = nearest(value)
        bounds = f"{low:.10g} to {high:.10g}"
        said = f"{title} was {value:.10g} on another page, and here it is {bounds}: {near:.10g} is used."
        _lend(key, value, near, said)


def bring_there(
    key: str, title: str, near: str, reason_against: Callable[[str], str | None], quiet: str | None = None
) -> None:
    """Put something that is there in place of what is not, or of no use here; looked at once a visit of a page.

    Args:
        key: of the widget.
        title: of the widget.
        near: what is used instead.
        reason_against: says why something cannot be used; None where it can.
        quiet: nothing is said where this one is replaced, which nobody has chosen.
    """
    value = _had(key)
    checked, here = st.session_state.setdefault(_CHECKED, {}), st.session_state.get(PAGE)
    if checked.get(key) == here or st.query_params.get_all(key):
        return
    checked[key] = here
    reason = reason_against(value) if value and value != near else None
    if reason is not None:
        used = plain(near, LONGEST) or "nothing"
        said = f"{title} was '{plain(value, LONGEST)}' on another page, and cannot be used here: {used} is. "
        _lend(key, value, near, "" if value == quiet else said + plain(reason, 500))
