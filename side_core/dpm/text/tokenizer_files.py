"""The files of a tokenizer, looked at before a library reads them: plain ones, and none larger than any sane one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from side_core.dpm.formats.config import read_config
from side_core.files.paths import check_allowed

_MOST_FILES = 256
_MOST_ADDED = 2**12  # tokens besides the vocabulary, each of which the library adds by itself
_MOST_WORDS = 2**18  # of a vocabulary; CLIP's has 49,408


@dataclass(frozen=True)
class Limit:
    """How large a file may be.

    Attributes:
        size: in bytes.
        sign: what stands between its entries.
        count: how many of those it may have.
    """

    size: int
    sign: bytes
    count: int


_LIMITS = {  # about seven times CLIP's own
    "tokenizer.json": Limit(2**24, b",", 4 * _MOST_WORDS),
    "vocab.json": Limit(2**23, b",", _MOST_WORDS),
    "merges.txt": Limit(2**23, b"\n", _MOST_WORDS),
}
_OTHERS = Limit(2**20, b",", _MOST_ADDED)
_READ = (".json", ".txt", ".jinja")  # what the libraries read of a tokenizer


def limit_of(name: str) -> Limit:
    """That of a file of this name."""
    return _LIMITS.get(name, _OTHERS)


def checked_files(folder: Path) -> list[Path]:
    """What lies in the folder of a tokenizer.

    Raises:
        ValueError: a file is no plain one, larger than any sane one, or may not be read.
    """
    files: list[Path] = []
    for file in folder.iterdir():
        files.append(file)
        if len(files) > _MOST_FILES:
            raise ValueError(f"'{folder}' has more than {_MOST_FILES} files: give one with a tokenizer's alone.")
    for file in sorted(files):
        check_allowed(file, str(file))
        if file.suffix in _READ:
            _check_file(file)
    return files


def _check_file(file: Path) -> None:
    """Raise ValueError for a file that is no plain one, or larger than any sane one."""
    limit = limit_of(file.name)
    if not file.is_file():
        raise ValueError(f"'{file}' is no plain file: copy the folder again.")
    size = file.stat().st_size
    if size > limit.size:
        raise ValueError(f"'{file}' has {size:,} bytes, more than {limit.size:,}: give a CLIP tokenizer.")
    count = file.read_bytes().count(limit.sign)
    if count > limit.count:
        raise ValueError(f"'{file}' has {count:,} entries, more than {limit.count:,}: give a CLIP tokenizer.")
    if file.name == "tokenizer.json":
        _check_added(read_config(file, limit.size), file)


def _check_added(content: dict[str, Any], file: Path) -> None:
    """Raise ValueError for a tokenizer that adds far too many tokens to its vocabulary."""
    added = content.get("added_tokens")
    if isinstance(added, list) and len(added) > _MOST_ADDED:
        raise ValueError(f"'{file}' adds {len(added):,} tokens, more than {_MOST_ADDED:,}: give a CLIP tokenizer.")
