"""Reopen a run from an exported file: a picture, run.json or the zip. Nothing in such a file is trusted."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from side_core.files.paths import printable
from side_core.methods import METHODS
from side_core.runs.exchange.foreign_json import parse_json, short
from side_core.runs.exchange.foreign_zip import BEGINS, run_json_of
from side_core.runs.exchange.places import KINDS as KINDS_OF_PLACES
from side_core.runs.exchange.places import PLACES
from side_core.runs.exchange.tagged_png import SIGNATURE, text_of_png
from side_core.runs.identity import FINGERPRINTED, fingerprints_of
from side_core.settings import ExtractSettings, ScoreSettings, Settings
from side_core.wording import shortened

MOST_BYTES = 64 * 2**20
_MOST_SETTINGS, _LONGEST_TEXT, _LONGEST_NAME = 100, 4096, 60
EDITED = (
    "The settings were edited after the run, or written by another version: "
    "what this file shows and counts came from other ones."
)


@dataclass(frozen=True)
class Reopened:
    """A run as an exported file tells it.

    Attributes:
        kind: `extract` (a model draws), `score` (others generated the pictures), or the name of a method.
        settings: checked; the files that they name are not looked at.
        fingerprints: of model, arithmetic, surrogate, samples, data, control, encoder, as far as the file has them.
        seed: of a single drawn picture; else None.
        notes: a sentence for each thing to know.
        places: settings of which the file has the name of an own folder or file, and not its path.
    """

    kind: str
    settings: Settings
    fingerprints: Mapping[str, str]
    seed: int | None
    notes: tuple[str, ...]
    places: tuple[str, ...] = ()


def read_exported(name: str, content: bytes) -> Reopened:
    """Read a file that somebody says was exported here: our PNG, run.json, settings alone, or our zip.

    Args:
        name: of the file; it is only quoted. What it is, its content decides.
        content: of the file.

    Raises:
        ValueError: one sentence: it is none of these, damaged, too large, or its settings are out of bounds.
    """
    try:
        return _reopened(_parsed(content))
    except ValueError as error:
        reason = shortened(printable(str(error).rstrip(".")), 400)
        raise ValueError(f"'{shortened(printable(name), _LONGEST_NAME)}' cannot be opened: {reason}.") from None


def _parsed(content: bytes) -> dict[str, Any]:
    """The JSON that a file carries.

    Raises:
        ValueError: a reason in a few words.
    """
    if not content:
        raise ValueError("it is empty")
    if len(content) > MOST_BYTES:
        raise ValueError(f"it has {len(content):,} bytes, more than {MOST_BYTES:,}; drop a picture or its run.json")
    if content.startswith(SIGNATURE):
        return parse_json(text_of_png(content))
    if content.startswith(BEGINS):
        return parse_json(run_json_of(content))
    if content[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return parse_json(content)
    raise ValueError("it is none of what is exported here; drop a PNG picture, run.json or the zip")


def _reopened(found: Mapping[str, Any]) -> Reopened:
    """What the JSON says, checked.

    Raises:
        ValueError: a reason in a few words, or the sentence of the settings.
    """
    raw = found.get("settings", found)
    if not isinstance(raw, dict) or not raw:
        raise ValueError("it names no settings; drop a file that was exported here")
    kind, model = _kind_of(found, raw)
    _check_values(raw, model)
    settings = model.read(raw)
    prints = found.get("fingerprints")
    prints = fingerprints_of(found) if prints is None else _fingerprints_in(prints)
    seed = _seed_in(found)
    notes = []
    if isinstance(digest := found.get("digest"), str) and digest not in (settings.digest, _digest_as_written(raw)):
        notes.append(EDITED)
    if found.get("complete") is False:
        notes.append("The run was not finished when this was written: opening it goes on with all of its pictures.")
    if seed is not None and isinstance(settings, ExtractSettings) and seed not in settings.seeds:
        first, last = settings.seeds[0], settings.seeds[-1]
        notes.append(f"The picture says seed {seed}, which is none of the run's seeds {first} to {last}.")
    return Reopened(
        kind,
        settings,
        prints,
        seed,
        tuple(notes),
        _places_in(found, settings),
    )


def _kind_of(found: Mapping[str, Any], raw: Mapping[str, Any]) -> tuple[str, type[Settings]]:
    """What kind of run it was, and the model of its settings."""
    method = METHODS.get(str(found.get("method")))
    if method is not None:
        return method.name, method.settings
    return ("score", ScoreSettings) if "samples" in raw else ("extract", ExtractSettings)


def _places_in(found: Mapping[str, Any], settings: Settings) -> tuple[str, ...]:
    """The settings that lost their path when the file was written, as far as they are some."""
    named = found.get(PLACES)
    if not isinstance(named, list):
        return ()
    return tuple(name for name in KINDS_OF_PLACES if name in named and getattr(settings, name, None) is not None)


def _check_values(raw: Mapping[str, Any], kind: type[Settings]) -> None:
    """Settings are few, named, and single values, before the model looks at them.

    Raises:
        ValueError: a reason in a few words.
    """
    if len(raw) > _MOST_SETTINGS:
        raise ValueError(f"it names {len(raw):,} settings, more than there are")
    for name, value in raw.items():
        shown = shortened(printable(name), _LONGEST_NAME).replace("_", "-")
        if name not in kind.model_fields:
            raise ValueError(f"{shown} cannot be {short(value)}: there is no such setting, leave it out")
        if isinstance(value, dict | list) and not _is_list_of(value, kind.model_fields[name]):
            raise ValueError(f"{shown} cannot be {short(value)}: give a single value")
        if isinstance(value, bool) != (kind.model_fields[name].annotation is bool):
            raise ValueError(f"{shown} cannot be {short(value)}: give a value of its own kind")
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            raise ValueError(f"{shown} has {len(value):,} characters: give at most {_LONGEST_TEXT:,}")
        if isinstance(value, str) and any("\ud800" <= c <= "\udfff" or c == "\0" for c in value):
            raise ValueError(f"{shown} cannot be {short(value)}: no file has such a name")


def _is_list_of(value: object, field: FieldInfo) -> bool:
    """Whether a value is a short list of texts, where the field takes several."""
    if "tuple" not in str(field.annotation) or not isinstance(value, list) or len(value) > _MOST_SETTINGS:
        return False
    return all(isinstance(item, str) and len(item) <= _LONGEST_TEXT for item in value)


def _digest_as_written(raw: Mapping[str, Any]) -> str:
    """The digest of settings as a version wrote them that had fewer or more of them."""
    return hashlib.sha256(json.dumps(raw, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()[:16]


def _fingerprints_in(prints: object) -> dict[str, str]:
    """Those of a picture, as far as they are some."""
    return fingerprints_of({kind: prints.get(kind) for kind in FINGERPRINTED}) if isinstance(prints, Mapping) else {}


def _seed_in(found: Mapping[str, Any]) -> int | None:
    """The seed of a single picture.

    Raises:
        ValueError: it is no seed.
    """
    seed = found.get("seed") if "settings" in found else None
    if seed is None:
        return None
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"its seed cannot be {short(seed)}: give a whole number from 0 on")
    return seed
