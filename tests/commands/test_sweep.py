"""The command line of sweeps: what is left in the folder, what is not done again, one sentence for every mistake."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from side_core.commands.main import main
from side_core.sampling import missing

SMALL = ["sweep", "--model", "ideal", "--mode", "exact", "--count", "5", "--steps", "3"]
STEPS = [*SMALL, "--x", "steps=2,4"]


def swept(out: Path, *more: str) -> dict[str, Any]:
    """A finished sweep as its JSON says."""
    assert main([*more, "--out", str(out)]) == 0
    return json.loads((out / "sweep.json").read_text(), parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep of plain sampling."""
    folder = tmp_path_factory.mktemp("sweeps") / "plain"
    swept(folder, *STEPS)
    return folder


@pytest.fixture(scope="module")
def surrogate(make_surrogate: Callable[..., Path]) -> str:
    return str(make_surrogate())


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Steps of each sample set that is drawn."""
    found: list[int] = []
    real = missing.draw

    def counted(denoiser: Any, settings: Any, *more: Any) -> Iterator[Any]:
        found.append(settings.steps)
        return real(denoiser, settings, *more)

    monkeypatch.setattr(missing, "draw", counted)
    return found


def test_a_sweep_leaves_tables_and_pictures(out: Path) -> None:
    rows = list(csv.DictReader((out / "sweep.csv").read_text().splitlines()))
    assert [row["steps"] for row in rows] == ["2", "4"]
    for row in rows:  # a score never without its control, its count and its interval
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"])
        assert float(row["control_low"]) <= float(row["control_value"]) <= float(row["control_high"])
        assert row["count"] == "5" and 0 <= int(row["beat"]) <= 5 and row["curve"] == "none"
    summary = json.loads((out / "sweep.json").read_text())
    assert summary["complete"] and summary["axes"] == [{"name": "steps", "values": [2, 4]}]
    assert summary["data"]["source"] == "pixel-faces[0:1000]" and summary["control"]["searched"] == 1000
    assert [cell["settings"]["steps"] for cell in summary["cells"]] == [2, 4]
    assert np.asarray(Image.open(out / "sweep.png")).shape == (700, 1000, 3)
    assert len(np.asarray(Image.open(out / "grid.png"))) > 2 * 64
    assert len(list((out / "pictures").glob("*/*.npz"))) == len(list((out / "parts").iterdir())) == 2
    assert not [path for path in out.rglob("*") if "partial" in path.name]


def test_nothing_is_done_again_and_values_may_be_added(
    out: Path, drawn: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    before = (out / "sweep.csv").read_text()
    swept(out, *STEPS, "--resume")
    assert not drawn and (out / "sweep.csv").read_text() == before
    assert "All pictures of 2 cells are drawn." in capsys.readouterr().err
    swept(out, *SMALL, "--x", "steps=2,3,4", "--resume")
    assert drawn == [3]
    swept(out, *STEPS, "--score", "nl2", "--metric", "ums-published", "--y", "threshold=0.5,1", "--resume")
    assert drawn == [3]
    shown = capsys.readouterr().out
    assert "steps 4, threshold 1: " in shown and " of 5 pictures; control " in shown
    assert main([*STEPS, "--out", str(out)]) == 2
    assert "holds results already: resume them" in capsys.readouterr().err


def test_an_interrupted_sweep_says_what_it_has_and_goes_on(
    tmp_path: Path, drawn: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = missing.draw

    def interrupted(denoiser: Any, settings: Any, *more: Any) -> Iterator[Any]:
        if settings.steps == 4:
            raise KeyboardInterrupt
        return real(denoiser, settings, *more)

    with monkeypatch.context() as patch:
        patch.setattr(missing, "draw", interrupted)
        assert main([*STEPS, "--out", str(tmp_path)]) == 130
    told = capsys.readouterr()
    assert "1 of 2 cells are finished. Go on with --resume." in told.err and "steps 2: " in told.out
    assert not json.loads((tmp_path / "sweep.json").read_text())["complete"]
    drawn.clear()
    assert swept(tmp_path, *STEPS, "--resume")["complete"] and drawn == [4]


def test_methods_side_by_side(surrogate: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--x", "guidance-scale=0:20:20", "--surrogates", surrogate, "none", "--metric", "ums", "--json"]
    summary = swept(tmp_path, *SMALL, *more)
    assert json.loads(capsys.readouterr().out) == summary
    assert [cell["curve"] for cell in summary["cells"]] == [surrogate, surrogate, "none", "none"]
    off, _, plain, same = ({**cell, "curve": "", "values": [], "settings": {}} for cell in summary["cells"])
    assert off == plain == same  # lambda 0 is plain sampling
    assert summary["surrogates"].keys() == {surrogate}
    pictures = [np.load(path)["images"] for path in (tmp_path / "pictures").glob("*/*.npz")]
    assert len(pictures) == 2 and all(images.shape == (5, 16, 16, 3) for images in pictures)


def test_the_effect_has_its_own_control(surrogate: str, tmp_path: Path) -> None:
    more = ["--x", "guidance-scale=0:20:20", "--surrogate", surrogate, "--metric", "effect", "--threshold", "1"]
    off, _ = swept(tmp_path, *SMALL, *more)["cells"]
    assert off["figure"]["value"] == 1 and off["beat"] >= 1
    assert off["control"]["low"] <= 1 <= off["control"]["high"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--x", "stpes=5"], "there is no setting 'stpes' to sweep"),
        (["--x", "steps=50:10:5"], "the range '50:10:5' runs backwards"),
        (["--x", "steps=5,2000"], "steps cannot be '2000': choose 1000 or less."),
        (["--x", "eta=0,1", "--solver", "multistep"], "The multistep solver adds no noise, but eta is 1.0"),
        (["--x", "guidance-scale=0:5:1"], "Guidance-scale varies, but nothing steers: name a surrogate."),
        (["--x", "score=nl2,cosine"], "Score 'cosine' compares directions"),
        (["--x", "steps=5", "--metric", "ums-published"], "score ratio is about the nearest alone"),
        (["--x", "steps=5", "--surrogate", "/no/such"], "There is no surrogate '/no/such'"),
        (["--x", "steps=500,999", "--count", "9999", "--minutes", "0.001"], "more than the 0.001 it may: name fewer"),
        ([], "x is missing: give a value."),
    ],
)
def test_a_mistake_gets_one_sentence(
    more: list[str], sentence: str, tmp_path: Path, drawn: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SMALL, *more, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert sentence in told[-1] and not drawn


def test_without_a_control_ams_is_refused(pipeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = ["sweep", "--model", str(pipeline), "--data", "pixel-faces[0:60]", "--count", "2", "--x", "steps=1,2"]
    assert main([*own, "--out", str(tmp_path)]) == 2
    assert "Metric ams needs a control" in capsys.readouterr().err
    cells = swept(tmp_path, *own, "--metric", "median")["cells"]
    assert [cell["control"] for cell in cells] == [None, None] and cells[0]["figure"]["value"] > 0
