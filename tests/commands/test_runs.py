"""The history on the command line: what was drawn is listed, compared, changed, exported; one sentence for mistakes."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from side_core.commands.main import main
from side_core.runs import store
from side_core.runs.opening import open_workspace
from side_core.runs.workspace import Workspace

SMALL = ["extract", "--model", "ideal", "--count", "4"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with two runs."""
    folder = tmp_path_factory.mktemp("history")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIDE_WORKSPACE", str(folder / "workspace"))
        for steps in ("4", "6"):
            assert main([*SMALL, "--steps", steps, "--out", str(folder / steps)]) == 0
        yield folder / "workspace"


@pytest.fixture
def here(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A copy of it, so that each test may change it."""
    shutil.copytree(drawn, tmp_path / "workspace")
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path / "workspace"))
    return open_workspace()


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command that succeeds prints."""
    capsys.readouterr()
    assert main(["runs", *arguments]) == 0
    return capsys.readouterr().out


def test_list_shows_runs_with_their_control(here: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "list")
    assert "extract 1: ideal" in text and "extract 2: ideal" in text and "2 of 2 runs in " in text
    assert "4 of 4 pictures" in text and text.count("control 0 of 4") == 2
    found = json.loads(said(capsys, "list", "--json", "--search", "steps=6"))
    assert [run["id"] for run in found] == [2] and found[0]["settings"]["steps"] == 6
    assert [run["id"] for run in json.loads(said(capsys, "list", "--json", "--ascending", "--most", "1"))] == [1]
    assert "0 of 0 runs in the bin" in said(capsys, "list", "--deleted")


def test_show_says_everything(here: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    store.annotate(here, 1, "first\nsecond")
    text = said(capsys, "show", "1")
    for part in (
        "4 of 4",
        "against the control",
        "steps:",
        "second",
        store.find(here, 1).fingerprints["model"],
        "torch:",
    ):
        assert part in text
    found = json.loads(said(capsys, "show", "1", "--json"))
    assert found["summary"]["scores"]["ratio"]["training"]["beat"] == 4 and found["note"] == "first\nsecond"


def test_compare_tells_what_differs(here: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "compare", "1", "2")
    assert "Run 1 (baseline)" in text and "Steps" in text and "Model" not in text
    assert "× 1 (" in text and "4 of 4" in text
    store.pin(here, 2)
    assert json.loads(said(capsys, "compare", "1", "2", "--json"))["baseline"] == 2


def test_pin_rename_note(here: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "rename", "1", "my  *run*") == "Run 1 is renamed: my *run*\n"
    said(capsys, "note", "1", "look")
    said(capsys, "pin", "1")
    run = store.find(here, 1)
    assert (run.name, run.note, run.pinned) == ("my *run*", "look", True)
    assert "1* " in said(capsys, "list")
    said(capsys, "unpin", "1")
    assert not store.find(here, 1).pinned


def test_delete_restore_clean(here: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "delete", "1", "2")
    assert store.counted(here) == 0
    said(capsys, "restore", "2")
    assert [run.id for run in store.listed(here)] == [2]
    assert said(capsys, "clean", "--older-than", "1").startswith("0 kB")
    assert store.counted(here, deleted=True) == 1
    assert "1 run in the bin; `runs clean` would free" in said(capsys, "folder")
    assert not said(capsys, "clean").startswith("0 kB")
    assert store.counted(here, deleted=True) == 0 and not here.run_folder(1).exists()
    assert "4 of 4" in said(capsys, "show", "2")


def test_a_damaged_run_is_named_and_can_be_put_into_the_bin(
    here: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    with here.connect() as database:
        database.execute("UPDATE runs SET asked = 'many' WHERE id = 1")
    assert main(["runs", "list"]) == 0
    out, error = capsys.readouterr()
    assert "extract 2: ideal" in out and "1 of 2 runs in " in out
    assert "Run 1 is damaged: its number of pictures cannot be 'many'; the others are shown." in error
    assert "`python -m side_core runs delete 1` takes off the list." in error
    assert main(["runs", "show", "1"]) == 2 and "Run 1 is damaged" in capsys.readouterr().err
    said(capsys, "delete", "1")
    assert main(["runs", "list"]) == 0 and "damaged" not in capsys.readouterr().err
    assert "Brought back: 1" in said(capsys, "restore", "1")


def test_a_damaged_list_is_told_and_its_runs_come_back(here: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    (here.folder / "history.sqlite").write_bytes(b"")
    for _ in range(2):  # until its folder is deleted
        assert main(["runs", "list"]) == 0
        out, error = capsys.readouterr()
        assert "extract 1: ideal" in out and "extract 2: ideal" in out
        assert "The list of runs was damaged (it is empty): it is set aside in" in error
    shutil.rmtree(here.folder / "damaged")
    assert main(["runs", "list"]) == 0 and not capsys.readouterr().err


def test_export_writes_a_zip(here: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "run.zip"
    said(capsys, "export", "1", "--out", str(out))
    with zipfile.ZipFile(BytesIO(out.read_bytes())) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("run.json"))["settings"]["model"] == "ideal"


def test_control_characters_never_reach_the_terminal(here: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    store.rename(here, 1, "red \x1b[31m\x07 \u202e")
    store.annotate(here, 1, "note \x1b]0;title\x07")
    for action in (["list"], ["show", "1"], ["compare", "1", "2"], ["pin", "1"]):
        text = said(capsys, *action)
        assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["show", "99"], "There is no run 99: it was deleted for good"),
        (["show", "one"], "run cannot be 'one': give a whole number from 0 on; `python -m side_core runs list` shows"),
        (["show", "²"], "run cannot be '²'"),
        (["show", "9" * 30], "run cannot be '999"),
        (["compare", "1"], "A comparison takes 2 to 8 different runs, and 1 is given"),
        (["compare", "1", "1"], "and 1 is given"),
        (["list", "--sort", "size"], "Runs cannot be sorted by 'size': choose created, share"),
        (["list", "--most", "-1"], "most cannot be '-1'"),
        (["rename", "1", "x" * 201], "has 201 characters"),
        (["delete", "1", "99"], "There is no run 99"),
        (["clean", "--older-than", "soon"], "older-than cannot be 'soon': give a whole number from 0 on."),
        (["export", "1", "--out", "."], "'.' is a folder: name a file, for example run-1.zip."),
        (["export", "1", "--out", "/no/such/run.zip"], "'/no/such/run.zip' cannot be written (No such file"),
    ],
)
def test_a_mistake_gets_one_sentence(
    here: Workspace, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    capsys.readouterr()
    assert main(["runs", *arguments]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err and captured.err.count("\n") == 1 and captured.out == ""
    assert store.counted(here) == 2  # nothing was changed


def test_no_history_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path / "workspace"))
    assert main([*SMALL, "--steps", "2", "--out", str(tmp_path / "out"), "--no-history"]) == 0
    assert store.counted(open_workspace()) == 0
