"""A damaged history: set aside, never deleted; the backup takes its place, and runs are found in their own folders."""

import base64
import json
import re
import shutil
import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from side_core.dpm.formats.config import first_line
from side_core.files.whole_file import write_json, write_whole
from side_core.runs.database.backup import backups
from side_core.runs.database.connection import DATABASE, EMPTY, GONE, damage_of, make_tables, opened
from side_core.runs.database.row import FIELDS, Unreadable, checked
from side_core.runs.run import Run
from side_core.runs.wording import when

RUNS, DAMAGED = "runs", "damaged"
RECORD, _SAID = "history.json", "what-happened.txt"
_SUMMARY = "run.json"  # where a scored run has its summary already
_JSON_COLUMNS = ("settings", "fingerprints", "versions")
_MOST_TOLD, _LONGEST_TOLD = 3, 2_000  # sentences; bytes of one
_DIGITS = re.compile(r"[1-9]\d{0,14}", re.ASCII)
_MOST_RECORD = 16 * 2**20  # bytes


def write_record(
    folder: Path, run: Run, summary: Mapping[str, Any] | None = None, thumbnail: bytes | None = None
) -> None:
    """Write into a run's folder what the history says of it, so that its row can be made again.

    Raises:
        ValueError: it cannot be written.
    """
    picture = None if thumbnail is None else base64.b64encode(thumbnail).decode()
    write_json(folder / RECORD, asdict(run) | {"summary": summary, "thumbnail": picture})


def told(folder: Path) -> list[str]:
    """A sentence for each damaged history that was set aside and is still there, newest first."""
    found = []
    for place in sorted((folder / DAMAGED).glob(f"*/{_SAID}"), reverse=True)[:_MOST_TOLD]:
        with suppress(OSError):
            found.append(place.read_text("utf-8", "replace")[:_LONGEST_TOLD].strip())
    return found


def recover(folder: Path) -> None:
    """If the database is damaged, or gone though runs are there: set it aside and make it again as far as possible.

    Nothing is deleted. The new one is whole before the old one moves, so that a kill or a full disk loses nothing.

    Raises:
        ValueError: what is damaged cannot be set aside, or nothing can be written.
        sqlite3.Error: it cannot be opened, though it may be sound.
    """
    file = folder / DATABASE
    if not (what := damage_of(file)):
        return
    saved = list(backups(folder))
    if what in (EMPTY, GONE) and not saved and not _numbered(folder):
        return  # a new workspace
    partial = folder / f".{DATABASE}.partial"
    try:
        partial.unlink(missing_ok=True)
        kept = next((copy for copy in saved if not damage_of(copy)), None)
        if kept is not None:
            shutil.copyfile(kept, partial)
        make_tables(partial)
        found = adopt(folder, partial)
        place = set_aside(folder)
        for copy in saved[: len(saved) if kept is None else saved.index(kept)]:
            copy.rename(place / copy.name)
        for unknown in found.unknown:
            (place / RUNS).mkdir(exist_ok=True)
            unknown.rename(place / RUNS / unknown.name)
        text = _in_words(what, place, None if kept is None else kept.stat().st_mtime, found)
        write_whole(place / _SAID, text.encode("utf-8", "backslashreplace"))
        partial.replace(file)
    except (OSError, sqlite3.Error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or first_line(error)
        raise ValueError(
            f"The history '{file}' is damaged ({what}) and cannot be set aside ({reason}), so runs are not kept: free "
            "some space there and let it be written, or set SIDE_WORKSPACE to another folder."
        ) from None
    finally:
        partial.unlink(missing_ok=True)


def set_aside(folder: Path) -> Path:
    """Move the database, with what belongs to it, into a new folder."""
    stamp, number = time.strftime("%Y%m%d-%H%M%S"), 1
    while True:
        place = folder / DAMAGED / (stamp if number == 1 else f"{stamp}-{number}")
        try:
            place.mkdir(parents=True)
            break
        except FileExistsError:
            number += 1
    for file in folder.glob(f"{DATABASE}*"):
        file.rename(place / file.name)
    return place


@dataclass(frozen=True)
class Found:
    """What a database that was made again holds.

    Attributes:
        saved: runs of the backup.
        adopted: runs that only their own folders told of.
        unknown: folders that tell nothing, and are set aside with the database.
    """

    saved: int
    adopted: int
    unknown: tuple[Path, ...]


def adopt(folder: Path, file: Path) -> Found:
    """Give the rows back to runs whose folders say what they are; no number is given twice."""
    folders = _numbered(folder)
    unknown = []
    with opened(file) as database:
        known = {row["id"] for row in database.execute("SELECT id FROM runs")}
        new = sorted(folders.keys() - known)
        for id in new:
            if not _adopt_run(database, id, folders[id]) and any(folders[id].iterdir()):
                unknown.append(folders[id])
        last = max([*known, *folders, 0])
        row = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").fetchone()
        if row is None:
            database.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('runs', ?)", (last,))
        elif row["seq"] < last:
            database.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'runs'", (last,))
        (count,) = database.execute("SELECT count(*) FROM runs").fetchone()
    return Found(len(known), count - len(known), tuple(unknown))


def _numbered(folder: Path) -> dict[int, Path]:
    """The runs' own folders, by their numbers."""
    items = (folder / RUNS).iterdir()
    return {int(item.name): item for item in items if _DIGITS.fullmatch(item.name) and item.is_dir()}


def _adopt_run(database: sqlite3.Connection, id: int, folder: Path) -> bool:
    """Make the row of a run again from its own folder; whether that could be done."""
    try:
        record = _read_bounded(folder / RECORD)
        summary = _read_bounded(folder / _SUMMARY) if (folder / _SUMMARY).is_file() else record["summary"]
        values = {name: record[name] for name in FIELDS} | {"id": id}
        values |= {name: json.dumps(values[name]) for name in _JSON_COLUMNS}
        checked(dict(values))
        picture = None if record["thumbnail"] is None else base64.b64decode(record["thumbnail"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, Unreadable):
        return False
    marks = ", ".join("?" * (len(FIELDS) + 1))
    database.execute(f"INSERT INTO runs ({', '.join(FIELDS)}, owner) VALUES ({marks})", (*values.values(), ""))
    if summary is not None:
        database.execute("INSERT INTO summaries (id, json) VALUES (?, ?)", (id, json.dumps(summary)))
    if picture is not None:
        database.execute("INSERT INTO thumbnails (id, png) VALUES (?, ?)", (id, picture))
    return True


def _read_bounded(file: Path) -> dict[str, Any]:
    """A JSON object of a file that may hold anything.

    Raises:
        ValueError: it is too large, or no JSON object.
        OSError: it cannot be read.
    """
    if file.stat().st_size > _MOST_RECORD:
        raise ValueError("too large")
    found = json.loads(file.read_bytes())
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _in_words(what: str, place: Path, saved: float | None, found: Found) -> str:
    """One sentence: what was damaged, where it is now, what took its place, what to do."""
    instead = "no backup could be read, so the list began anew"
    if saved is not None:
        instead = f"the backup of {when(saved)} took its place, with {runs(found.saved)}"
    more = f"; {found.adopted:,} more came back from their own folders" if found.adopted else ""
    count = len(found.unknown)
    lost = f"; {count:,} folder{'s' * (count != 1)} of runs that nothing tells of went there, too" if count else ""
    return (
        f"The list of runs was damaged ({what}): it is set aside in '{place}', and {instead}{more}{lost}. Delete that "
        "folder when nothing in it is missed."
    )


def runs(count: int) -> str:
    """A number of runs."""
    return f"{count:,} run{'s' * (count != 1)}"
