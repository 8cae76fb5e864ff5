"""The workspace opens again whatever happened to it: killed, full, read-only, newer, shared."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from side_core.data.picture import read_picture
from side_core.runs import store
from side_core.runs.database.connection import DATABASE, VERSION
from side_core.runs.opening import open_workspace
from side_core.runs.reading import result_in
from side_core.runs.run import NewRun
from side_core.runs.space import clean_up, usage
from side_core.runs.workspace import Workspace, workspace_folder
from side_core.sampling.picture_files import seeds_in

ROOT = Path(__file__).parents[2]
NOBODY = 65534
BEGIN = """
import sys
from pathlib import Path
from side_core.runs.opening import open_workspace
from side_core.runs.run import NewRun
from side_core.runs import store
workspace = open_workspace(Path(sys.argv[1]))
"""
# A process that draws one run after the other, as the command line does, and is killed in the middle of one.
DRAW = (
    BEGIN
    + """
import numpy as np
from side_core.runs.recording import begin_run
from side_core.sampling.picture import alone
from side_core.sampling.picture_files import write_picture
for number in range(1000):
    settings = {"seed": 0, "count": 50, "number": number}
    run = begin_run(workspace, NewRun("extract", "model", settings, {}, 50, f"{number:032x}"))
    for seed in range(50):
        image = np.full((16, 16, 3), seed, np.uint8)
        write_picture(workspace.pictures / run.pictures, seed, alone(image))
        print(number, seed, flush=True)
    store.end(workspace, run.id, "finished", 50, {"versions": {}})
"""
)


def in_a_process(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", "-c", code, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def new(number: int = 0) -> NewRun:
    return NewRun("extract", "m", {"seed": 0, "count": 2, "number": number}, {"model": "f"}, 2, "k")


def test_default_folder_is_beside_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIDE_WORKSPACE")
    assert workspace_folder() == ROOT / "workspace"
    monkeypatch.setenv("SIDE_WORKSPACE", "~nobody-of-that-name/x")
    with pytest.raises(ValueError, match="'~nobody-of-that-name/x' is in no home folder"):
        workspace_folder()


def test_killed_in_the_middle_it_opens_again_with_every_finished_picture(tmp_path: Path) -> None:
    command = [sys.executable, "-B", "-c", DRAW, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert process.stdout is not None
    told = []
    for line in process.stdout:
        told.append(tuple(map(int, line.split())))
        if told[-1][0] == 3 and told[-1][1] >= 20:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    workspace = open_workspace(tmp_path)
    with workspace.connect() as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    runs = {run.settings["number"]: run for run in store.listed(workspace)}
    assert [runs[number].state for number in range(3)] == ["finished"] * 3
    last = runs[max(runs)]
    assert last.state == "interrupted"
    for number, seed in told:
        assert read_picture(workspace.pictures / runs[number].pictures / f"{seed}.png").pixels.max() == seed
    assert last.finished == len(seeds_in(workspace.pictures / last.pictures)) >= 21
    assert not list((tmp_path / "owners").glob(f"{process.pid}-*"))


def test_a_run_of_a_server_that_lives_is_left_alone(tmp_path: Path) -> None:
    drawn = tmp_path / "pictures" / "k" / "0.png"
    drawn.parent.mkdir(parents=True)
    drawn.write_bytes(b"a finished picture")
    new_run = "NewRun('extract', 'm', {'seed': 0, 'count': 2}, {}, 2, 'k')"
    code = BEGIN + f"store.begin(workspace, {new_run})\nprint(flush=True)\nsys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-B", "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert other.stdout is not None and other.stdin is not None
    other.stdout.readline()
    assert [run.state for run in store.listed(open_workspace(tmp_path))] == ["running"]
    other.stdin.close()
    other.wait()
    other.stdout.close()
    assert [(run.state, run.finished) for run in store.listed(open_workspace(tmp_path))] == [("interrupted", 1)]


def test_a_run_that_died_before_its_first_picture_is_forgotten(tmp_path: Path) -> None:
    assert in_a_process(BEGIN + "store.begin(workspace, NewRun('sweep', 'm', {}, {}, 1))", tmp_path).returncode == 0
    assert store.counted(open_workspace(tmp_path)) == 0


def test_many_threads_and_two_servers_write_at_once(tmp_path: Path) -> None:
    servers = [open_workspace(tmp_path), open_workspace(tmp_path)]

    def work(number: int) -> int:
        workspace = servers[number % 2]
        run = store.begin(workspace, new(number // 2))
        store.rename(workspace, run.id, f"run {number // 2}")
        return store.end(workspace, run.id, "finished", 2, {"versions": {}}).id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(work, range(60)))
    assert len(set(ids)) == 30  # equal ones are one
    assert {run.name for run in store.listed(servers[0], most=99)} == {f"run {number}" for number in range(30)}


def test_a_newer_workspace_is_left_alone(tmp_path: Path) -> None:
    open_workspace(tmp_path)
    database = sqlite3.connect(tmp_path / DATABASE)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    with pytest.raises(ValueError, match=f"made by a newer version \\(its tables are {VERSION + 1}, known are"):
        open_workspace(tmp_path)


def test_a_place_that_cannot_be_a_folder_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match=r"cannot be used \(Not a directory\).*set SIDE_WORKSPACE"):
        open_workspace(tmp_path / "file" / "workspace")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_read_only_workspace_gets_a_sentence(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "w")
    store.begin(workspace, new())
    for file in [*(tmp_path / "w").rglob("*"), tmp_path / "w"]:
        file.chmod(0o555 if file.is_dir() else 0o444)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == 0 and "pytest" in str(folder):
            folder.chmod(0o755)
    tmp_path.chmod(0o755)
    somebody = BEGIN.replace("workspace = ", f"import os\nos.setuid({NOBODY})\nworkspace = ")
    done = in_a_process(somebody, tmp_path / "w")
    assert "cannot be used (Permission denied), so runs are not kept" in done.stderr.splitlines()[-1]


def test_a_full_disk_gets_a_sentence_and_loses_nothing(workspace: Workspace) -> None:
    store.begin(workspace, new())
    full = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n" + BEGIN
    fill = full + "for n in range(5000): store.begin(workspace, NewRun('sweep', 'm' * 200, {'n': n}, {}, 1))"
    done = in_a_process(fill, workspace.folder)
    assert done.returncode == 1
    assert "so runs are not kept: free some space there" in done.stderr.splitlines()[-1]
    with open_workspace(workspace.folder).connect() as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert store.find(workspace, 1).model == "m"


def test_clean_up_frees_what_no_run_shows(workspace: Workspace) -> None:
    for number, key in enumerate(("a" * 32, "b" * 32)):
        run = store.begin(workspace, NewRun("extract", "m", {"seed": 0, "count": 1, "n": number}, {}, 1, key))
        (workspace.pictures / key).mkdir()
        (workspace.pictures / key / "0.png").write_bytes(b"x" * 1000)
        workspace.run_folder(run.id).mkdir()
        (workspace.run_folder(run.id) / "run.json").write_bytes(b"y" * 500)
    store.delete(workspace, [1])
    assert usage(workspace).in_bin == 1 and usage(workspace).pictures == 2000
    assert clean_up(workspace, older_than=3600) == 0  # it was deleted just now, and may be brought back
    assert clean_up(workspace) == 1500
    assert {folder.name for folder in workspace.pictures.iterdir()} == {"b" * 32}
    assert {folder.name for folder in (workspace.folder / "runs").iterdir()} == {"2"}
    with pytest.raises(ValueError, match="There is no run 1: it was deleted for good"):
        store.restore(workspace, [1])


def test_ten_thousand_runs_are_listed_quickly(workspace: Workspace) -> None:
    run = store.begin(workspace, new())
    with workspace.connect() as database:
        names = "kind, digest, state, owner, model, settings, fingerprints, versions, asked, created"
        for number in range(10_000):
            database.execute(
                f"INSERT INTO runs ({names}) SELECT kind, digest || ?, state, owner, model, settings, fingerprints, "
                "versions, asked, created FROM runs WHERE id = ?",
                (number, run.id),
            )
    start = time.process_time()
    assert len(store.listed(workspace, search="extract", most=50)) == 50
    assert store.counted(workspace, search="extract") == 10_001
    assert time.process_time() - start < 1


def test_results_of_runs_that_are_no_pictures_are_refused(workspace: Workspace) -> None:
    run = store.begin(workspace, NewRun("sweep", "m", {}, {}, 1))
    with pytest.raises(ValueError, match="has no scores to show"):
        result_in(workspace, run)
