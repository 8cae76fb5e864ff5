"""A row of the history as a run, or what is wrong with it: one that cannot be read hides no other."""

import json
import math
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from side_core.runs.exchange.foreign_json import refuse, short
from side_core.runs.run import SETTINGS, Run, State
from side_core.settings.former import renamed

FIELDS = tuple(Run.__dataclass_fields__)
LONGEST_NAME, LONGEST_NOTE = 200, 10_000
_LONGEST = {"name": LONGEST_NAME, "note": LONGEST_NOTE, "headline": 10_000, "model": 10_000}
_LONGEST_TEXT, _LONGEST_JSON = 1_000, 2**20  # characters of a column without its own bound; of one that holds JSON
_MOST_COUNT, _LAST_YEAR = 2**53, 253_402_300_799  # 31 December 9999, in seconds since 1970
_MOST_SEED, _MOST_PICTURES = 2**32, 10**7
_TEXTS = ("digest", "name", "note", "model", "pictures", "plain", "headline")
_CHOICES = {"kind": tuple(SETTINGS), "state": get_args(State)}
_COUNTS = ("asked", "finished")
_TIMES = ("created", "ended", "deleted")
_CALLED = {
    "asked": "number of pictures",
    "finished": "number of finished pictures",
    "created": "beginning",
    "ended": "end",
    "deleted": "time of deletion",
    "share": "rate",
    "pictures": "key of pictures",
    "plain": "key of plain pictures",
}


@dataclass(frozen=True)
class Damaged:
    """A row that cannot be read.

    Attributes:
        id: number of the run.
        what: what is wrong with it, in a few words.
    """

    id: int
    what: str


class DamagedRunError(ValueError):
    """A run that cannot be read, with what is wrong with it."""

    def __init__(self, damaged: Damaged):
        self.damaged = damaged
        super().__init__(
            f"Run {damaged.id} is damaged ({damaged.what}): its files, if it has any, are still in its folder of the "
            "workspace; it can be put into the bin."
        )


@dataclass(frozen=True)
class Page:
    """Some rows of the history, in their order.

    Attributes:
        runs: those that can be read.
        damaged: those that cannot.
    """

    runs: list[Run]
    damaged: list[Damaged]


def page_of(rows: Sequence[sqlite3.Row]) -> Page:
    """Rows as runs, and what is wrong with those that are none."""
    found = Page([], [])
    for row in rows:
        try:
            found.runs.append(run_of(row))
        except DamagedRunError as error:
            found.damaged.append(error.damaged)
    return found


def run_of(row: sqlite3.Row) -> Run:
    """A row as a run.

    Raises:
        DamagedRunError: a column holds what no run has.
    """
    try:
        return Run(**checked({name: row[name] for name in FIELDS}))
    except Unreadable as error:
        raise DamagedRunError(Damaged(row["id"], str(error))) from None


class Unreadable(Exception):
    """What is wrong with a row, in a few words."""


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """The columns as a run has them.

    Raises:
        Unreadable: one is of another type, out of bounds, or no JSON.
    """
    for name, choices in _CHOICES.items():
        if values[name] not in choices:
            raise Unreadable(f"its {name} {short(values[name])} is not known here")
    for name in _TEXTS:
        _check_text(values[name], name, _LONGEST.get(name, _LONGEST_TEXT))
    for name in ("pictures", "plain"):
        _check(re.fullmatch(r"[\w-]*", values[name]) is not None, values, name)  # it becomes the name of a folder
    for name in _COUNTS:
        _check(isinstance(values[name], int) and 0 <= values[name] <= _MOST_COUNT, values, name)
    for name in _TIMES:
        missing = values[name] is None and name != "created"
        _check(missing or (_is_number(values[name]) and 0 <= values[name] <= _LAST_YEAR), values, name)
    _check(values["share"] is None or _is_number(values["share"]), values, "share")
    values |= {name: _object_in(values[name], name) for name in ("settings", "fingerprints", "versions")}
    for name in ("fingerprints", "versions"):
        if not all(isinstance(value, str) for value in values[name].values()):
            raise Unreadable(f"its {name} are no texts")
    values["settings"] = renamed(SETTINGS[values["kind"]].__name__, values["settings"])
    if values["kind"] == "extract":
        for name, most in (("seed", _MOST_SEED), ("count", _MOST_PICTURES)):
            value = values["settings"].get(name, 0)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
                raise Unreadable(f"its settings have the {name} {short(value)}")
    return values | {"pinned": bool(values["pinned"])}


def _check(sound: bool, values: Mapping[str, Any], name: str) -> None:
    """Raise Unreadable where a column is not sound."""
    if not sound:
        raise Unreadable(f"its {_CALLED[name]} cannot be {short(values[name])}")


def _check_text(value: object, name: str, most: int) -> None:
    """Raise Unreadable where a column is no text, or a giant one."""
    if not isinstance(value, str):
        raise Unreadable(f"its {name} is no text")
    if len(value) > most:
        raise Unreadable(f"its {name} has {len(value):,} characters")


def _is_number(value: object) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def _object_in(text: object, name: str) -> dict[str, Any]:
    """The JSON object of a column.

    Raises:
        Unreadable: there is none.
    """
    _check_text(text, name, _LONGEST_JSON)
    try:
        found = json.loads(str(text), parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Unreadable(f"its {name} are no JSON") from None
    if not isinstance(found, dict):
        raise Unreadable(f"its {name} are no JSON object")
    return found
