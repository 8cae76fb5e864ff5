"""Local paths: which may be read (all on one's own machine, chosen ones where the app is public), and their text."""

import os
from pathlib import Path

from side_core.files.assets import OPEN_ASSETS
from side_core.files.public import as_written, is_public, listed_folders


def _allowed_roots() -> tuple[Path, ...]:
    """Folders a public app may read: its assets, its models, and those that `SIDE_ROOTS` names (as in PATH)."""
    named = [os.path.expanduser(root) for root in os.environ.get("SIDE_ROOTS", "").split(os.pathsep) if root]  # noqa: PTH111
    return (*(Path(os.path.realpath(root)) for root in (*map(str, OPEN_ASSETS), *named)), *listed_folders())


def is_allowed(path: Path) -> bool:
    """Whether `path`, without its `..` and with all links followed, may be read."""
    if not is_public():
        return True
    try:
        real = Path(os.path.realpath(as_written(str(path))))
    except (OSError, ValueError):  # no file can have such a name
        return False
    return any(real.is_relative_to(root) for root in _allowed_roots())


def check_allowed(path: Path, named: str) -> Path:
    """`path`, if it may be read; in a public app without its `..`. To be called before anything is looked up there.

    Raises:
        ValueError: it leads out of the folders that a public app may read, whether there is anything or not.
    """
    if not is_allowed(path):
        raise ValueError(
            f"'{printable(named)}' cannot be read here: this app is public and reads its own folders only; "
            "run the app on your own machine to use your own files."
        )
    return Path(as_written(str(path))) if is_public() else path


def path_of(name: str, named: str = "") -> Path | None:
    """The path that a name means, with `~` replaced; None where there is no such home.

    Args:
        name: of a file or folder.
        named: what a sentence quotes; left out: the name.

    Raises:
        ValueError: a public app may not read it, whether there is anything or not.
    """
    if is_public():  # a stranger does not learn whose home there is
        own = os.path.expanduser(name) if name.startswith("~/") else name  # noqa: PTH111
        return check_allowed(Path(own), named or name)
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return None


def printable(path: str | Path) -> str:
    """A path on one line: bytes that are no UTF-8 and control characters are written as escapes."""
    text = str(path)
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(c: str) -> str:
    """One character; Python reads a byte that is no UTF-8 as a surrogate from U+DC80 on (PEP 383)."""
    return f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c.encode("unicode_escape").decode()
