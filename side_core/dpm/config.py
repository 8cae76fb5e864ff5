"""JSON files of a model folder, and the values in them: read once, checked at the door."""

import json
import math
from pathlib import Path
from typing import Any

from side_core.roots import check_allowed

LONGEST = 140  # characters of an error's text inside a sentence
MOST_BYTES = 2**26  # the largest index of shards has a few


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a file; ValueError if it is none."""
    try:
        if not file.is_file() or file.stat().st_size > MOST_BYTES:
            raise ValueError(f"no file of at most {MOST_BYTES:,} bytes")
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise ValueError(f"'{file}' cannot be read as JSON ({first_line(error)}): save the model again.") from None
    if not isinstance(content, dict):
        raise ValueError(f"'{file}' holds no JSON object: save the model again.")
    return content


def read_config(file: Path) -> dict[str, Any]:
    """The same of a model's own file, which in a public app must not be a link that leads elsewhere."""
    return read_json(check_allowed(file, str(file)))


def whole_number(config: dict[str, Any], name: str, file: Path, least: int, most: int) -> int:
    """A whole number of a configuration.

    Raises:
        ValueError: it is missing, of another type, or outside `least`..`most`.
    """
    value = config.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(
            f"{name} is {shown(value)} in '{file}': a whole number from {least} to {most} is needed, "
            "save the model again."
        )
    return value


def finite_number(config: dict[str, Any], name: str, file: Path, default: float) -> float:
    """A finite number of a configuration; `default` where there is none.

    Raises:
        ValueError: it is something else.
    """
    value = config.get(name)
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is {shown(value)} in '{file}': a number is needed, save the model again.")
    return float(value)


def shown(value: object) -> str:
    """A value as it may stand inside a sentence: on one line, shortened."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def first_line(error: BaseException) -> str:
    """The first line of an error's text, shortened, for use inside a sentence."""
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    if len(text) > LONGEST:
        text = text[:LONGEST].rpartition(" ")[0] or text[:LONGEST]  # not in the middle of a word
    return text.rstrip(".:, ")
