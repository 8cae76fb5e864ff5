"""Open the workspace and mend what a killed process has left."""

from contextlib import suppress
from pathlib import Path

from side_core.runs.reading import finished_pictures
from side_core.runs.store import COLUMNS, page_of
from side_core.runs.workspace import OWNERS, Workspace, make_workspace, workspace_folder


def open_workspace(folder: Path | None = None) -> Workspace:
    """Open the workspace, make it where there is none, and mend it.

    Args:
        folder: left out: `side_core.runs.workspace.workspace_folder`.

    Raises:
        ValueError: it cannot be written, is full, or was made by a newer version.
    """
    workspace = make_workspace(folder or workspace_folder())
    mend(workspace)
    return workspace


def mend(workspace: Workspace) -> None:
    """Runs whose process died are interrupted, with every picture that was finished, or forgotten if none was.

    The file of their process goes.
    """
    with workspace.connect() as database:
        rows = database.execute(f"SELECT owner, {COLUMNS} FROM runs WHERE state = 'running'").fetchall()
        dead = [row for row in rows if not workspace.is_alive(str(row["owner"]))]
        for run in page_of(dead).runs:
            finished = finished_pictures(workspace, run)
            change, values = "UPDATE runs SET state = 'interrupted', finished = ?", [finished]
            if not finished:
                change, values = "DELETE FROM runs", []
            database.execute(f"{change} WHERE id = ? AND state = 'running'", [*values, run.id])
    for file in (workspace.folder / OWNERS).iterdir():
        if not workspace.is_alive(file.name):
            with suppress(OSError):
                file.unlink()
