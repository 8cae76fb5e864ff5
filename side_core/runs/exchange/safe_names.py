"""File names out of names that others chose."""

import unicodedata
from collections.abc import Sequence

_LONGEST = 60  # characters of up to 4 bytes, so that with a number and an ending no file system finds it too long
_KEPT = "-_."
_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}  # by Windows


def safe_names(names: Sequence[str]) -> tuple[str, ...]:
    """(n,) file names without ending, all different where case counts and where it does not, for (n,) names.

    Letters, digits, `-`, `_` and `.` stay, the rest becomes `_`; so no name leads anywhere. Of equal ones the later
    get a number.
    """
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    found = []
    for name in names:
        stem = unique = safe_name(name)
        while unique.casefold() in taken:
            numbers[stem] = numbers.get(stem, 1) + 1
            unique = f"{stem}-{numbers[stem]}"
        taken.add(unique.casefold())
        found.append(unique)
    return tuple(found)


def safe_name(name: str) -> str:
    """One name without an ending of pictures and without anything that a file system, or a person, may misread."""
    text = unicodedata.normalize("NFC", name)
    for ending in _ENDINGS:
        if text.lower().endswith(ending):
            text = text[: -len(ending)]
            break
    text = "".join(c if c.isalnum() or c in _KEPT else "_" for c in text)
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}_{text[-(_LONGEST // 2 - 1) :]}"
    text = text.strip(".") or "_"
    return f"_{text}" if text.split(".")[0].casefold() in _RESERVED else text
