"""What a page shows is kept in the workspace and found again; trouble there stops nothing."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.extract import results
from pages._parts.runtime import pictures, recording
from pages._parts.runtime.stop import Ended
from side_core.runs import store
from side_core.runs.database.connection import DATABASE, VERSION
from side_core.runs.opening import open_workspace
from side_core.runs.reading import result_in
from side_core.runs.workspace import Workspace
from side_core.sampling import missing
from tests.pages import app
from tests.pages.app import pairs_of

LINK = {"model": "ideal", "count": "3", "steps": "4", "mode": "exact"}


@pytest.fixture(autouse=True)
def own_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Each test has an empty workspace, and no picture in memory."""
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path / "workspace"))
    forget_pictures()
    yield tmp_path / "workspace"
    forget_pictures()


def forget_pictures() -> None:
    """As after a restart."""
    pictures.MEMORY.clear()


def opened(**link: str) -> AppTest:
    """The page as a link opens it, with few quick pictures."""
    return app.opened(**LINK | link)


def captions(app: AppTest) -> str:
    return "\n".join(item.value for item in app.caption)


def workspace() -> Workspace:
    found = recording.workspace()
    assert found is not None
    return found


def test_what_is_drawn_is_kept_and_says_so() -> None:
    app = opened(seed="3")
    (run,) = store.listed(workspace())
    assert f"Kept as run {run.id}." in captions(app)
    assert (run.state, run.finished, run.settings["seed"]) == ("finished", 3, 3)
    assert result_in(workspace(), run).names == ("3", "4", "5")
    app.run()
    assert store.counted(workspace()) == 1


def test_after_a_restart_nothing_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = opened()
    forget_pictures()

    def never(*arguments: Any) -> Iterator[Any]:
        raise AssertionError("it draws again")
        yield

    monkeypatch.setattr(missing, "draw", never)
    again = opened()
    assert not again.exception and "The same as run 1 of" in captions(again)
    pairs = [pairs_of(app) for app in (before, again)]
    assert len(pairs[0]) == 3 and pairs[0] == pairs[1]
    real = results.show_gallery
    seed = pairs[0][0].rpartition("seed ")[2]
    monkeypatch.setattr(results, "show_gallery", lambda *about: real(*about) or seed)  # as a click does
    again.run()
    assert "Path as GIF" in [item.label for item in again.get("download_button")]  # the way from noise is kept, too


def test_moving_the_threshold_leaves_one_run_and_another_seed_a_second() -> None:
    app = opened()
    app.slider(key="threshold_ratio").set_value(0.5).run()
    (run,) = store.listed(workspace())
    assert run.settings["threshold"] == 0.5
    app.number_input(key="seed").set_value(50).run()
    assert store.counted(workspace()) == 2


def test_a_run_of_yesterday_is_not_replaced() -> None:
    opened()
    other_session = opened()
    other_session.slider(key="threshold_ratio").set_value(0.5).run()
    assert store.counted(workspace()) == 2


def test_stopped_in_the_middle_what_is_finished_is_in_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    real = missing.draw

    def interrupted(*arguments: Any) -> Iterator[Any]:
        for drawing in real(*arguments):
            if drawing.done == 6:  # in the second batch
                raise Ended  # as at the next step of work that is stopped
            yield drawing

    monkeypatch.setattr(missing, "draw", interrupted)
    opened(count="20")
    (run,) = store.listed(workspace())
    assert (run.state, run.finished, run.asked) == ("cancelled", 16, 20)


def test_a_workspace_of_a_newer_version_gets_a_sentence_and_the_page_goes_on(own_workspace: Path) -> None:
    open_workspace(own_workspace)
    database = sqlite3.connect(own_workspace / DATABASE)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    app = opened()
    assert not app.exception and len(pairs_of(app)) == 3
    assert any("made by a newer version" in item.value for item in app.warning)


def test_a_public_app_keeps_nothing(own_workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    app = opened()
    assert not app.exception and "Kept as run" not in captions(app)
    assert not own_workspace.exists()


def test_after_a_clean_up_what_is_shown_is_written_again(own_workspace: Path) -> None:
    app = opened()
    (run,) = store.listed(workspace())
    for file in (own_workspace / "pictures").rglob("*.png"):
        file.unlink()
    app.slider(key="threshold_ratio").set_value(0.5).run()
    (run,) = store.listed(workspace())
    assert len(result_in(workspace(), run).names) == 3
