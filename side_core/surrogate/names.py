"""Where a surrogate is, by its name."""

from pathlib import Path

from side_core.assets import SURROGATES
from side_core.roots import check_allowed, printable


def surrogate_folder(name: str) -> Path:
    """The folder of a built-in surrogate, or the one that was named itself.

    Raises:
        ValueError: there is none, or a public app may not read it.
    """
    if name in SURROGATES:
        return SURROGATES[name]
    try:
        folder = Path(name).expanduser()
        there = folder.is_dir()
    except (OSError, ValueError, RuntimeError):  # a name too long, one with a null byte, an unknown user's home
        there = False
    if not there:
        known = ", ".join(SURROGATES)
        raise ValueError(
            f"There is no surrogate '{printable(name)}': give a folder made by train surrogate, or one of {known}."
        )
    return check_allowed(folder, name)
