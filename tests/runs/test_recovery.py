"""A damaged list of runs is set aside, the backup takes its place, and no run's folder is lost or given twice."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from side_core.runs import store
from side_core.runs.database import backup, recovery
from side_core.runs.database.backup import NEWER, OLDER, backups
from side_core.runs.database.connection import DATABASE, VERSION
from side_core.runs.database.recovery import told
from side_core.runs.opening import open_workspace
from side_core.runs.recording import Recorded, keep_folder
from side_core.runs.run import NewRun
from side_core.runs.space import clean_up, usage
from side_core.runs.workspace import Workspace


def change(*statements: str) -> Callable[[Path], object]:
    """Change the tables of a database."""

    def make(file: Path) -> None:
        database = sqlite3.connect(file)
        for statement in statements:
            database.execute(statement)
        database.commit()
        database.close()

    return make


def cut(part: float) -> Callable[[Path], object]:
    """Leave only the first part of a file."""
    return lambda file: file.write_bytes(file.read_bytes()[: int(file.stat().st_size * part)])


def overwrite(file: Path) -> None:
    """Garbage in all pages but the first."""
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\x5a" * (len(content) - 4096))


WAYS: dict[str, Callable[[Path], object]] = {
    "garbage": lambda file: file.write_bytes(b"this is no database" * 100),
    "text": lambda file: file.write_text("[]"),
    "zero bytes": lambda file: file.write_bytes(b""),
    "one byte": lambda file: file.write_bytes(b"x"),
    "gone": Path.unlink,
    "cut in its first page": cut(0.01),
    "cut in half": cut(0.5),
    "pages overwritten": overwrite,
    "a column is missing": change("ALTER TABLE runs DROP COLUMN note"),
    "a table is missing": change("DROP TABLE summaries"),
    "of another program": change("PRAGMA user_version = 0", "CREATE TABLE others (x)"),
    "negative version": change("PRAGMA user_version = -1"),
}


def keep_one(workspace: Workspace, number: int) -> Recorded:
    """A run with a file of its own."""

    def write(folder: Path) -> dict[str, object]:
        (folder / "table.csv").write_text(f"{number}\n")
        return {"number": number, "versions": {"torch": "2"}}

    return keep_folder(
        workspace, NewRun("sweep", "model", {"number": number}, {"model": "f"}, 1), 1, f"h{number}", write
    )


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A closed workspace with three runs, of which the backup has two; the first has a name."""
    workspace = open_workspace(tmp_path)
    for number in range(2):
        keep_one(workspace, number)
    store.rename(workspace, 1, "mine")
    (tmp_path / NEWER).unlink()
    backup.back_up(tmp_path)
    keep_one(workspace, 2)
    for end in ("-wal", "-shm"):
        (tmp_path / f"{DATABASE}{end}").unlink(missing_ok=True)
    return tmp_path


@pytest.mark.parametrize("way", WAYS)
def test_what_the_backup_and_the_folders_know_comes_back(kept: Path, way: str) -> None:
    WAYS[way](kept / DATABASE)
    damaged = (kept / DATABASE).read_bytes() if (kept / DATABASE).exists() else None
    workspace = open_workspace(kept)
    runs = store.listed(workspace, ascending=True)
    assert [(run.id, run.title, run.headline, run.state) for run in runs] == [
        (1, "mine", "h0", "finished"),
        (2, "sweep 2: model", "h1", "finished"),
        (3, "sweep 3: model", "h2", "finished"),
    ]
    assert store.summary_of(workspace, 3) == {"number": 2, "versions": {"torch": "2"}}
    (sentence,) = told(kept)
    assert sentence.startswith("The list of runs was damaged (") and "the backup of " in sentence
    assert "took its place, with 2 runs; 1 more came back from their own folders" in sentence
    (place,) = (kept / "damaged").iterdir()
    assert str(place) in sentence and "\n" not in sentence
    if damaged is not None:
        assert (place / DATABASE).read_bytes() == damaged  # set aside, not deleted
    assert keep_one(workspace, 3).run.id == 4
    clean_up(workspace)
    assert [(kept / "runs" / str(id) / "table.csv").read_text() for id in (1, 2, 3, 4)] == ["0\n", "1\n", "2\n", "3\n"]
    assert told(kept) == [sentence] and store.counted(open_workspace(kept)) == 4  # it is mended once
    assert usage(workspace).database > len(damaged or b"")


@pytest.mark.parametrize("backups", ["none", "damaged"])
def test_without_a_backup_the_folders_alone_bring_runs_back(kept: Path, backups: str) -> None:
    (kept / NEWER).write_bytes(b"x" * 9000)
    if backups == "none":
        (kept / NEWER).unlink()
    (kept / DATABASE).write_bytes(b"no database" * 100)
    runs = store.listed(open_workspace(kept), ascending=True)
    assert [(run.id, run.headline) for run in runs] == [(1, "h0"), (2, "h1"), (3, "h2")]
    assert "no backup could be read, so the list began anew; 3 more came back" in told(kept)[0]
    assert (backups == "none") != any((kept / "damaged").glob(f"*/{NEWER}"))  # what may be mended by hand stays


@pytest.mark.parametrize("record", ["missing", "{", "[]", '{"settings": 1}', "null"])
def test_a_folder_that_tells_nothing_is_set_aside_and_its_number_is_not_given_again(kept: Path, record: str) -> None:
    file = kept / "runs" / "3" / recovery.RECORD
    file.unlink()
    if record != "missing":
        file.write_text(record)
    (kept / DATABASE).write_bytes(b"no database" * 100)
    workspace = open_workspace(kept)
    assert [run.id for run in store.listed(workspace)] == [2, 1]
    assert "1 folder of runs that nothing tells of" in told(kept)[0]
    assert [file.read_text() for file in (kept / "damaged").glob("*/runs/3/table.csv")] == ["2\n"]
    assert keep_one(workspace, 9).run.id == 4


def test_a_new_workspace_and_one_of_a_newer_version_are_no_damage(kept: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    (new / DATABASE).touch()
    assert store.counted(open_workspace(new)) == 0 and not told(new) and not list(backups(new))
    change(f"PRAGMA user_version = {VERSION + 1}")(kept / DATABASE)
    with pytest.raises(ValueError, match="made by a newer version"):
        open_workspace(kept)
    assert not (kept / "damaged").exists()


def test_a_list_damaged_while_it_is_open_is_called_so_with_what_to_do(kept: Path) -> None:
    workspace = open_workspace(kept)
    (kept / DATABASE).write_bytes(b"no database" * 1000)
    with pytest.raises(ValueError, match=r"is damaged \(file is not a database\): start the app again, which sets"):
        store.listed(workspace)
    assert store.counted(open_workspace(kept)) == 3


@pytest.mark.parametrize("step", ["set_aside", "adopt", "make_tables", "write_whole"])
def test_a_kill_while_it_is_mended_loses_nothing(kept: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    work = getattr(recovery, step)

    def die(*arguments: object) -> None:
        work(*arguments)
        raise Killed

    (kept / DATABASE).write_bytes(b"no database" * 100)
    with monkeypatch.context() as patch:
        patch.setattr(recovery, step, die)
        with pytest.raises(Killed):
            open_workspace(kept)
    assert [run.headline for run in store.listed(open_workspace(kept), ascending=True)] == ["h0", "h1", "h2"]
    assert list((kept / "damaged").glob(f"*/{DATABASE}"))


def test_two_at_once_mend_it_once(kept: Path) -> None:
    (kept / DATABASE).write_bytes(b"no database" * 100)
    threads = [threading.Thread(target=open_workspace, args=(kept,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told(kept)) == 1 and store.counted(open_workspace(kept)) == 3


def test_a_damaged_list_that_cannot_be_set_aside_is_called_damaged(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (kept / DATABASE).write_bytes(b"no database" * 100)
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(ValueError, match=r"damaged \(file is not a database\) and cannot be set aside \(Permission"):
        open_workspace(kept)
    assert (kept / DATABASE).read_bytes() == b"no database" * 100


@pytest.mark.parametrize("step", ["copyfile", "make_tables"])
def test_a_disk_that_fills_up_while_it_is_mended_loses_nothing(
    kept: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    (kept / DATABASE).write_bytes(b"no database" * 100)
    with monkeypatch.context() as patch:
        if step == "copyfile":
            patch.setattr(recovery.shutil, "copyfile", full)
        else:
            patch.setattr(recovery, "make_tables", full)
        with pytest.raises(ValueError, match=r"cannot be set aside \(No space left on device\)"):
            open_workspace(kept)
    assert (kept / DATABASE).read_bytes() == b"no database" * 100 and not (kept / "damaged").exists()
    assert not list(kept.glob(".history*"))
    assert store.counted(open_workspace(kept)) == 3


def test_a_backup_is_made_at_once_then_daily_or_after_twenty_runs_and_two_are_kept(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    assert not list(backups(tmp_path))  # there is nothing to copy yet
    keep_one(workspace, 0)
    first = (tmp_path / NEWER).stat().st_mtime_ns
    for number in range(1, backup.RUNS):
        keep_one(workspace, number)
    assert (tmp_path / NEWER).stat().st_mtime_ns == first and not (tmp_path / OLDER).exists()
    keep_one(workspace, backup.RUNS)
    assert (tmp_path / NEWER).stat().st_mtime_ns > first and (tmp_path / OLDER).stat().st_mtime_ns == first
    for moved in (-1, 1):  # also where the clock was set back
        then = time.time() + moved * (backup.DAY + 10)
        os.utime(tmp_path / NEWER, (then, then))
        open_workspace(tmp_path)
        assert abs((tmp_path / NEWER).stat().st_mtime - time.time()) < backup.DAY / 2
    assert len(list(tmp_path.glob("*backup*"))) == 2


def test_a_backup_that_cannot_be_made_stops_nothing_and_spoils_none(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (kept / NEWER).read_bytes()
    os.utime(kept / NEWER, (0, 0))

    class Full(Exception):
        free = 10

    with monkeypatch.context() as patch:
        patch.setattr(backup.shutil, "disk_usage", lambda _: Full)
        open_workspace(kept)
    assert (kept / NEWER).read_bytes() == before

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        backup.back_up(kept)
    assert (kept / NEWER).read_bytes() == before and not list(kept.glob(".backup*"))


def test_a_damaged_list_never_takes_the_place_of_a_good_backup(kept: Path) -> None:
    os.utime(kept / NEWER, (0, 0))
    before = (kept / NEWER).read_bytes()
    (kept / DATABASE).write_bytes(b"no database" * 100)
    open_workspace(kept)
    assert before in [file.read_bytes() for file in backups(kept)]
