"""How much room the workspace takes, and what may go."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from side_core.runs.database.connection import DATABASE
from side_core.runs.database.recovery import DAMAGED, RUNS
from side_core.runs.store import forget
from side_core.runs.workspace import Workspace

_LISTS = (f"{DATABASE}*", "backup*.sqlite", f"{DAMAGED}/*/*.sqlite*")


@dataclass(frozen=True)
class Usage:
    """Bytes of a workspace.

    Attributes:
        pictures: drawn pictures.
        runs: results of runs.
        database: the list of runs, its backups, and what was set aside as damaged.
        free: on the disk.
        in_bin: runs that were deleted and can be brought back.
    """

    pictures: int
    runs: int
    database: int
    free: int
    in_bin: int

    @property
    def total(self) -> int:
        """All that the workspace takes."""
        return self.pictures + self.runs + self.database


def usage(workspace: Workspace) -> Usage:
    """Count the bytes of all files."""
    with workspace.connect() as database:
        (in_bin,) = database.execute("SELECT count(*) FROM runs WHERE deleted IS NOT NULL").fetchone()
    return Usage(
        _size_of(workspace.pictures),
        _size_of(workspace.folder / RUNS),
        sum(file.stat().st_size for pattern in _LISTS for file in workspace.folder.glob(pattern)),
        shutil.disk_usage(workspace.folder).free,
        in_bin,
    )


def _size_of(folder: Path) -> int:
    """Bytes of all files below a folder; those that go meanwhile do not count."""
    total = 0
    for file in folder.rglob("*"):
        try:
            total += 0 if file.is_dir() else file.stat().st_size
        except OSError:
            continue
    return total


def clean_up(workspace: Workspace, older_than: float = 0) -> int:
    """Delete for good what lies in the bin, and pictures that no run shows; returns the bytes that are free again.

    Args:
        workspace: where.
        older_than: only runs that were deleted so many seconds ago.
    """
    before = _size_of(workspace.folder)
    forget_runs(workspace, in_bin(workspace, older_than))
    for folder in _spare_folders(workspace):
        shutil.rmtree(folder, ignore_errors=True)
    return max(0, before - _size_of(workspace.folder))


def to_free(workspace: Workspace, older_than: float = 0) -> int:
    """How many bytes `clean_up` would free."""
    return sum(_size_of(folder) for folder in _spare_folders(workspace, in_bin(workspace, older_than)))


def in_bin(workspace: Workspace, older_than: float = 0) -> list[int]:
    """The runs that were deleted at least so many seconds ago."""
    with workspace.connect() as database:
        rows = database.execute("SELECT id FROM runs WHERE deleted <= ?", (time.time() - older_than,)).fetchall()
    return [row["id"] for row in rows]


def _spare_folders(workspace: Workspace, without: Sequence[int] = ()) -> list[Path]:
    """Folders of pictures and files that no run needs, as if the runs `without` were gone."""
    # First what is there, then what is known: a run is noted before its first file is written.
    folders = [*workspace.pictures.iterdir(), *(workspace.folder / RUNS).iterdir()]
    with workspace.connect() as database:
        rows = database.execute("SELECT id, pictures, plain FROM runs").fetchall()
    gone = set(without)
    known = {str(value) for row in rows if row["id"] not in gone for value in row}
    return [folder for folder in folders if folder.name not in known]


def forget_runs(workspace: Workspace, ids: Sequence[int]) -> None:
    """Delete runs for good, with their files; pictures go when the workspace is cleaned up."""
    forget(workspace, ids)
    for id in ids:
        shutil.rmtree(workspace.run_folder(id), ignore_errors=True)
