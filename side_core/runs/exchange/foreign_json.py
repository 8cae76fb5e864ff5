"""JSON that somebody brought along: parsed within bounds, without what JSON does not have."""

import json
import math
from typing import Any, NoReturn

from side_core.wording import shortened

MOST_JSON = 4 * 2**20  # bytes; run.json of 16 pictures has about 10,000


def parse_json(content: bytes | str) -> dict[str, Any]:
    """A JSON object from text that nobody vouches for.

    Raises:
        ValueError: a reason in a few words: too large, nested too deep, a name twice, NaN or infinity, no JSON.
    """
    if len(content) > MOST_JSON:
        raise ValueError(f"its JSON has {len(content):,} bytes, more than {MOST_JSON:,}")
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        found = json.loads(text, object_pairs_hook=_without_twins, parse_constant=refuse, parse_float=_finite)
    except UnicodeDecodeError:
        raise ValueError("its text is not UTF-8; export it again") from None
    except RecursionError:
        raise ValueError("its JSON is nested too deep; export it again") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON (line {error.lineno}, column {error.colno}); export it again") from None
    if not isinstance(found, dict):
        raise ValueError("it holds no JSON object; export it again")
    return found


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are all different, so that nobody can read another value than we do."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in found if names.count(name) > 1) if len(names) <= 1000 else names[0]
        raise ValueError(f"it says {short(twin)} twice; leave one out")
    return found


def _finite(text: str) -> float:
    """A number that is none of 1e999."""
    number = float(text)
    return number if math.isfinite(number) else refuse(text)


def refuse(text: str) -> NoReturn:
    """What JSON cannot say."""
    raise ValueError(f"it holds the number {short(text)}, which is not finite; give finite ones")


def short(value: Any, most: int = 60) -> str:
    """A value as it may stand in a sentence: quoted, on one line, shortened; nested ones are only named."""
    text = "{…}" if isinstance(value, dict) else "[…]" if isinstance(value, list) else repr(value)
    return shortened(text, most)
