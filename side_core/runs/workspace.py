"""The folder where runs are kept: which one, what is in it, and who is at work there."""

import fcntl
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from side_core.dpm.config import first_line

VERSION = 1  # of the database's tables; raised when they change
DATABASE, PICTURES, RUNS, OWNERS = "history.sqlite", "pictures", "runs", "owners"
PATIENCE = 20.0  # seconds to wait for another server's write
BESIDE_THE_APP = Path(__file__).resolve().parents[2] / "workspace"
TABLES = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '', pinned INTEGER NOT NULL DEFAULT 0,
    model TEXT NOT NULL, settings TEXT NOT NULL, fingerprints TEXT NOT NULL, versions TEXT NOT NULL,
    pictures TEXT NOT NULL DEFAULT '', plain TEXT NOT NULL DEFAULT '',
    asked INTEGER NOT NULL, finished INTEGER NOT NULL DEFAULT 0,
    headline TEXT NOT NULL DEFAULT '', share REAL,
    created REAL NOT NULL, ended REAL, deleted REAL
);
CREATE INDEX runs_by_digest ON runs (digest);
CREATE TABLE summaries (id INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE, json TEXT NOT NULL);
CREATE TABLE thumbnails (id INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE, png BLOB NOT NULL);
"""


def workspace_folder() -> Path:
    """`SIDE_WORKSPACE`, or `workspace` beside the app.

    Raises:
        ValueError: it is in the home folder of somebody unknown.
    """
    own = os.environ.get("SIDE_WORKSPACE")
    if not own:
        return BESIDE_THE_APP
    try:
        return Path(own).expanduser().absolute()
    except RuntimeError:
        raise ValueError(f"The workspace '{own}' is in no home folder: set SIDE_WORKSPACE to a folder.") from None


@dataclass(frozen=True, eq=False)
class Workspace:
    """An opened workspace. Safe to use from several threads; several processes may share one.

    Attributes:
        folder: where it is.
        owner: names this process among those that work there.
        lock: descriptor of a file that stays locked as long as this process lives.
    """

    folder: Path
    owner: str
    lock: int

    @property
    def pictures(self) -> Path:
        """Drawn pictures, by what they depend on, then by seed."""
        return self.folder / PICTURES

    def run_folder(self, id: int) -> Path:
        """The files of one run."""
        return self.folder / RUNS / str(id)

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """The database, in one transaction that is kept if nothing goes wrong.

        Raises:
            ValueError: it cannot be read or written.
        """
        try:
            with opened(self.folder / DATABASE) as database:
                yield database
        except sqlite3.Error as error:
            raise unusable(self.folder, error) from None

    def is_alive(self, owner: str) -> bool:
        """Whether the process of that name still runs: only then its file is locked."""
        if owner == self.owner:
            return True
        try:
            with (self.folder / OWNERS / owner).open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection for one transaction; closed at the end, so that nothing is held while nothing is done."""
    database = sqlite3.connect(file, timeout=PATIENCE)
    database.row_factory = sqlite3.Row
    try:
        database.execute("PRAGMA foreign_keys = ON")
        with database:
            yield database
    finally:
        database.close()


def make_workspace(folder: Path) -> Workspace:
    """Open a workspace, made where there is none, and lock this process's own file in it.

    Raises:
        ValueError: it cannot be written, is full, damaged, or was made by a newer version.
    """
    try:
        for part in (folder, folder / PICTURES, folder / RUNS, folder / OWNERS):
            part.mkdir(parents=True, exist_ok=True)
        owner = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        lock = os.open(folder / OWNERS / owner, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_tables(folder)
    except (OSError, sqlite3.Error) as error:
        raise unusable(folder, error) from None
    return Workspace(folder, owner, lock)


def make_tables(folder: Path) -> None:
    """Make the tables of an empty database; several processes may try at once.

    Raises:
        ValueError: a newer version has made them.
    """
    with opened(folder / DATABASE) as database:
        database.execute("PRAGMA journal_mode = WAL")
    with opened(folder / DATABASE) as database:
        database.execute("BEGIN IMMEDIATE")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise ValueError(
                f"The workspace '{folder}' was made by a newer version (its tables are {version}, known are "
                f"{VERSION}): update the app, or set SIDE_WORKSPACE to another folder."
            )
        if version == 0:
            for statement in filter(str.strip, TABLES.split(";")):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {VERSION}")


def unusable(folder: Path, error: Exception) -> ValueError:
    """What to say where the disk or the database refuses."""
    reason = (error.strerror if isinstance(error, OSError) else None) or first_line(error)
    return ValueError(
        f"The workspace '{folder}' cannot be used ({reason}), so runs are not kept: "
        "free some space there, or set SIDE_WORKSPACE to a folder that can be written."
    )
