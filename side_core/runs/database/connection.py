"""The file with the history's rows: its tables, one connection for one transaction, and whether it is damaged."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from side_core.dpm.formats.config import first_line
from side_core.runs.database.row import FIELDS

VERSION = 1  # of the tables. Who raises it changes older ones, after a backup, before `damage_of` looks at them
DATABASE = "history.sqlite"
PATIENCE = 20.0  # seconds to wait for another process
EMPTY, GONE = "it is empty", "it is gone"  # no damage where nothing was kept yet
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_TABLES = """
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
_COLUMNS = {"runs": {*FIELDS, "owner"}, "summaries": {"id", "json"}, "thumbnails": {"id", "png"}}


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection for one transaction; closed at the end, so that nothing is held while nothing is done."""
    database = sqlite3.connect(file, timeout=PATIENCE)
    database.row_factory = sqlite3.Row
    database.text_factory = lambda content: content.decode("utf-8", "backslashreplace")  # damaged text hides no other
    try:
        database.execute("PRAGMA foreign_keys = ON")
        with database:
            yield database
    finally:
        database.close()


def make_tables(file: Path) -> None:
    """Make the tables of an empty database; one that has them is left alone.

    Raises:
        ValueError: a newer version has made them.
    """
    with opened(file) as database:
        database.execute("BEGIN IMMEDIATE")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise ValueError(
                f"The workspace '{file.parent}' was made by a newer version (its tables are {version}, known are "
                f"{VERSION}): update the app, or set SIDE_WORKSPACE to another folder."
            )
        if version == 0:
            for statement in filter(str.strip, _TABLES.split(";")):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {VERSION}")


def damage_of(file: Path) -> str:
    """What is wrong with a database, in a few words; "" where nothing is, or where a newer version made it.

    Every page of it is read: about 0.1 s for 10,000 runs.

    Raises:
        sqlite3.Error: it cannot be opened, though it may be sound.
    """
    if not file.is_file() or not file.stat().st_size:
        return EMPTY if file.is_file() else GONE
    try:
        with opened(file) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                return ""
            (problem,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if problem != "ok":
                return first_line(ValueError(problem.splitlines()[-1]))
            if version == 0 and not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return EMPTY  # SQLite takes a few odd bytes for a database without tables
            for table, wanted in _COLUMNS.items():
                found = {row["name"] for row in database.execute(f"PRAGMA table_info({table})")}
                if version != VERSION or not wanted <= found:
                    return "its tables are those of something else"
    except sqlite3.Error as error:
        if is_damage(error):
            return first_line(error)
        raise
    return ""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is bad, rather than locked, on a full disk, or not to be written."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF in _DAMAGED or str(error).startswith(("no such table", "no such column")))
