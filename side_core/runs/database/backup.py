"""Two copies of the history's database, the newer one a day or twenty runs old at most when it is renewed."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from side_core.runs.database.connection import DATABASE, PATIENCE

NEWER, OLDER = "backup.sqlite", "backup-before.sqlite"
DAY = 24 * 3600.0
RUNS = 20  # after which another one is due although the day is not over
_ROOM = 3  # times its own size must be free on the disk


def backups(folder: Path) -> Iterator[Path]:
    """The copies that are there, newest first."""
    return (folder / name for name in (NEWER, OLDER) if (folder / name).is_file())


def back_up(folder: Path) -> None:
    """Copy the database if that is due; whole or not at all. Where it cannot be done, the copies of before stay.

    The database must be sound and one process alone at it: see `side_core.runs.workspace.alone`.
    """
    partial = folder / f".{NEWER}.partial"
    with suppress(OSError, sqlite3.Error):
        if not _is_due(folder):
            return
        partial.unlink(missing_ok=True)  # of a process that was killed
        try:
            with closing(sqlite3.connect(folder / DATABASE, timeout=PATIENCE, isolation_level=None)) as database:
                database.execute("VACUUM INTO ?", (str(partial),))
            if (folder / NEWER).is_file():
                (folder / NEWER).replace(folder / OLDER)
            partial.replace(folder / NEWER)
        finally:
            partial.unlink(missing_ok=True)


def _is_due(folder: Path) -> bool:
    """Whether there is something that is not copied yet, its time has come, and there is room for it."""
    runs = _last_number(folder / DATABASE)
    if not runs or shutil.disk_usage(folder).free < _ROOM * (folder / DATABASE).stat().st_size:
        return False
    newest = next(backups(folder), None)
    if newest is None or abs(time.time() - newest.stat().st_mtime) > DAY:  # clocks are also set back
        return True
    try:
        return runs >= _last_number(newest) + RUNS
    except sqlite3.Error:
        return True


def _last_number(file: Path) -> int:
    """The highest number that a run of a database has or had; 0 where there was none."""
    with closing(sqlite3.connect(file, timeout=PATIENCE)) as database:
        row = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").fetchone()
    return int(row[0]) if row else 0
