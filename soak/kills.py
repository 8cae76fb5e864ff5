"""kill -9 in the middle of a run, fifty times over: what is left must read."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from side_core.data.picture import BadPictureError, read_picture
from side_core.runs.database.connection import DATABASE
from side_core.runs.opening import open_workspace
from side_core.runs.store import listed
from side_core.runs.workspace import Workspace
from side_core.sampling.picture_files import seeds_in

KILLS = 50
CODE = """
import sys
from side_core.commands.main import main
for seed in range(int(sys.argv[1]), 10**6, 1000):
    main(["extract", "--model", "ideal", "--count", "40", "--batch-size", "4", "--steps", "4", "--seed", str(seed),
          "--out", f"{sys.argv[2]}/{seed}"])
    print("run", flush=True)
"""


def kill_figures() -> dict[str, float]:
    """Processes that draw one run after the other are killed at a random moment, all on one workspace.

    `kills_corrupt_rows`: rows that cannot be read, or are said to run though nobody draws them; and whatever SQLite's
    own check complains of. `kills_unreadable_pictures`: pictures whose files cannot be read.
    """
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        environment = os.environ | {"SIDE_WORKSPACE": str(home / "workspace"), "OMP_NUM_THREADS": "1"}
        for number in range(KILLS):
            command = [sys.executable, "-c", CODE, str(number), str(home / "out" / str(number))]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
            while not list((home / "out" / str(number)).glob("*/images/*.png")):
                time.sleep(0.02)
            time.sleep(chance.uniform(0, 1.0))
            process.send_signal(signal.SIGKILL)
            process.wait()
        workspace = open_workspace(home / "workspace")
        runs = listed(workspace, most=10**6)
        corrupt = sum(run.state == "running" for run in runs) + complaints(home / "workspace" / DATABASE)
        pictures, unreadable = read_all(workspace)
        # Each process has its own seeds, so what is there of an interrupted run is what it says it has, or less.
        miscounted = sum(
            run.finished > len(seeds_in(workspace.pictures / run.pictures)) or run.finished == 0
            for run in runs
            if run.state == "interrupted"
        )
    return {
        "kills": KILLS,
        "kills_runs": len(runs),
        "kills_interrupted": sum(run.state == "interrupted" for run in runs),
        "kills_corrupt_rows": corrupt + miscounted,
        "kills_pictures": pictures,
        "kills_unreadable_pictures": unreadable,
    }


def complaints(file: Path) -> int:
    """How many things SQLite's own check finds wrong."""
    database = sqlite3.connect(file)
    found = [row[0] for row in database.execute("PRAGMA integrity_check")]
    database.close()
    return 0 if found == ["ok"] else len(found)


def read_all(workspace: Workspace) -> tuple[int, int]:
    """Read every picture: how many there are, and how many of them cannot be read."""
    files = list(workspace.pictures.rglob("*.png"))
    unreadable = 0
    for file in files:
        try:
            read_picture(file)
        except BadPictureError:
            unreadable += 1
    return len(files), unreadable
