"""`evaluate side`: one table of all methods, resumed without repeating, never mixed."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from side_core.commands.main import main
from side_core.sampling import missing
from side_core.sampling.drawing import draw

RUN = [
    "evaluate",
    "side",
    *("--model", "ideal", "--twin", "ideal", "--mode", "exact", "--count", "64", "--steps", "4"),
    *(
        "--preset",
        "quick",
        "--synthetic-count",
        "128",
        "--train-steps",
        "5",
        "--encoder",
        "pixel",
        "--surrogate-seeds",
        "2",
    ),
]
ALL = ["plain", "side-0", "side-1", "time-independent", "random", "cells", "twin", "k-means", "attribute"]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("evaluations") / "all"
    assert main([*RUN, "--out", str(out)]) == 0
    return out


def test_every_method_has_its_row_with_control_count_and_interval(out: Path) -> None:
    found = json.loads((out / "table.json").read_text())
    assert list(found["methods"]) == ALL
    for figures in found["methods"].values():
        assert figures["ams"]["count"] == figures["control"]["count"] == 64
        assert figures["ams"]["low"] <= figures["ams"]["share"] <= figures["ams"]["high"]
        assert figures["control"]["share"] <= 0.005
        assert 0 <= figures["coverage"] <= 1 and figures["frechet"] > 0
        assert figures["different"]["low"] <= figures["different"]["value"] <= figures["different"]["high"]
    assert found["methods"]["plain"]["ams"]["beat"] == 64  # the perfect memoriser
    rows = list(csv.DictReader((out / "table.csv").read_text().splitlines()))
    assert [row["method"] for row in rows] == 2 * ALL  # by the control's rate, and by the usual threshold
    assert all(float(row["threshold"]) == pytest.approx(1 / 3) for row in rows[len(ALL) :])
    assert found["methods"]["plain"]["usual"]["ams"]["beat"] == 64 and found["usual_threshold"] == 1 / 3
    assert (out / "table.md").read_text().count("| 64 |") == 0
    assert np.asarray(Image.open(out / "chart.png")).shape[1:] == (1000, 3)
    assert {path.stem for path in (out / "pictures").iterdir()} == set(ALL)


def test_baselines_have_as_many_labels_as_side(out: Path) -> None:
    cards = {
        name: json.loads((out / "surrogates" / name / "card.json").read_text())
        for name in ("side-0", "random", "cells", "attribute", "time-independent")
    }
    kept = len(cards["side-0"]["clusters"]["kept"])
    assert len(cards["random"]["clusters"]["cohesion"]) == len(cards["cells"]["clusters"]["cohesion"]) == kept
    assert cards["time-independent"]["network"]["timed"] is False
    assert len(cards["attribute"]["clusters"]["kept"]) == 45  # hair styles of the faces
    assert cards["attribute"]["synthetic"]["source"].startswith("pixel-faces")


def test_a_second_run_draws_and_trains_nothing_and_says_the_same(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (out / "table.md").read_text()

    def never(*arguments: object, **named: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(missing, "draw", never)
    assert main([*RUN, "--out", str(out)]) == 0
    assert (out / "table.md").read_text() == before


def test_a_killed_evaluation_goes_on_where_it_was(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(denoiser, settings, seeds, guide):  # type: ignore[no-untyped-def]
        for drawing in draw(denoiser, settings, seeds, guide):
            if len(asked) >= 90 and not (tmp_path / "killed").exists():
                (tmp_path / "killed").touch()
                raise KeyboardInterrupt
            asked.extend(drawing.seeds if drawing.images is not None else ())
            yield drawing

    monkeypatch.setattr(missing, "draw", counted)
    folder = tmp_path / "again"
    some = [*RUN, "--methods", "plain", "side", "--surrogate-seeds", "1", "--batch-size", "32", "--out", str(folder)]
    assert main(some) == 130
    assert main(some) == 0
    assert len(asked) == 2 * 64  # each image once, but for what the kill cost
    found = [json.loads((place / "table.json").read_text())["methods"]["side-0"] for place in (out, folder)]
    assert found[0]["ams"] == found[1]["ams"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (["--model", "pixel-faces"], "holds an evaluation of another model: results are not mixed"),
        (["--data", "pixel-faces[0:900]"], "holds an evaluation of other training images"),
        (["--control", "pixel-faces[3000:4000]"], "holds an evaluation of another control"),
        (["--train-steps", "30"], "holds an evaluation with surrogates made otherwise"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_results_are_not_mixed_in_one_folder(
    out: Path, changes: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RUN, *changes, "--out", str(out)]) == 2
    assert sentence in capsys.readouterr().err


def test_two_arithmetics_are_not_mixed(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    about = json.loads((out / "evaluation.json").read_text())
    (tmp_path / "evaluation.json").write_text(json.dumps(about | {"arithmetic": "bfloat16"}))
    assert main([*RUN, "--mode", "fast", "--out", str(tmp_path)]) == 2
    assert "holds an evaluation in bfloat16, and here it would go on in float32" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (["--methods", "plain", "twin"], "The twin test needs the method side"),
        (["--methods", "plain", "magic"], "methods-1 cannot be 'magic'"),
        (["--methods", "attribute", "--attribute", "mood"], "have no attribute 'mood' (they have hair"),
        (["--control-rate", "0"], "Control-rate cannot be '0': choose more than 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_gets_one_sentence(
    tmp_path: Path, changes: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RUN, *changes, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert sentence.lower() in said.lower() and "Traceback" not in said
