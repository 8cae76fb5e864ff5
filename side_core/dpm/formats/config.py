"""JSON files of a model folder, and the values in them: read once, checked at the door."""

import json
import math
from pathlib import Path
from typing import Any

from side_core.files.paths import check_allowed

_LONGEST = 140  # characters of an error's text inside a sentence
_MOST_BYTES = 2**26  # of what the app has written itself
_MOST_CONFIG_BYTES = 2**22  # of a model's own file; the largest index of shards has some 100,000
_MOST_DEPTH = 64  # lists in lists; a model's own file has a handful


def read_json(file: Path, most: int = _MOST_BYTES) -> dict[str, Any]:
    """A JSON object from a file of `most` bytes at most; ValueError if it is none. A pipe or a device is not opened."""
    try:
        if not file.is_file():
            raise ValueError("it is no plain file" if file.exists() else "there is no such file")
        if (size := file.stat().st_size) > most:
            raise ValueError(f"it has {size:,} bytes, more than {most:,}")
        content = json.loads(file.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError(f"'{file}' cannot be read as JSON (it is nested too deeply): save the model again.") from None
    except (ValueError, OSError) as error:
        raise ValueError(f"'{file}' cannot be read as JSON ({first_line(error)}): save the model again.") from None
    if not isinstance(content, dict):
        raise ValueError(f"'{file}' holds no JSON object: save the model again.")
    return content


def read_config(file: Path, most: int = _MOST_CONFIG_BYTES) -> dict[str, Any]:
    """The same of a model's own file, which in a public app must not be a link that leads elsewhere.

    Raises:
        ValueError: it cannot be read, or is larger or nested more deeply than any sane one.
    """
    config = read_json(check_allowed(file, str(file)), most)
    if (depth := depth_of(config)) > _MOST_DEPTH:
        raise ValueError(f"'{file}' is nested {depth} levels deep, more than {_MOST_DEPTH}: save the model again.")
    return config


def depth_of(content: object) -> int:
    """How many lists and objects stand within each other."""
    depth, level = 0, [content]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth


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
    if len(text) > _LONGEST:
        text = text[:_LONGEST].rpartition(" ")[0] or text[:_LONGEST]  # not in the middle of a word
    return text.rstrip(".:, ")
