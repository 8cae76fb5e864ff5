"""The command line on one's own pictures: score, resume, tables, and one sentence for every mistake."""

import csv
import json
import shutil
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from side_core.commands.main import main
from side_core.commands.terminal import Progress
from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet
from side_core.files.cache import cache_folder
from side_core.similarity.network import NetworkEncoder

IDEAL = ["extract", "--model", "ideal", "--count", "6", "--steps", "6", "--batch-size", "2"]


def rows_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text().splitlines()))


def run_json(out: Path) -> dict:
    return json.loads((out / "run.json").read_text())


def save_pictures(images: np.ndarray, folder: Path, label: str = "") -> Path:
    """Images as PNG files 000.png, 001.png, ..."""
    (folder / label).mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / label / f"{i:03}.png")
    return folder


@pytest.fixture(autouse=True)
def own_workspace(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pictures of another test are reused."""
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path_factory.mktemp("workspace")))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some pictures of the ideal denoiser."""
    out = tmp_path_factory.mktemp("drawn") / "run"
    assert main([*IDEAL, "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, faces: TrainingSet) -> Path:
    """A folder as an owner would bring it: `train` and `control` with classes, `samples` with copies and others."""
    home = tmp_path_factory.mktemp("own")
    save_pictures(faces.images[:30], home / "train", "first")
    save_pictures(faces.images[30:60], home / "train", "second")
    (home / "train" / "metadata.csv").write_text("file_name,text\nfirst/003.png,a face\n")
    save_pictures(open_training_set("pixel-faces[100:160]").images, home / "control")
    others = open_training_set("pixel-faces[200:206]").images
    save_pictures(np.concatenate([faces.images[[3, 3, 45]], others]), home / "samples")
    return home


def scored(own: Path, out: Path, *more: str) -> dict:
    arguments = ["score", "--samples", str(own / "samples"), "--data", str(own / "train"), "--out", str(out), *more]
    assert main(arguments) == 0
    return run_json(out)


def test_scoring_exported_pictures_gives_the_scores_of_the_run_that_drew_them(drawn: Path, tmp_path: Path) -> None:
    sources = ["--data", "pixel-faces[0:1000]", "--control", "pixel-faces[2000:3000]"]
    assert main(["score", "--samples", str(drawn / "images"), *sources, "--out", str(tmp_path)]) == 0
    before, after = run_json(drawn), run_json(tmp_path)
    for summary in (before, after):  # the model's calibration sets this threshold, where there is a model
        assert all(score.pop("second")["control_rate"] == 0.005 for score in summary["scores"].values())
    assert (
        after["scores"] == {name: score | {"calibrated_control": None} for name, score in before["scores"].items()}
        and after["metrics"] == before["metrics"]
    )
    assert "model" not in after and after["samples"]["rows"] == 6
    first, second = rows_of(drawn / "samples.csv"), rows_of(tmp_path / "samples.csv")
    assert [f"{row.pop('seed')}.png" for row in first] == [row.pop("name") for row in second]
    assert first == second


def test_an_owners_folders_are_scored_against_each_other(own: Path, tmp_path: Path) -> None:
    summary = scored(own, tmp_path, "--control", str(own / "control"))
    ratio = summary["scores"]["ratio"]
    assert (ratio["training"]["beat"], ratio["training"]["count"], ratio["control"]["beat"]) == (3, 9, 0)
    assert summary["metrics"]["bands"]["high"]["training"]["ums_nearest"]["unique"] == 2
    assert {path.name for path in tmp_path.iterdir()} == {
        "run.json",
        "samples.csv",
        "neighbors.csv",
        "training.csv",
        "grid.png",
    }


def test_pictures_are_brought_to_the_size_of_the_training_images(
    own: Path, tmp_path: Path, faces: TrainingSet, capsys: pytest.CaptureFixture[str]
) -> None:
    """A screenshot among the pictures makes no training image large, and larger copies are found all the same."""
    large = [np.kron(image, np.ones((20, 30, 1), np.uint8)) for image in (faces.images[3], faces.images[45])]
    samples = save_pictures(np.stack(large), tmp_path / "samples")
    summary = scored(own, tmp_path / "a", "--samples", str(samples))
    note = f"Pictures: 2 of 2 pictures in '{samples}' were scaled from 480 x 320 and cropped to their centre, 16 x 16"
    assert any(line.startswith(note) for line in summary["notes"]) and "Warning" not in capsys.readouterr().out
    assert all(path.stat().st_size < 10**6 for path in cache_folder().glob("pictures/*/images.npy"))


def test_enlarged_pictures_are_warned_of(own: Path, tmp_path: Path, faces: TrainingSet) -> None:
    small = np.stack([np.asarray(Image.fromarray(image).resize((8, 8))) for image in faces.images[:4]])
    samples = save_pictures(small, tmp_path / "samples")
    summary = scored(own, tmp_path / "a", "--samples", str(samples))
    assert (
        "Pictures of 8 x 8 were enlarged to the training images' 16 x 16 pixels and lack their detail, so copies can "
        "be missed: save training images and control at 8 x 8 and score against these."
    ) in summary["warnings"]


def test_the_table_of_training_images_says_how_often_and_by_which_samples(own: Path, tmp_path: Path) -> None:
    scored(own, tmp_path, "--control", str(own / "control"))
    first, second, *rest = rows_of(tmp_path / "training.csv")
    assert first["training_image"] == "first/003.png" and first["samples"] == "000.png;001.png"
    assert (first["times ratio<0.333"], first["best_ratio"], first["label"], first["caption"]) == (
        "2",
        "0",
        "first",
        "a face",
    )
    assert (second["training_image"], second["times ratio<0.333"]) == ("second/015.png", "1")
    assert all(row["times ratio<0.333"] == "0" and not row["samples"] for row in rest)
    assert sum(int(row["nearest_of"]) for row in (first, second, *rest)) == 9


def test_ten_neighbours_of_each_sample_are_listed_nearest_first(own: Path, tmp_path: Path) -> None:
    scored(own, tmp_path, "--score", "nl2")
    listed, samples = rows_of(tmp_path / "neighbors.csv"), rows_of(tmp_path / "samples.csv")
    assert len(listed) == 9 * 10
    for i, sample in enumerate(samples):
        mine = listed[10 * i : 10 * i + 10]
        assert [row["rank"] for row in mine] == [str(rank) for rank in range(1, 11)]
        assert [row["neighbor"] for row in mine[:2]] == [sample["nearest"], sample["second"]]
        distances = [float(row["distance"]) for row in mine]
        assert distances == sorted(distances)
        assert mine[0]["nl2"] == sample["nl2"]


def test_without_a_control_scores_are_kept_and_the_headline_is_withheld(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = scored(own, tmp_path)
    assert "The headline is withheld" in capsys.readouterr().out
    assert summary["control"] is None and summary["metrics"] is None
    assert set(summary["scores"]["ratio"]) == {"threshold", "median", "withheld"}
    assert list(rows_of(tmp_path / "samples.csv")[0]) == ["sample", "name", "nearest", "second", "l2", "nl2", "ratio"]


def test_a_smaller_control_gets_its_own_columns_and_both_figures(own: Path, tmp_path: Path) -> None:
    summary = scored(own, tmp_path, "--control", f"{own / 'control'}[0:20]")
    assert summary["data"]["searched"] == 60 and summary["data"]["compared_with_control"] == 20
    assert summary["scores"]["ratio"]["all_training"]["beat"] == 3
    assert summary["metrics"]["bands"]["high"]["all_training"]["ams"]["beat"] == 3
    assert any("seeded subsample of 20 of 60 training images" in note for note in summary["notes"])
    columns = list(rows_of(tmp_path / "samples.csv")[0])
    assert columns[4:] == [f"{side}{name}" for side in ("", "compared_", "control_") for name in ("l2", "nl2", "ratio")]


def test_pictures_that_cannot_be_read_are_named_and_the_rest_goes_on(
    own: Path, tmp_path: Path, faces: TrainingSet, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = save_pictures(faces.images[:3], tmp_path / "samples")
    (samples / "001.png").write_bytes(b"no picture")
    arguments = ["score", "--samples", str(samples), "--data", str(own / "train")]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert f"Note: Pictures: 1 of 3 pictures in '{samples}' could not be read and are left out: '001.png'" in printed
    summary = run_json(tmp_path / "out")
    assert summary["drawn"] == 2 and summary["samples"]["skipped"][0]["name"] == "001.png"


def test_a_control_rate_takes_the_thresholds_place(own: Path, tmp_path: Path) -> None:
    summary = scored(own, tmp_path, "--control", str(own / "control"), "--control-rate", "0.2")
    assert all(score["control"]["beat"] <= 1 for score in summary["scores"].values())


def test_resuming_draws_only_what_is_missing(tmp_path: Path, drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted, seen = Progress.show, Counter[str]()

    def show(self: Progress, done: float, *arguments: object) -> None:
        seen[self.what] += 1
        if self.what == "drawing" and 0.5 < done < 0.6:
            raise KeyboardInterrupt
        interrupted(self, done)

    monkeypatch.setattr(Progress, "show", show)
    assert main([*IDEAL, "--out", str(tmp_path)]) == 130
    kept = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "images").iterdir()}
    assert set(kept) == {"0.png", "1.png"}
    monkeypatch.setattr(Progress, "show", interrupted)
    assert main([*IDEAL, "--out", str(tmp_path), "--resume"]) == 0
    assert {name: (tmp_path / "images" / name).stat().st_mtime_ns for name in kept} == kept
    for file in ("samples.csv", "neighbors.csv", "training.csv", "grid.png"):
        assert (tmp_path / file).read_bytes() == (drawn / file).read_bytes()
    assert run_json(tmp_path) == run_json(drawn)


def test_a_finished_run_is_scored_anew_without_drawing(drawn: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    assert main([*IDEAL, "--out", str(out)]) == 0
    before = (out / "path.gif").stat().st_mtime_ns
    assert main([*IDEAL, "--out", str(out), "--resume", "--score", "nl2", "--threshold", "0.7"]) == 0
    assert (out / "path.gif").stat().st_mtime_ns == before  # nothing was drawn
    assert run_json(out)["scores"]["nl2"]["threshold"] == 0.7


def test_describe_says_what_the_page_says(
    own: Path, tmp_path: Path, pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["describe", "--model", str(pipeline), "--data", str(own / "train"), "--control", str(own / "control")]
    assert main(asked) == 0
    text = " ".join(capsys.readouterr().out.split())
    for part in ("Kind: unconditional pixel DPM (U-Net)", "60 of 16 x 16 pixels", "first (30), second (30)"):
        assert part in text
    assert "Captions: 1, for example 'a face'" in text and "Also among the training images: 0" in text
    assert main([*asked, "--json"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["control"]["pictures"] == 60 and described["model"]["image_size"] == [16, 16]


def test_describe_counts_copies_and_overlap(own: Path, pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["describe", "--model", str(pipeline), "--data", str(own / "train"), "--control", str(own / "samples")]
    assert main([*asked, "--json"]) == 0
    control = json.loads(capsys.readouterr().out)["control"]
    assert (control["copies"], control["shared"], control["compared"]) == (1, 3, 6)


def test_mirrored_and_shifted_copies_are_looked_for_on_demand(own: Path, tmp_path: Path) -> None:
    summary = scored(own, tmp_path / "plain", "--control", str(own / "control"))
    assert summary["views"] == ["as it is"] and not {"mirror", "align"} & set(summary["settings"])
    summary = scored(own, tmp_path / "looked", "--control", str(own / "control"), "--mirror", "--align", "1")
    assert len(summary["views"]) == 36 and summary["settings"]["mirror"] is True
    assert any(
        "compared in 36 views: as it is, mirrored, shifted by up to 1 pixel," in note for note in summary["notes"]
    )
    assert {"view"} < set(rows_of(tmp_path / "looked" / "samples.csv")[0])
    unsaid = scored(own, tmp_path / "no", "--control", str(own / "control"), "--no-mirror")
    assert unsaid["views"] == ["as it is"] and unsaid["settings"]["mirror"] is False


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--align", "5"], "align cannot be '5': choose 4 or less."),
        (["--align", "3"], "align is 3, but of 16 x 16 pixels too few would be left: choose less."),
        (
            ["--align", "1", "--encoder", "clip"],
            "Align is 1, but shifts are compared by colours: choose encoder pixel.",
        ),
    ],
)
def test_shifts_that_cannot_be_compared_get_one_sentence(
    own: Path, tmp_path: Path, options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = ["--samples", str(own / "samples"), "--data", str(own / "train")]
    assert main(["score", *sets, "--out", str(tmp_path / "out"), *options]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"side_core: {sentence}"


def test_a_card_that_says_so_has_mirrored_copies_looked_for(
    own: Path, pipeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(pipeline, tmp_path / "model")
    (tmp_path / "model" / "card.json").write_text('{"data": {"source": "somewhere/else", "mirrored": true}}')
    sets = ["--model", str(tmp_path / "model"), "--data", str(own / "train"), "--control", str(own / "control")]
    assert main(["extract", *sets, "--count", "2", "--steps", "2", "--out", str(tmp_path / "out")]) == 0
    summary, text = run_json(tmp_path / "out"), capsys.readouterr().out
    assert summary["views"] == ["as it is", "mirrored"]
    assert f"it was trained on 'somewhere/else', but it is compared with '{own / 'train'}'" in summary["warnings"][0]
    assert f"Warning: {summary['warnings'][0]}" in text


def test_describe_says_what_a_model_is_also_where_its_images_are_not_known(
    pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["describe", "--model", str(pipeline)]) == 0
    text = capsys.readouterr().out
    assert "unconditional pixel DPM (U-Net)" in text
    assert f"Note: The training images of '{pipeline}' are not known" in text
    assert main(["describe", "--model", str(pipeline), "--data", "/no/such"]) == 2
    found = capsys.readouterr()
    assert "unconditional pixel DPM (U-Net)" in found.out and "There is no data source '/no/such'" in found.err


def test_help_shows_no_default_where_a_value_must_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["score"], ["extract"], ["sweep"], ["evaluate", "side"], ["train", "text"]):
        with pytest.raises(SystemExit):
            main([*command, "--help"])
        assert "Undefined" not in capsys.readouterr().out


class Grid(nn.Module):
    """Means over a grid of 4 x 4: features enough to tell faces apart."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(x, 4).flatten(1)


def test_an_encoder_of_ones_own_gives_cosines_and_encodes_nothing_twice(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "grid.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, and what people have
        torch.jit.save(torch.jit.script(Grid()), weights)
    encoded: list[int] = []
    real = NetworkEncoder.__call__

    def counted(self: NetworkEncoder, images: np.ndarray) -> np.ndarray:
        encoded.append(len(images))
        return real(self, images)

    monkeypatch.setattr(NetworkEncoder, "__call__", counted)
    encoder = ["--encoder", "sscd", "--encoder-weights", str(weights), "--control", str(own / "control")]
    summary = scored(own, tmp_path / "first", *encoder, "--score", "cosine", "--threshold", "0.99999")
    assert summary["encoder"]["description"].startswith("SSCD") and "288 x 288" in summary["encoder"]["description"]
    cosine = summary["scores"]["cosine"]
    assert cosine["training"]["beat"] == 3 and cosine["control"]["beat"] <= 6
    assert [row["nearest"] for row in rows_of(tmp_path / "first" / "samples.csv")][:2] == ["first/003.png"] * 2
    assert summary["metrics"]["bands"]["high"]["training"]["ums_published"] is not None
    opening = encoded[0]  # trying the network out
    assert sum(encoded) == opening + 60 + 60 + 9
    encoded.clear()
    scored(own, tmp_path / "again", *encoder, "--score", "ratio")
    assert sum(encoded) == opening


@pytest.mark.parametrize(
    ("arguments", "quoted"),
    [
        (["--samples", "/no/such/folder"], "/no/such/folder"),
        (["--data", "/no/such/folder"], "/no/such/folder"),
        (["--control", "/no/such/folder"], "/no/such/folder"),
        (["--encoder", "dpm"], "'dpm'"),
        (["--encoder", "clip"], "local-dir:"),
        (["--encoder", "clip", "--encoder-weights", "local-dir:/nowhere"], "/nowhere"),
        (["--encoder", "clip", "--encoder-weights", "hf-hub:nobody/nothing"], "nobody/nothing"),
        (["--encoder", "sscd"], "sscd"),
        (["--encoder", "sscd", "--encoder-weights", "README.md"], "README.md"),
        (["--encoder-weights", "x.pt"], "x.pt"),
        (["--encoder", "clip", "--device", "abacus"], "'abacus'"),
        (["--score", "cosine"], "'cosine'"),
        (["--control-rate", "0.01"], "0.01"),
        (["--control-rate", "0.01", "--threshold", "0.5"], "give one of the two"),
        (["--threshold", "much"], "'much'"),
    ],
    ids=" ".join,
)
def test_mistakes_in_scoring_get_one_sentence(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], quoted: str
) -> None:
    usual = {"--samples": str(own / "samples"), "--data": str(own / "train")}
    for name in set(usual) & set(arguments):
        del usual[name]
    given = [part for pair in usual.items() for part in pair]
    assert main(["score", *given, *arguments, "--out", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    (line,) = [line for line in captured.err.splitlines() if line and "reading pictures" not in line]
    assert line.startswith("side_core: ") and quoted in line and captured.out == ""
    assert not (tmp_path / "run.json").exists()


def test_samples_and_data_have_to_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "--data", "pixel-faces", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "side_core: samples is missing: give a value.\n"


@pytest.mark.parametrize("changes", [["--steps", "7"], ["--model", "pixel-faces"]], ids=" ".join)
def test_what_does_not_belong_together_is_not_resumed(
    drawn: Path, capsys: pytest.CaptureFixture[str], changes: list[str]
) -> None:
    assert main([*IDEAL, *changes, "--out", str(drawn), "--resume"]) == 2
    assert f"'{drawn}' cannot be resumed" in capsys.readouterr().err
