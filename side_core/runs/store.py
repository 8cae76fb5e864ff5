"""The rows of the history: begun, finished, found again, renamed, pinned, deleted and brought back."""

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from side_core.runs.database.row import (
    FIELDS,
    LONGEST_NAME,
    LONGEST_NOTE,
    Damaged,
    DamagedRunError,
    Page,
    page_of,
    run_of,
)
from side_core.runs.run import NewRun, Run, State
from side_core.runs.workspace import Workspace

Order = Literal["created", "share", "finished", "model", "name"]
COLUMNS = ", ".join(f"runs.{name}" for name in FIELDS)
_SEARCHED = "name, note, kind, id, state, model, headline, settings"


def begin(workspace: Workspace, new: NewRun) -> Run:
    """Note that a run begins; the equal one, if there is one that was not deleted, goes on instead.

    One that is finished stays so: whatever is drawn for it again, its result is there.
    """
    with workspace.connect() as database:
        database.execute("BEGIN IMMEDIATE")
        known = _equal_run(database, new.digest)
        if known is not None:
            database.execute(
                "UPDATE runs SET state = 'running', owner = ? WHERE id = ? AND state != 'finished'",
                (workspace.owner, known.id),
            )
            return _find_in(database, known.id)
        row = database.execute(
            "INSERT INTO runs (kind, digest, state, owner, model, settings, fingerprints, versions, pictures, "
            "plain, asked, created) VALUES (?, ?, 'running', ?, ?, ?, ?, '{}', ?, ?, ?, ?)",
            (
                new.kind,
                new.digest,
                workspace.owner,
                _encodable(new.model),
                json.dumps(new.settings),
                json.dumps(new.fingerprints),
                new.pictures,
                new.plain,
                new.asked,
                time.time(),
            ),
        )
        assert row.lastrowid is not None  # a row was inserted
        return _find_in(database, row.lastrowid)


def _encodable(text: str) -> str:
    """Text that a database can hold: bytes of a file name that are no UTF-8 are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def equal(workspace: Workspace, new: NewRun) -> Run | None:
    """The run with the same settings and fingerprints, if there is one that was not deleted, and is not damaged."""
    with workspace.connect() as database:
        return _equal_run(database, new.digest)


def showing(workspace: Workspace, key: str) -> list[Run]:
    """The runs that show pictures of a key, the newest first, without those that were deleted or are damaged."""
    with workspace.connect() as database:
        rows = database.execute(
            f"SELECT {COLUMNS} FROM runs WHERE ? IN (pictures, plain) AND deleted IS NULL ORDER BY id DESC", (key,)
        ).fetchall()
    return list(page_of(rows).runs)


def _equal_run(database: sqlite3.Connection, digest: str) -> Run | None:
    """The newest run of a digest that can be read."""
    rows = database.execute(
        f"SELECT {COLUMNS} FROM runs WHERE digest = ? AND deleted IS NULL ORDER BY id DESC", (digest,)
    ).fetchall()
    return next(iter(page_of(rows).runs), None)


def end(
    workspace: Workspace,
    id: int,
    state: State,
    finished: int,
    summary: Mapping[str, Any] | None = None,
    headline: str = "",
    share: float | None = None,
    thumbnail: bytes | None = None,
) -> Run:
    """Note how a run ended and what came out; its files are written before this.

    Raises:
        ValueError: it was deleted for good meanwhile.
    """
    with workspace.connect() as database:
        versions = json.dumps((summary or {}).get("versions", {}))
        database.execute(
            "UPDATE runs SET state = ?, finished = ?, headline = ?, share = ?, versions = ?, ended = ? WHERE id = ?",
            (state, finished, headline, share, versions, time.time(), id),
        )
        if summary is not None and database.execute("SELECT 1 FROM runs WHERE id = ?", (id,)).fetchone():
            database.execute("REPLACE INTO summaries (id, json) VALUES (?, ?)", (id, json.dumps(summary)))
            if thumbnail is not None:
                database.execute("REPLACE INTO thumbnails (id, png) VALUES (?, ?)", (id, thumbnail))
    return find(workspace, id)


def cancel(workspace: Workspace, id: int, finished: int) -> None:
    """Note that a run was cancelled, with so many pictures; what came out of it before, if it was scored, stays."""
    with workspace.connect() as database:
        database.execute(
            "UPDATE runs SET state = 'cancelled', finished = ?, ended = ? WHERE id = ?", (finished, time.time(), id)
        )


def find(workspace: Workspace, id: int) -> Run:
    """One run, deleted ones too.

    Raises:
        ValueError: there is none, or it is damaged.
    """
    with workspace.connect() as database:
        return _find_in(database, id)


def _find_in(database: sqlite3.Connection, id: int) -> Run:
    """The same in an opened database."""
    row = database.execute(f"SELECT {COLUMNS} FROM runs WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise _no_run(id)
    return run_of(row)


def _no_run(id: int) -> ValueError:
    """What to say where there is no run of a number."""
    return ValueError(
        f"There is no run {id}: it was deleted for good, perhaps in another tab; choose one that is listed."
    )


def listed(
    workspace: Workspace,
    search: str = "",
    order: Order = "created",
    ascending: bool = False,
    deleted: bool = False,
    first: int = 0,
    most: int = 50,
) -> list[Run]:
    """The runs of a `page` that can be read."""
    return page(workspace, search, order, ascending, deleted, first, most).runs


def page(
    workspace: Workspace,
    search: str = "",
    order: Order = "created",
    ascending: bool = False,
    deleted: bool = False,
    first: int = 0,
    most: int = 50,
) -> Page:
    """Runs, pinned ones first, without their summaries and files.

    Args:
        workspace: where.
        search: words that must all occur in name, note, number, state, model, headline or settings that are set (as
            `steps=10`), in any case.
        order: what they are sorted by.
        ascending: smallest or oldest first.
        deleted: those in the bin instead of the others.
        first: how many to leave out.
        most: how many to give.

    Raises:
        ValueError: there is no such order.
    """
    if order not in get_args(Order):
        raise ValueError(f"Runs cannot be sorted by '{order}': choose {', '.join(get_args(Order))}.")
    where, values = _condition(search, deleted)
    direction = "ASC" if ascending else "DESC"
    with workspace.connect() as database:
        database.create_function("found", -1, found, deterministic=True)
        rows = database.execute(
            f"SELECT {COLUMNS} FROM runs WHERE {where} "
            f"ORDER BY pinned DESC, {order} IS NULL, {order} {direction}, id {direction} LIMIT ? OFFSET ?",
            (*values, most, first),
        ).fetchall()
    return page_of(rows)


def counted(workspace: Workspace, search: str = "", deleted: bool = False) -> int:
    """How many rows `page` would give in all, damaged ones too."""
    where, values = _condition(search, deleted)
    with workspace.connect() as database:
        database.create_function("found", -1, found, deterministic=True)
        (count,) = database.execute(f"SELECT count(*) FROM runs WHERE {where}", values).fetchone()
    return int(count)


def _condition(search: str, deleted: bool) -> tuple[str, list[str]]:
    """The SQL condition of a search, and its values."""
    words = " ".join(search.lower().split())
    where = f"deleted IS {'NOT ' * deleted}NULL"
    return (f"{where} AND found(?, {_SEARCHED})", [words]) if words else (where, [])


def found(words: str, *texts: str | int) -> bool:
    """Whether all words occur in the texts, the last of which are settings as JSON: those that are set are searched.

    SQLite's own `lower` knows only the letters of ASCII, and JSON hides the others.
    """
    try:
        values = json.loads(str(texts[-1]))
        chosen = [f"{name}={value}" for name, value in values.items() if value is not None and value is not False]
    except (ValueError, AttributeError, RecursionError):
        chosen = [str(texts[-1])]  # of a damaged row what is there
    text = " ".join(map(str, [*texts[:-1], *chosen])).lower()
    return all(word in text for word in words.split())


def summary_of(workspace: Workspace, id: int) -> dict[str, Any] | None:
    """What came out of a run, as run.json says it; None where it has not ended.

    Raises:
        ValueError: it is damaged.
    """
    with workspace.connect() as database:
        row = database.execute("SELECT json FROM summaries WHERE id = ?", (id,)).fetchone()
    if row is None:
        return None
    try:
        found = json.loads(row["json"])
    except (ValueError, TypeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise DamagedRunError(Damaged(id, "what came out of it is no JSON"))
    return found


def thumbnails_of(workspace: Workspace, ids: Sequence[int]) -> dict[int, bytes]:
    """Small PNG pictures of runs, by their numbers; of those that have one."""
    marks = ", ".join("?" * len(ids))
    with workspace.connect() as database:
        rows = database.execute(f"SELECT id, png FROM thumbnails WHERE id IN ({marks})", tuple(ids)).fetchall()
    return {row["id"]: row["png"] for row in rows if isinstance(row["png"], bytes)}


def rename(workspace: Workspace, id: int, name: str) -> Run:
    """Call a run something else; an empty name takes its name away.

    Raises:
        ValueError: the name is too long, or there is no such run.
    """
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME:
        raise ValueError(f"The name '{name[:20]}…' has {len(name)} characters: give at most {LONGEST_NAME}.")
    return change(workspace, id, "name", name)


def annotate(workspace: Workspace, id: int, note: str) -> Run:
    """Write a note about a run.

    Raises:
        ValueError: the note is too long, or there is no such run.
    """
    if len(note) > LONGEST_NOTE:
        raise ValueError(f"The note '{note[:20]}…' has {len(note):,} characters: give at most {LONGEST_NOTE:,}.")
    return change(workspace, id, "note", note)


def pin(workspace: Workspace, id: int, pinned: bool = True) -> Run:
    """Keep a run on top, or let it go."""
    return change(workspace, id, "pinned", int(pinned))


def delete(workspace: Workspace, ids: Sequence[int]) -> None:
    """Put runs into the bin; `restore` brings them back until the workspace is cleaned up."""
    _move(workspace, ids, time.time())


def restore(workspace: Workspace, ids: Sequence[int]) -> None:
    """Bring runs back from the bin."""
    _move(workspace, ids, None)


def _move(workspace: Workspace, ids: Sequence[int], deleted: float | None) -> None:
    """Into the bin or out of it, damaged ones too.

    Raises:
        ValueError: there is no such run.
    """
    with workspace.connect() as database:
        for id in ids:
            if not database.execute("UPDATE runs SET deleted = ? WHERE id = ?", (deleted, id)).rowcount:
                raise _no_run(id)


def change(workspace: Workspace, id: int, column: str, value: str | float | None) -> Run:
    """Change one column of a run.

    Raises:
        ValueError: there is no such run.
    """
    with workspace.connect() as database:
        database.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (value, id))
    return find(workspace, id)


def forget(workspace: Workspace, ids: Sequence[int]) -> None:
    """Delete rows for good; their files are the business of `side_core.runs.space`."""
    with workspace.connect() as database:
        database.executemany("DELETE FROM runs WHERE id = ?", [(id,) for id in ids])
