"""A family of tiny models: how it is trained, found again and measured."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from side_core.commands.main import main
from side_core.dpm.folder import read_card
from side_core.dpm.training.growth import train_growth
from side_core.progress import finish
from side_core.settings import TrainGrowthSettings
from side_core.settings.theory import TheorySettings
from side_core.theory.family import family_in
from side_core.theory.growth import alike, effective_memorisation, share_curves, time_curves
from side_core.theory.job import open_job

TINY = {"channels": (16, 16), "attention_head_dim": 8, "batch_size": 4, "bfloat16": False}
DATA, OTHERS, CONTROL = "pixel-faces[0:16]", "pixel-faces[100:116]", "pixel-faces[200:216]"


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models on 8 and 16 faces, each with a twin, and one on the way."""
    out = tmp_path_factory.mktemp("family")
    settings = TrainGrowthSettings.read(TINY | {"sizes": (8, 16), "steps": 4, "keep_every": 2})
    list(train_growth(DATA, OTHERS, settings, out))
    return out


def test_each_model_has_its_images_and_its_twin_others(family: Path) -> None:
    members = family_in(family, CONTROL)
    assert [(member.size, member.steps, member.final) for member in members] == [
        *((8, 2, False), (8, 4, True), (16, 2, False), (16, 4, True))
    ]
    last = members[-1]
    assert (last.data, last.twin_data, last.control) == (DATA, OTHERS, CONTROL)
    assert members[1].data == "pixel-faces[0:8]" and members[1].twin_data == "pixel-faces[100:108]"
    assert members[0].twin is None and len({member.digest for member in members}) == 4
    seeds = [read_card(family / name)["settings"]["seed"] for name in ("growth-8", "growth-8-twin")]
    assert seeds == [0, 1]  # twins start from other weights


def test_resuming_leaves_what_is_finished(family: Path) -> None:
    settings = TrainGrowthSettings.read(TINY | {"sizes": (8, 16), "steps": 4, "keep_every": 2})
    written = (family / "growth-8" / "card.json").stat().st_mtime_ns
    assert list(train_growth(DATA, OTHERS, settings, family, resume=True)) == []
    assert (family / "growth-8" / "card.json").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("data", "sizes", "sentence"),
    [
        (DATA, (8, 32), r"'pixel-faces\[0:16\]' names fewer than 32 images: name more of them, or ask for fewer"),
        ("pixel-faces", (8, 40_000), "Rows 0:40000 do not lie in"),
        (DATA, (8, 4), "sizes grow from 1 on"),
    ],
)
def test_what_cannot_be_trained_gets_a_sentence(
    tmp_path: Path, data: str, sizes: tuple[int, ...], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        list(train_growth(data, OTHERS, TrainGrowthSettings.read(TINY | {"sizes": sizes, "steps": 1}), tmp_path))
    assert not list(tmp_path.iterdir())


def test_the_command_measures_each_model_and_goes_on(family: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = [
        "theory",
        "growth",
        "--family",
        str(family),
        "--control",
        CONTROL,
        "--images",
        "8",
        "--count",
        "8",
        "--no-history",
    ]
    assert main([*asked, "--out", str(out)]) == 0
    found = json.loads((out / "theory.json").read_text())
    rows = found["growth"]
    assert [(row["size"], row["steps"]) for row in rows] == [(8, 2), (8, 4), (16, 2), (16, 4)]
    for row in rows:
        assert 0 <= row["copied_low"] <= row["copied"] <= row["copied_high"] <= 1
        assert row["nats_low"] <= row["nats"] <= row["nats_high"] and row["control_nats"] > 0
        assert (row["agreement"] is None) == (row["steps"] == 2)
    assert (out / "theory.png").is_file() and main([*asked, "--out", str(out), "--resume"]) == 0


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"control": CONTROL, "family": "nowhere"}, "'nowhere' holds no family of models: give a folder that `train"),
        ({"family": "nowhere"}, "A family of one's own needs a control"),
    ],
)
def test_what_is_no_family_gets_a_sentence(asked: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        finish(open_job(TheorySettings.read({"experiment": "growth"} | asked)))


def test_twins_that_draw_the_same_agree_and_others_do_not() -> None:
    random = np.random.default_rng(0)
    one, other = (random.integers(0, 256, (64, 8, 8, 3), np.uint8) for _ in range(2))
    assert alike(one, one) == pytest.approx(np.ones(64))
    assert abs(alike(one, other).mean()) < 0.05


def test_curves_tell_sizes_from_times() -> None:
    def row(size: int, steps: int, copied: float) -> dict[str, Any]:
        names = ("copied", "control_copied", "agreement", "chance")
        figures = dict.fromkeys(names, copied) | {f"{name}_{end}": copied for name in names for end in ("low", "high")}
        return {"size": size, "steps": steps, "images": 64} | figures

    rows = [row(10, 4000, 1.0), row(100, 1000, 0.1), row(100, 4000, 0.6), row(1000, 4000, 0.0)]
    assert effective_memorisation(rows) == 10 and effective_memorisation(rows[1:]) is None
    copies, *_ = share_curves(rows)
    assert copies.at == (10.0, 100.0, 1000.0)
    ends, way = time_curves(rows)
    assert ends.at == (4.0, 40.0, 400.0) and way.at == (10.0, 40.0) and way.name == "N = 100, on the way"
