"""The rows of the history: begun, finished, found again, renamed, pinned, deleted and brought back."""

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from side_core.runs.run import NewRun, Run, State
from side_core.runs.workspace import Workspace

Order = Literal["created", "share", "finished", "model", "name"]
COLUMNS = ", ".join(f"runs.{name}" for name in Run.__dataclass_fields__)
SEARCHED = "name, note, kind, id, state, model, headline, settings"
LONGEST_NAME, LONGEST_NOTE = 200, 10_000


def run_of(row: sqlite3.Row) -> Run:
    """A row as a run."""
    values = {name: row[name] for name in Run.__dataclass_fields__}
    for name in ("settings", "fingerprints", "versions"):
        values[name] = json.loads(values[name])
    return Run(**values | {"pinned": bool(values["pinned"])})


def begin(workspace: Workspace, new: NewRun) -> Run:
    """Note that a run begins; the equal one, if there is one that was not deleted, goes on instead.

    One that is finished stays so: whatever is drawn for it again, its result is there.
    """
    with workspace.connect() as database:
        database.execute("BEGIN IMMEDIATE")
        known = equal_row(database, new.digest)
        if known is not None:
            database.execute(
                "UPDATE runs SET state = 'running', owner = ? WHERE id = ? AND state != 'finished'",
                (workspace.owner, known["id"]),
            )
            id = known["id"]
        else:
            id = database.execute(
                "INSERT INTO runs (kind, digest, state, owner, model, settings, fingerprints, versions, pictures, "
                "plain, asked, created) VALUES (?, ?, 'running', ?, ?, ?, ?, '{}', ?, ?, ?, ?)",
                (
                    new.kind,
                    new.digest,
                    workspace.owner,
                    new.model,
                    json.dumps(new.settings),
                    json.dumps(new.fingerprints),
                    new.pictures,
                    new.plain,
                    new.asked,
                    time.time(),
                ),
            ).lastrowid
    return find(workspace, id)


def equal(workspace: Workspace, new: NewRun) -> Run | None:
    """The run with the same settings and fingerprints, if there is one that was not deleted."""
    with workspace.connect() as database:
        row = equal_row(database, new.digest)
    return None if row is None else run_of(row)


def showing(workspace: Workspace, key: str) -> list[Run]:
    """The runs that show pictures of a key, the newest first, without those that were deleted."""
    with workspace.connect() as database:
        rows = database.execute(
            f"SELECT {COLUMNS} FROM runs WHERE ? IN (pictures, plain) AND deleted IS NULL ORDER BY id DESC", (key,)
        ).fetchall()
    return [run_of(row) for row in rows]


def equal_row(database: sqlite3.Connection, digest: str) -> sqlite3.Row | None:
    """The newest row of a digest."""
    row: sqlite3.Row | None = database.execute(
        f"SELECT {COLUMNS} FROM runs WHERE digest = ? AND deleted IS NULL ORDER BY id DESC LIMIT 1", (digest,)
    ).fetchone()
    return row


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
        ValueError: there is none.
    """
    with workspace.connect() as database:
        row = database.execute(f"SELECT {COLUMNS} FROM runs WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise ValueError(
            f"There is no run {id}: it was deleted for good, perhaps in another tab; choose one that is listed."
        )
    return run_of(row)


def listed(
    workspace: Workspace,
    search: str = "",
    order: Order = "created",
    ascending: bool = False,
    deleted: bool = False,
    first: int = 0,
    most: int = 50,
) -> list[Run]:
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
    where, values = condition(search, deleted)
    direction = "ASC" if ascending else "DESC"
    with workspace.connect() as database:
        database.create_function("found", -1, found, deterministic=True)
        rows = database.execute(
            f"SELECT {COLUMNS} FROM runs WHERE {where} "
            f"ORDER BY pinned DESC, {order} IS NULL, {order} {direction}, id {direction} LIMIT ? OFFSET ?",
            (*values, most, first),
        ).fetchall()
    return [run_of(row) for row in rows]


def counted(workspace: Workspace, search: str = "", deleted: bool = False) -> int:
    """How many runs `listed` would give in all."""
    where, values = condition(search, deleted)
    with workspace.connect() as database:
        database.create_function("found", -1, found, deterministic=True)
        (count,) = database.execute(f"SELECT count(*) FROM runs WHERE {where}", values).fetchone()
    return int(count)


def condition(search: str, deleted: bool) -> tuple[str, list[str]]:
    """The SQL condition of a search, and its values."""
    words = " ".join(search.lower().split())
    where = f"deleted IS {'NOT ' * deleted}NULL"
    return (f"{where} AND found(?, {SEARCHED})", [words]) if words else (where, [])


def found(words: str, *texts: str | int) -> bool:
    """Whether all words occur in the texts, the last of which are settings as JSON: those that are set are searched.

    SQLite's own `lower` knows only the letters of ASCII, and JSON hides the others.
    """
    values = json.loads(str(texts[-1]))
    chosen = [f"{name}={value}" for name, value in values.items() if value is not None and value is not False]
    text = " ".join(map(str, [*texts[:-1], *chosen])).lower()
    return all(word in text for word in words.split())


def summary_of(workspace: Workspace, id: int) -> dict[str, Any] | None:
    """What came out of a run, as run.json says it; None where it has not ended."""
    with workspace.connect() as database:
        row = database.execute("SELECT json FROM summaries WHERE id = ?", (id,)).fetchone()
    return None if row is None else json.loads(row["json"])


def thumbnails_of(workspace: Workspace, ids: Sequence[int]) -> dict[int, bytes]:
    """Small PNG pictures of runs, by their numbers; of those that have one."""
    marks = ", ".join("?" * len(ids))
    with workspace.connect() as database:
        rows = database.execute(f"SELECT id, png FROM thumbnails WHERE id IN ({marks})", tuple(ids)).fetchall()
    return {row["id"]: bytes(row["png"]) for row in rows}


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
    for id in ids:
        change(workspace, id, "deleted", time.time())


def restore(workspace: Workspace, ids: Sequence[int]) -> None:
    """Bring runs back from the bin."""
    for id in ids:
        change(workspace, id, "deleted", None)


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
