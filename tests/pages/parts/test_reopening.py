"""Drop an exported file in the sidebar, see what it is, open it; whatever else is dropped gets a sentence."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.links import reopened
from pages._parts.links.reopening import _DROPPED
from side_core.runs import store
from side_core.runs.exchange.tagged_png import tagged_png
from side_core.runs.opening import open_workspace
from side_core.runs.run import NewRun
from side_core.settings import ExtractSettings, ScoreSettings, Settings
from tests.pages.app import ROUTER

PRINTS = {"model": "abcdef0123456789" * 4, "data": "9876543210fedcba" * 4}


def alone() -> None:
    """An app that is nothing but the part."""
    from pages._parts.links.reopening import reopen_input

    reopen_input()


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that were opened."""
    seen: list[Settings] = []
    monkeypatch.setattr(reopened, "take_over", seen.append)
    return seen


@pytest.fixture
def drop(taken: list[Settings]) -> Callable[[str, bytes], AppTest]:
    """Drop a file on the part."""

    def dropped(name: str, content: bytes) -> AppTest:
        app = AppTest.from_function(alone, default_timeout=30).run()
        assert not app.button
        app.file_uploader[0].upload(name, content).run()
        assert not app.exception
        return app

    return dropped


def text_of(app: AppTest) -> str:
    """Everything the part says."""
    kinds = ("markdown", "caption", "warning", "error")
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", "\n".join(item.value for kind in kinds for item in app.get(kind)))


def picture(settings: Settings, **about: object) -> bytes:
    """An exported picture."""
    said = {"settings": settings.model_dump(mode="json"), "digest": settings.digest, "fingerprints": PRINTS}
    return tagged_png(np.zeros((4, 4, 3), np.uint8), said | about)


def test_a_picture_says_what_it_is_and_opens_its_run(
    drop: Callable[[str, bytes], AppTest], taken: list[Settings]
) -> None:
    settings = ExtractSettings(count=7, seed=3, surrogate="pixel-faces", guidance_scale=12, score="nl2")
    app = drop("4.png", picture(settings, seed=4))
    said = text_of(app)
    for words in (
        "Draws with a model",
        "Picture: seed 4",
        "Model: pixel-faces",
        "7 from seed 3 on, 25 steps",
        "Surrogate: pixel-faces, λ 12",
        "Normalised L2, by pixel",
        "model abcdef012345 · data 9876543210fe",
    ):
        assert words in said
    assert not app.warning and not taken
    app.button(key="reopen-run").click().run()
    assert taken == [settings]


def test_what_is_dropped_beside_it_opens_at_once_and_only_once(
    drop: Callable[[str, bytes], AppTest], taken: list[Settings]
) -> None:
    settings = ExtractSettings(count=7, seed=3)
    app = drop(f"{_DROPPED}4.png", picture(settings, seed=4))
    assert taken == [settings]
    app.run()
    assert taken == [settings]


def test_a_scored_run_opens(drop: Callable[[str, bytes], AppTest], taken: list[Settings]) -> None:
    settings = ScoreSettings(samples="their/*pictures*", data="my/faces")
    app = drop("run.json", json.dumps({"settings": settings.model_dump(mode="json")}).encode())
    assert "Scores pictures that others generated" in text_of(app) and "Pictures: their/*pictures*" in text_of(app)
    app.button(key="reopen-run").click().run()
    assert taken == [settings]


def test_edited_settings_are_told_and_open(drop: Callable[[str, bytes], AppTest], taken: list[Settings]) -> None:
    app = drop("x.png", picture(ExtractSettings(count=2), digest="0" * 16))
    assert "edited after the run" in app.warning[0].value
    app.button(key="reopen-run").click().run()
    assert taken == [ExtractSettings(count=2)]


def test_own_folders_of_an_export_are_found_again_by_the_history(
    drop: Callable[[str, bytes], AppTest], taken: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path / "workspace"))
    file = picture(ExtractSettings(model="ideal", data="photos"), places=["data"])
    assert "The training images 'photos': an own folder or file of whoever made this" in text_of(drop("0.png", file))
    mine = ExtractSettings(model="ideal", data="/srv/photos")
    store.begin(open_workspace(), NewRun("extract", "ideal", mine.model_dump(mode="json"), PRINTS, 1))
    app = drop("0.png", file)
    assert "The training images 'photos': taken from '/srv/photos'" in text_of(app)
    app.button(key="reopen-run").click().run()
    assert taken == [mine]
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    assert "/srv/photos" not in text_of(drop("0.png", file))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a photo", "it is none of what is exported here; drop a PNG picture, run.json or the zip."),
        (b'{"settings": {"steps": 0}}', "steps cannot be 0: choose 1 or more."),
        (b"", "it is empty."),
    ],
)
def test_another_file_gets_a_sentence_with_its_name_as_text(
    drop: Callable[[str, bytes], AppTest], content: bytes, sentence: str
) -> None:
    app = drop("<b>*a*</b> ![](x).png", content)
    assert [item.value.replace("\\", "") for item in app.error] == [
        f"'<b>*a*</b> ![](x).png' cannot be opened: {sentence}"
    ]
    assert r"\<b\>\*a\*" in app.error[0].value
    assert not app.button


@pytest.mark.parametrize("page", ["extract.py", "models.py"])
def test_it_stands_in_the_sidebar_of_every_page(page: str) -> None:
    app = AppTest.from_file(ROUTER, default_timeout=120)
    app.query_params["model"] = "ideal"
    app.query_params["count"] = "2"
    app.run()
    if page != "extract.py":
        app.switch_page(page).run()
    assert not app.exception
    assert [item.label for item in app.sidebar.get("file_uploader")] == [
        "Drop an exported picture, run.json or zip here, or anywhere on the page"
    ]


def test_a_public_app_takes_smaller_files(monkeypatch: pytest.MonkeyPatch) -> None:
    app = AppTest.from_function(alone, default_timeout=30).run()
    assert app.file_uploader[0].proto.max_upload_size_mb == 64
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    assert app.run().file_uploader[0].proto.max_upload_size_mb == 8


def test_a_public_app_opens_no_larger_file_whatever_the_browser_sent(
    drop: Callable[[str, bytes], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setattr(reopened, "read_exported", lambda *_: pytest.fail("it was parsed"))
    app = drop("run.json", bytes(9 * 2**20))
    assert [item.value.replace("\\", "") for item in app.error] == [
        "upload-mib of 'run.json' cannot be 9: this app is public and allows 8 or less; "
        "run the app on your own machine for more."
    ]
