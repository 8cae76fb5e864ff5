"""A run is taken along from Extract: a zip that holds what the page shows, made only when asked for."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pages._parts.show import exporting
from side_core.data.source import open_training_set
from side_core.runs.result import Result
from tests.pages.app import opened


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """What the downloads were given: the functions, which nobody has called yet."""
    seen: list[tuple[str, object]] = []
    button = exporting.st.download_button

    def note(label: str, data: object, file_name: str, *rest: object, **named: object) -> bool:
        seen.append((file_name, data))
        return button(label, data, file_name, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(exporting.st, "download_button", note)
    return seen


def test_a_drawn_run_is_exported_as_it_is_shown(made: list[tuple[str, object]]) -> None:
    app = opened(model="ideal", count="3", seed="40")
    assert not app.exception and [button.label for button in app.get("download_button")][-2:] == [
        "Export",
        "Report (HTML)",
    ]
    (zip_name, zip_of), (page_name, page_of) = made[-2:]
    assert zip_name.startswith("ideal-") and zip_name.endswith(".zip") and page_name == f"{zip_name[:-4]}.html"
    archive = zipfile.ZipFile(io.BytesIO(zip_of()))  # type: ignore[operator]
    about = json.loads(archive.read("run.json"))
    assert (about["settings"]["count"], about["settings"]["seed"], about["drawn"]) == (3, 40, 3)
    assert {f"pictures/{seed}.png" for seed in (40, 41, 42)} <= set(archive.namelist())
    assert page_of() == archive.read("report.html")  # type: ignore[operator]


def test_nothing_is_made_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def premature(_: Result) -> bytes:
        raise AssertionError("made before anybody asked")

    monkeypatch.setattr(exporting, "export_zip", premature)
    monkeypatch.setattr(exporting, "report_html", premature)
    assert not opened(model="ideal", count="2").exception


def test_a_scored_folder_is_exported(made: list[tuple[str, object]], tmp_path: Path) -> None:
    for part, (first, stop) in {"train": (0, 30), "samples": (28, 32), "control": (100, 130)}.items():
        (tmp_path / part).mkdir()
        for i, image in enumerate(open_training_set(f"pixel-faces[{first}:{stop}]").images):
            Image.fromarray(np.ascontiguousarray(image)).save(tmp_path / part / f"{i} <i>.png")
    app = opened(
        pictures="Score a folder",
        samples=str(tmp_path / "samples"),
        data=str(tmp_path / "train"),
        control=str(tmp_path / "control"),
    )
    assert not app.exception
    name, make = made[-2]
    archive = zipfile.ZipFile(io.BytesIO(make()))  # type: ignore[operator]
    assert name.startswith("scored-") and "pictures/0 <i>.png" not in archive.namelist()
    assert sum(member.startswith("pictures/") for member in archive.namelist()) == 4
    assert b"0 &lt;i&gt;.png" in archive.read("report.html")
