"""Widgets made from settings fields: title, help text, bounds and default stand in side_core.settings alone."""

from collections.abc import Callable, Sequence
from typing import Any, get_args

import streamlit as st
from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from pages._parts.inputs.words import WORDS, shown, with_options
from pages._parts.links import checks
from pages._parts.links.in_words import listed
from side_core.files.public import limit_of
from side_core.settings import ExtractSettings, Label, ScoreSettings, Settings
from side_core.settings.axis import choices

FIELDS = {**ScoreSettings.model_fields, **ExtractSettings.model_fields}
_EXTRA_STEP = {int: 1, float: 0.05}
OF_MODEL = "the model's own"  # in a list: what the model's own scheduler says


def field_of(name: str, of: type[Settings] | None) -> FieldInfo:
    """A field of these settings, or of those that draw and score."""
    return FIELDS[name] if of is None else of.model_fields[name]


def bounds(field: FieldInfo) -> tuple[float, float]:
    """Smallest and largest value of a field; the largest is the live one where a page must stay quick."""
    low: Any = next(item.ge for item in field.metadata if isinstance(item, Ge))
    high: Any = next(item.le for item in field.metadata if isinstance(item, Le))
    extra = field.json_schema_extra
    live: Any = extra.get("live_max", high) if isinstance(extra, dict) else high
    return low, live


def slider(
    name: str,
    *,
    key: str | None = None,
    low: float | None = None,
    high: float | None = None,
    default: float | None = None,
    step: float | None = None,
    title: str = "",
    of: type[Settings] | None = None,
) -> Any:
    """A slider for a number field, kept in the URL.

    Args:
        name: the field.
        key: its name in the URL; left out: the field's.
        low: a larger lower bound, where the page sets one.
        high: a smaller upper bound, where the page, the model or the score sets one.
        default: left out: the field's.
        step: left out: 1 for whole numbers, 0.05 otherwise.
        title: left out: the field's.
        of: the settings it belongs to; left out: those that draw and score.
    """
    field = field_of(name, of)
    least, most = bounds(field) if low is None or high is None else (low, high)
    low, most = least if low is None else low, most if high is None else high
    most = min(most, limit_of(name) or most)  # a public app allows less
    start = min(field.default if default is None else default, most)
    kind = type(start)
    step = kind(step or _EXTRA_STEP[kind])
    title = title or str(field.title)
    checks.number(key or name, title, low, most, start, step)
    return st.slider(
        title,
        kind(low),
        kind(most),
        start,
        step,
        help=field.description,
        key=key or name,
        bind="query-params",
    )


def number(name: str, *, of: type[Settings] | None = None) -> int:
    """A number box for a whole-number field with wide bounds, kept in the URL."""
    field = field_of(name, of)
    low, high = bounds(field)
    checks.number(name, str(field.title), low, high, field.default, 1)
    return st.number_input(
        str(field.title), int(low), int(high), field.default, help=field.description, key=name, bind="query-params"
    )


def choice(
    name: str,
    *,
    key: str | None = None,
    default: str | None = None,
    options: Sequence[str] = (),
    of: type[Settings] | None = None,
) -> Any:
    """A list to choose from, kept in the URL by the very names that the command line takes.

    Args:
        name: the field.
        key: its name in the URL; left out: the field's.
        default: left out: the field's.
        options: left out: those of a Literal field.
        of: the settings it belongs to; left out: those that draw and score.
    """
    field, key = field_of(name, of), key or name
    known = list(options or get_args(field.annotation))
    start = default or field.default
    checks.name(key, str(field.title), known, start)
    help_text = with_options(name, field.description, known)
    if name in WORDS:
        return listed(str(field.title), known, start, key, help_text, lambda word: shown(name, word))
    return st.selectbox(str(field.title), known, index=known.index(start), help=help_text, key=key, bind="query-params")


def choice_or_model(name: str, own: str) -> str | None:
    """A list whose first entry, which is its default, leaves the choice to the model; None where it is left to it.

    Args:
        name: the field.
        own: what the model's own scheduler says.
    """
    title, known = str(FIELDS[name].title), [OF_MODEL, *choices(name)]
    checks.name(name, title, known, OF_MODEL, f"one of {', '.join(known[1:])}")

    def in_words(word: str) -> str:
        return f"The model's own: {shown(name, own)}" if word == OF_MODEL else shown(name, word)

    chosen = listed(title, known, OF_MODEL, name, with_options(name, FIELDS[name].description, known), in_words)
    return None if chosen == OF_MODEL else chosen


def open_choice(
    name: str,
    options: Sequence[str],
    *,
    key: str | None = None,
    of: type[Settings] | None = None,
    check: Callable[[str], object] = str,
    on_change: Callable[[], None] | None = None,
) -> str:
    """A list to choose from that also takes what is typed; a link's own value joins the list.

    Args:
        name: the field.
        options: what is offered.
        key: its name in the URL; left out: the field's.
        of: the settings it belongs to; left out: those that draw and score.
        check: raises ValueError where a link names one that cannot be used; the default takes its place.
        on_change: called when a person chooses another one, before the page runs again.
    """
    field, key = field_of(name, of), key or name
    checks.opened(key, str(field.title), field.default, check)
    raw, own = st.query_params.get(key), st.session_state.get(key)
    known = list(dict.fromkeys([*options, *(value for value in (raw, own) if value)]))
    chosen = st.selectbox(
        str(field.title),
        known,
        index=known.index(field.default),
        help=field.description,
        accept_new_options=True,
        on_change=on_change,
        key=key,
        bind="query-params",
    )
    return str(chosen or field.default)


def text(
    name: str,
    placeholder: str,
    *,
    key: str | None = None,
    of: type[Settings] | None = None,
    check: Callable[[str], object] = str,
    instead: str = "",
) -> str:
    """A line of text; empty where the field is left out.

    Args:
        name: the field.
        placeholder: what leaving it out means.
        key: its name in the URL; left out: the field's.
        of: the settings it belongs to; left out: those that draw and score.
        check: raises ValueError where a link names something that cannot be used; it is left out then.
        instead: what leaving it out means, in a sentence.
    """
    field, key = field_of(name, of), key or name
    checks.opened(key, str(field.title), "", check, instead or "nothing")
    written = st.text_input(
        str(field.title), "", placeholder=placeholder, help=field.description, key=key, bind="query-params"
    )
    return (written or "").strip()


def checkbox(name: str, *, default: bool | None = None) -> bool:
    """A checkbox for a yes or no.

    Args:
        name: the field.
        default: left out: the field's.
    """
    field = FIELDS[name]
    start: bool = field.default if default is None else default
    checks.flag(name, str(field.title), start)
    return st.checkbox(str(field.title), start, help=field.description, key=name, bind="query-params")


def label(numbers: Sequence[int], default: Label = "uniform") -> Label:
    """A label: one of these numbers, or how one is drawn for each picture; kept in the URL."""
    field = FIELDS["label"]
    known = ["uniform", "balanced", *map(str, numbers)]
    checks.name("label", str(field.title), known, str(default), "uniform, balanced or one that there is")
    help_text = with_options("label", field.description, known)
    chosen = listed(str(field.title), known, str(default), "label", help_text, lambda word: shown("label", word))
    return int(chosen) if chosen.isdigit() else "balanced" if chosen == "balanced" else "uniform"
