"""Ten thousand runs: how long the history takes to list them."""

import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser

from side_core.runs.opening import open_workspace
from side_core.runs.run import NewRun
from side_core.runs.store import begin, counted, end, listed
from side_core.runs.workspace import Workspace
from side_core.settings import ExtractSettings
from soak.browser import tab
from soak.server import server

RUNS, ROUNDS = 10_000, 5


def listing_figures(browser: Browser) -> dict[str, float]:
    """Seconds until the first fifty of 10,000 runs are read, searched and counted; and until the page shows them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workspace = open_workspace(folder)
        fill(workspace)
        seconds = []
        for number in range(ROUNDS):
            start = time.perf_counter()
            assert len(listed(workspace, search=f"seed {number}")) == 50
            counted(workspace)
            seconds.append(time.perf_counter() - start)
        with server(SIDE_WORKSPACE=name) as app:
            page = tab(browser)
            page.goto(f"{app.address}/history")  # the first visit also imports what pages need
            page.get_by_text("10,000 runs").first.wait_for()
            start = time.perf_counter()
            page.get_by_label("Search", exact=True).fill("seed")
            page.keyboard.press("Enter")
            page.wait_for_timeout(50)
            page.wait_for_function("() => !document.querySelector('[data-testid=\"stStatusWidget\"]')")
            shown = time.perf_counter() - start
            page.context.close()
    return {"listing_runs": RUNS, "listing_seconds": statistics.median(seconds), "listing_page_seconds": shown}


def fill(workspace: Workspace) -> None:
    """Note 10,000 finished runs as the app notes them, but for the syncing of each."""
    settings = ExtractSettings()
    new = NewRun("extract", settings.model, settings.model_dump(mode="json"), {"model": "f" * 64}, 16, "k" * 32)
    summary = {"versions": {}, "scores": {"ratio": "x" * 4000}}
    first = end(workspace, begin(workspace, new).id, "finished", 16, summary, "d1/d2 < 0.333: 1 of 16", 0.0625)
    with workspace.connect() as database:
        names = [
            row["name"] for row in database.execute("PRAGMA table_info(runs)") if row["name"] not in ("id", "digest")
        ]
        columns = ", ".join(names)
        for number in range(1, RUNS):
            database.execute(
                f"INSERT INTO runs (digest, {columns}) SELECT digest || ?, {columns} FROM runs WHERE id = ?",
                (number, first.id),
            )
        database.execute(
            "INSERT INTO summaries SELECT runs.id, json FROM runs JOIN summaries ON summaries.id = ? WHERE runs.id > ?",
            (first.id, first.id),
        )
