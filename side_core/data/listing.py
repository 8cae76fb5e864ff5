"""Which picture files lie below a folder, and what names this very state of them."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from side_core.data.picture import FORMATS
from side_core.data.training_set import Skipped
from side_core.files.paths import is_allowed, printable

_OUTSIDE = "a link that leads out of the allowed folders"


class File(NamedTuple):
    """A picture file.

    Attributes:
        path: relative to the folder, with `/`.
        size: bytes; 0 for a link that leads nowhere: reading it will say so.
        written: when its content was changed, in nanoseconds.
        changed: the same for anything about it, which copying the older date does not hide.
    """

    path: str
    size: int = 0
    written: int = 0
    changed: int = 0


@dataclass
class Listing:
    """The picture files below a folder, sorted by path, and what may not or cannot be looked at."""

    files: list[File] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def digest(self, folder: Path, more: str) -> str:
        """Names these very files, and what `more` says."""
        each = (f"{path}\0{size} {written} {changed}" for path, size, written, changed in self.files)
        return hashlib.sha256(os.fsencode("\0".join([more, os.path.realpath(folder), *each]))).hexdigest()[:32]


def list_pictures(folder: Path) -> Listing:
    """All picture files below a folder but hidden ones; links to folders are followed, each folder is visited once."""
    found = Listing()
    seen: set[tuple[int, int]] = set()
    waiting, links = [""], list[str]()  # links last, so that a folder goes by its own name
    while waiting or links:
        prefix = (waiting or links).pop()
        try:
            status = (folder / prefix).stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder / prefix) as entries:
                for entry in entries:
                    _look_at(entry, prefix, found, waiting, links)
        except OSError as error:
            found.skipped.append(Skipped(printable(prefix or folder), (error.strerror or str(error)).lower()))
        links.sort(reverse=True)
    found.files.sort()
    found.skipped.sort(key=lambda item: item.name)
    return found


def _look_at(entry: "os.DirEntry[str]", prefix: str, found: Listing, waiting: list[str], links: list[str]) -> None:
    """Put one entry of a folder where it belongs."""
    path = prefix + entry.name
    is_picture = entry.name.lower().endswith(tuple(FORMATS))
    if entry.name.startswith("."):
        return
    if entry.is_dir(follow_symlinks=False):
        waiting.append(f"{path}/")
        return
    if entry.is_symlink():
        is_folder = Path(entry.path).is_dir()
        if (is_picture or is_folder) and not is_allowed(Path(entry.path)):
            found.skipped.append(Skipped(printable(path), _OUTSIDE))
            return
        if is_folder:
            links.append(f"{path}/")
            return
    if is_picture:
        try:
            status = entry.stat()
        except OSError:
            found.files.append(File(path))
        else:
            found.files.append(File(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
