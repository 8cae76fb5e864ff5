"""Where a surrogate is, by its name."""

from pathlib import Path

from side_core.files.assets import SURROGATES
from side_core.files.paths import path_of, printable


def surrogate_folder(name: str) -> Path:
    """The folder of a built-in surrogate, or the one that was named itself.

    Raises:
        ValueError: there is none, or a public app may not read it.
    """
    if name in SURROGATES:
        return SURROGATES[name]
    folder = path_of(name)
    if folder is None or not is_folder(folder):
        known = ", ".join(SURROGATES)
        raise ValueError(
            f"There is no surrogate '{printable(name)}': give a folder made by train surrogate, or one of {known}."
        )
    return folder


def is_folder(path: Path) -> bool:
    """Whether there is such a folder; False also for names that none can have."""
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name too long, one with a null byte
        return False
