"""The folder where runs are kept: which one, what is in it, and who is at work there."""

import fcntl
import os
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from side_core.dpm.formats.config import first_line
from side_core.files.assets import INSTALLED, ROOT
from side_core.runs.database.backup import back_up
from side_core.runs.database.connection import DATABASE, PATIENCE, is_damage, make_tables, opened
from side_core.runs.database.recovery import RUNS, recover

_PICTURES, OWNERS, _OPENING = "pictures", "owners", ".opening"


def workspace_folder() -> Path:
    """`SIDE_WORKSPACE`, or `workspace` beside the app, or where pip installed that, a folder of the user's data.

    Raises:
        ValueError: it is in the home folder of somebody unknown.
    """
    own = os.environ.get("SIDE_WORKSPACE")
    if not own and not INSTALLED:
        return ROOT / "workspace"
    own = own or f"{os.environ.get('XDG_DATA_HOME') or '~/.local/share'}/side-explorer"
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
        return self.folder / _PICTURES

    def run_folder(self, id: int) -> Path:
        """The files of one run."""
        return self.folder / RUNS / str(id)

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """The database, in one transaction that is kept if nothing goes wrong.

        Raises:
            ValueError: it cannot be read or written, or is damaged.
        """
        try:
            with opened(self.folder / DATABASE) as database:
                yield database
        except sqlite3.Error as error:
            if is_damage(error):
                raise ValueError(
                    f"The history '{self.folder / DATABASE}' is damaged ({first_line(error)}): start the app again, "
                    "which sets that file aside and goes on from its backup and the runs' own folders."
                ) from None
            raise _unusable(self.folder, error) from None

    def is_alive(self, owner: str) -> bool:
        """Whether the process of that name still runs: only then its file is locked."""
        if owner == self.owner:
            return True
        try:
            with (self.folder / OWNERS / owner).open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except (OSError, ValueError):  # no file can have such a name
            return False
        return False


def animation_file(folder: Path, seeds: Sequence[int]) -> Path:
    """Where the animated path of several pictures is kept beside them."""
    return folder / f"{seeds[0]}-{seeds[-1]}.path.gif"


def make_folder(folder: Path) -> None:
    """Make a folder of the workspace.

    Raises:
        ValueError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"'{folder}' cannot be written ({error.strerror}): free some space, "
            "or set SIDE_WORKSPACE to another folder."
        ) from None


def make_workspace(folder: Path) -> Workspace:
    """Open a workspace, made where there is none, and lock this process's own file in it.

    A damaged database is set aside and made again: `side_core.runs.database.recovery.told` says so.

    Raises:
        ValueError: it cannot be written, is full, or was made by a newer version.
    """
    try:
        for part in (folder, folder / _PICTURES, folder / RUNS, folder / OWNERS):
            part.mkdir(parents=True, exist_ok=True)
        owner = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        lock = os.open(folder / OWNERS / owner, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(lock, fcntl.LOCK_EX)
        with _alone(folder):
            recover(folder)
            make_tables(folder / DATABASE)
            with opened(folder / DATABASE) as database:
                database.execute("PRAGMA journal_mode = WAL")
            back_up(folder)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(folder, error) from None
    return Workspace(folder, owner, lock)


def renew_backup(workspace: Workspace) -> None:
    """Copy the list of runs if that is due, and no other process is at it."""
    with suppress(OSError), _alone(workspace.folder, patience=0):
        back_up(workspace.folder)


@contextmanager
def _alone(folder: Path, patience: float = PATIENCE) -> Iterator[None]:
    """One process at a time: who opens a workspace, mends or copies its database.

    Raises:
        OSError: another one is at it for too long, or the folder cannot be written.
    """
    lock = os.open(folder / _OPENING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)
        yield
    finally:
        os.close(lock)


def _unusable(folder: Path, error: Exception) -> ValueError:
    """What to say where the disk or the database refuses."""
    reason = (error.strerror if isinstance(error, OSError) else None) or first_line(error)
    return ValueError(
        f"The workspace '{folder}' cannot be used ({reason}), so runs are not kept: "
        "free some space there, or set SIDE_WORKSPACE to a folder that can be written."
    )
