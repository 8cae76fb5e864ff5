"""The command line of surrogates: train one, steer with it, and one sentence for every mistake."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from side_core.commands.main import main
from side_core.surrogate.folder import load_surrogate

TRAIN = ["train", "surrogate", "--model", "ideal"]
LEARN = ["--encoder", "pixel", "--label-source", "clusters", "--cohesion", "0.1", "--width", "8", "--mode", "exact"]
TINY = [*LEARN, "--synthetic-count", "160", "--clusters", "4", "--train-steps", "160", "--evaluate-every", "20"]
DRAW = ["extract", "--model", "ideal", "--count", "6", "--steps", "12", "--seed", "30"]


@dataclass(frozen=True)
class Run:
    """A steered run: its folder and what it says."""

    out: Path
    summary: dict
    rows: list[dict[str, str]]


@pytest.fixture(scope="module")
def surrogate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A surrogate of the ideal denoiser, trained in a few seconds."""
    out = tmp_path_factory.mktemp("surrogates") / "tiny"
    assert main([*TRAIN, *TINY, "--out", str(out)]) == 0
    return out


def steered(surrogate: Path, out: Path, *more: str) -> Run:
    assert main([*DRAW, "--surrogate", str(surrogate), *more, "--out", str(out)]) == 0
    rows = list(csv.DictReader((out / "samples.csv").read_text().splitlines()))
    return Run(out, json.loads((out / "run.json").read_text()), rows)


@pytest.fixture(scope="module")
def run(surrogate: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return steered(surrogate, tmp_path_factory.mktemp("runs") / "steered", "--guidance-scale", "20")


def test_training_leaves_a_folder_that_says_what_it_is(surrogate: Path) -> None:
    assert {path.name for path in surrogate.iterdir()} == {"surrogate.safetensors", "clusters.webp", "card.json"}
    card = json.loads((surrogate / "card.json").read_text())
    assert card["synthetic"]["count"] == 160 and card["encoder"]["name"] == "pixel"
    assert card["guidance"]["guidance_scale"] == 15 and card["settings"]["clusters"] == 4
    levels = card["training"]["levels"]
    assert levels[0]["accuracy"] > card["training"]["chance"] and levels[0]["count"] == 16
    assert levels[0]["accuracy"] > levels[-1]["accuracy"]  # the noisiest level cannot be told


def test_a_steered_run_has_both_pictures_of_each_seed_and_says_what_changed(run: Run) -> None:
    for folder in ("images", "plain"):
        assert {path.name for path in (run.out / folder).iterdir()} == {f"{seed}.png" for seed in range(30, 36)}
    about = run.summary["surrogate"]
    assert about["guidance"]["guidance_scale"] == 20 and about["guidance"]["guide_to"] == 100  # the card's
    assert about["damaged"] == [] and about["plain"]["drawn"] == 6
    effect = about["plain"]["scores"]["ratio"]
    assert effect["threshold"] == run.summary["scores"]["ratio"]["threshold"]
    assert effect["training"]["count"] == effect["control"]["count"] == 6
    assert {"ratio", "plain_ratio", "control_ratio", "label"} <= set(run.rows[0])


def test_plain_pictures_are_those_of_a_run_without_a_surrogate(run: Run, tmp_path: Path) -> None:
    assert main([*DRAW, "--out", str(tmp_path / "plain")]) == 0
    for seed in range(30, 36):
        alone = (tmp_path / "plain" / "images" / f"{seed}.png").read_bytes()
        assert alone == (run.out / "plain" / f"{seed}.png").read_bytes()
    assert "surrogate" not in json.loads((tmp_path / "plain" / "run.json").read_text())


def test_a_scale_of_0_is_plain_sampling(run: Run, surrogate: Path, tmp_path: Path) -> None:
    off = steered(surrogate, tmp_path / "off", "--guidance-scale", "0")
    assert not (off.out / "plain").exists() and off.summary["surrogate"]["plain"] is None
    for seed in range(30, 36):
        assert (off.out / "images" / f"{seed}.png").read_bytes() == (run.out / "plain" / f"{seed}.png").read_bytes()


def test_every_image_goes_to_the_label_that_was_chosen(surrogate: Path, tmp_path: Path) -> None:
    kept = load_surrogate(str(surrogate)).kept
    chosen = steered(surrogate, tmp_path / "one", "--label", str(kept[0]), "--guidance-scale", "50")
    assert {row["label"] for row in chosen.rows} == {str(kept[0])}
    balanced = steered(surrogate, tmp_path / "all", "--label", "balanced", "--no-compare-plain")
    assert [int(row["label"]) for row in balanced.rows] == [int(kept[seed % len(kept)]) for seed in range(30, 36)]
    assert not (balanced.out / "plain").exists()


def test_a_steered_run_is_resumed_with_both_kinds(run: Run, surrogate: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    steered(surrogate, out, "--guidance-scale", "20")
    marked = Image.fromarray(np.zeros((16, 16, 3), np.uint8))
    marked.save(out / "images" / "31.png")
    marked.save(out / "plain" / "32.png")
    (out / "images" / "33.png").unlink()
    (out / "plain" / "34.png").unlink()
    steered(surrogate, out, "--guidance-scale", "20", "--resume")
    for folder, kept, drawn in (("images", "31.png", "33.png"), ("plain", "32.png", "34.png")):
        assert not np.asarray(Image.open(out / folder / kept)).any()  # was there, so it was not drawn again
        assert (out / folder / drawn).read_bytes() == (run.out / folder / drawn).read_bytes()


def test_another_scale_is_not_resumed(run: Run, surrogate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = [*DRAW, "--surrogate", str(surrogate), "--guidance-scale", "3", "--out", str(run.out), "--resume"]
    assert main(again) == 2
    assert "cannot be resumed: its pictures are of another model" in capsys.readouterr().err


def test_what_was_learned_before_an_interrupt_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from side_core.surrogate import building

    real = building.train_classifier

    def interrupted(*arguments):  # type: ignore[no-untyped-def]
        for step in real(*arguments):
            if step.done == 90:
                raise KeyboardInterrupt
            yield step

    monkeypatch.setattr(building, "train_classifier", interrupted)
    assert main([*TRAIN, *TINY, "--out", str(tmp_path / "part")]) == 130
    card = load_surrogate(str(tmp_path / "part")).card
    assert card["training"]["steps"] == 89 and card["training"]["best_step"] <= 80


def truncated(folder: Path) -> None:
    file = folder / "surrogate.safetensors"
    file.write_bytes(file.read_bytes()[:1000])


def of_another_model(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    card["model"] = {"name": "somebody's", "fingerprint": "0" * 64}
    (folder / "card.json").write_text(json.dumps(card))


def other_labels(folder: Path) -> None:
    weights = load_file(folder / "surrogate.safetensors")
    weights["head.bias"] = weights["head.bias"][:-1]
    save_file(weights, folder / "surrogate.safetensors")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (truncated, "is damaged"),
        (of_another_model, "The surrogate was made of another model (somebody's, 000000000000"),
        (other_labels, "do not fit its card (4 labels): train the surrogate again."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_spoiled_surrogate_gets_one_sentence(
    surrogate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change, sentence: str
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in surrogate.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    change(copy)
    assert main([*DRAW, "--surrogate", str(copy), "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1 and "Traceback" not in said
    assert not (tmp_path / "run").exists()


def test_a_surrogate_of_another_model_is_used_when_told_to(surrogate: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in surrogate.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    of_another_model(copy)
    run = steered(copy, tmp_path / "run", "--foreign-surrogate")
    assert run.summary["surrogate"]["made_of"]["name"] == "somebody's"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            [*TRAIN, *LEARN, "--synthetic-count", "20", "--clusters", "40"],
            "40 clusters cannot be made of 20 synthetic images",
        ),
        ([*TRAIN, *TINY, "--cohesion", "1.5"], "Cohesion cannot be '1.5': a mean cosine lies between -1 and 1"),
        ([*TRAIN, *TINY, "--cohesion", "0.999"], "All 4 clusters are dropped: the most cohesive has 0."),
        ([*TRAIN, *TINY, "--synthetic", "pixel-faces[0:1000]"], "holds the model's training images"),
        ([*DRAW, "--guidance-scale", "5"], "Guidance-scale is 5.0, but nothing steers: name a surrogate."),
        ([*DRAW, "--surrogate", "/no/such"], "There is no surrogate '/no/such'"),
        ([*DRAW, "--label", "some"], "Label cannot be 'some': give uniform, balanced, or a whole number"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert sentence.lower() in said.lower() and "Traceback" not in said


def test_a_dropped_label_is_named_with_its_cohesion(
    surrogate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*DRAW, "--surrogate", str(surrogate), "--label", "77", "--out", str(tmp_path / "out")]) == 2
    assert "Label 77 does not exist: the surrogate has clusters 0 to 3" in capsys.readouterr().err


def test_a_window_that_is_empty_is_refused(surrogate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    window = ["--guide-from", "100", "--guide-to", "500"]
    assert main([*DRAW, "--surrogate", str(surrogate), *window, "--out", str(tmp_path / "out")]) == 2
    assert "The guidance window from 100 to 500 is empty" in capsys.readouterr().err
