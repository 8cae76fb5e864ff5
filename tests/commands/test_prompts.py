"""`prompts`: scores with their control, evaluation, words; on small untrained models and small files."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from side_core.commands.main import main
from side_core.data.captioned import captioned_faces, held_out_captions
from side_core.dpm.folder import open_denoiser
from side_core.dpm.text.denoiser import TextDenoiser, need_text
from side_core.progress import finish
from side_core.prompts import held_out
from side_core.prompts.explain import explaining
from side_core.prompts.held_out import FILE
from side_core.prompts.norms import Measuring, norms_of, score_of
from side_core.settings import PromptSettings
from tests.dpm.text.small_folders import save_small

ADA, BORIS = "portrait of Ada Novak, long hair, glasses", "portrait of Boris Berg, short hair"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("cli") / "sd1", "sd1")


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, whose card says that it was trained on captioned faces."""
    folder = save_small(tmp_path_factory.mktemp("cli") / "captioned", "sd2")
    (folder / "card.json").write_text('{"data": {"source": "captioned-faces"}}')
    return folder


@pytest.fixture
def control(tmp_path: Path) -> Path:
    file = tmp_path / "control.txt"
    file.write_text("\n".join(held_out_captions()[:40]))
    return file


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        code = main(["prompts", *map(str, arguments)])
        return code, *capsys.readouterr()

    return call


def test_scores_stand_against_their_control(run: Run, model: Path, control: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = [
        "detect",
        "--model",
        model,
        "--prompt",
        ADA,
        BORIS,
        "--control",
        control,
        "--score-images",
        2,
        "--first-steps",
        3,
    ]
    code, said, _ = run(*asked, "--steps", 6, "--json", "--out", out)
    assert code == 0
    found = json.loads(said)
    assert found == json.loads((out / "detect.json").read_text())
    rows = (out / "scores.csv").read_text().splitlines()
    assert rows[0] == "prompt,score,above_threshold,held_out_at_or_above,held_out" and rows[1].startswith(f'"{ADA}",')
    assert len(rows) == 3 and rows[1].endswith(",40")
    settings = PromptSettings(score_images=2, first_steps=3, steps=6)
    denoiser = need_text(open_denoiser(str(model)))
    expected = score_of(finish(norms_of(denoiser, (ADA, BORIS), settings)))
    assert [item["prompt"] for item in found["prompts"]] == [ADA, BORIS]
    assert [item["score"] for item in found["prompts"]] == pytest.approx(list(expected), rel=1e-3)
    assert np.shape(found["prompts"][0]["norms"]) == (2, 3)
    for item in found["prompts"]:
        assert item["held_out_at_or_above"]["count"] == 40
        assert item["above_threshold"] == (item["score"] > found["control"]["threshold"])
    assert found["control"]["count"] == 40 and found["control"]["chosen_on"] == 20
    assert found["control"]["false_positives"]["count"] == 20
    assert found["model"]["fingerprint"] == denoiser.fingerprint
    assert found["settings"]["first_steps"] == 3 and found["seconds_per_prompt"] > 0
    code, said, _ = run(*asked, "--steps", 6)
    assert "of 40 (" in said and "held-out prompts reach it  portrait of Ada Novak" in said
    assert "Held against 40 prompts of control.txt" in said and "mean over 2 images and the first 3 of 6" in said


def test_without_a_control_there_is_no_verdict(run: Run, model: Path) -> None:
    code, said, _ = run("detect", "--model", model, "--prompt", ADA)
    assert code == 0 and "There are no held-out prompts to hold these norms against" in said
    assert "above" not in said and "below" not in said
    found = json.loads(run("detect", "--model", model, "--prompt", ADA, "--json")[1])
    assert found["control"] is None and found["prompts"][0]["above_threshold"] is None
    assert found["prompts"][0]["held_out_at_or_above"] is None and "no held-out prompts" in found["note"]


def test_a_model_of_captioned_faces_brings_its_own_control(run: Run, captioned: Path) -> None:
    found = json.loads(run("detect", "--model", captioned, "--prompt", ADA, "--json")[1])
    assert found["control"]["count"] == 500 and found["control"]["name"] == "held-out captions"


def test_broken_lines_are_named_and_the_others_are_scored(run: Run, model: Path, control: Path, tmp_path: Path) -> None:
    file = tmp_path / "prompts.txt"
    file.write_bytes(f"{ADA}\n\n".encode() + b"b\xffd\n" + f"{BORIS}\n".encode())
    code, said, complained = run("detect", "--model", model, "--prompts", file, "--control", control, "--json")
    found = json.loads(said)
    assert code == 0 and [item["prompt"] for item in found["prompts"]] == [ADA, BORIS]
    assert [item["line"] for item in found["broken_lines"]] == [2, 3]
    assert "2 lines left out (line 2: empty; line 3: byte 2 is no UTF-8)" in complained


def test_what_does_not_fit_and_what_is_not_known_is_shown(run: Run, model: Path) -> None:
    long = "portrait of Ada Novak, " + "long hair, " * 6 + "zebra"
    _, said, _ = run("detect", "--model", model, "--prompt", long)
    assert "cut off, as the model reads no more: " in said and "known in pieces only: zebra" in said
    (item,) = json.loads(run("detect", "--model", model, "--prompt", long, "--json")[1])["prompts"]
    assert item["cut"].endswith("zebra") and item["unknown"] == ["zebra"]


def test_markup_is_text(run: Run, model: Path) -> None:
    text = "<b>Ada</b> $x$ <|endoftext|>"
    code, said, _ = run("detect", "--model", model, "--prompt", text)
    assert code == 0 and text in said


def test_an_interruption_keeps_what_is_scored(
    run: Run, model: Path, control: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object):  # type: ignore[no-untyped-def]
        if not isinstance(arguments[1], tuple) or arguments[1][0] != ADA:  # the control is measured whole
            return (yield from norms_of(*arguments))
        yield Measuring(1, 2, {0: np.ones((1, 1), np.float32)})
        raise KeyboardInterrupt

    monkeypatch.setattr("side_core.prompts.norms.norms_of", interrupted)
    asked = ["--model", model, "--prompt", ADA, BORIS, "--control", control, "--json", "--out", tmp_path / "out"]
    code, said, complained = run("detect", *asked)
    assert code == 130 and "interrupted; 1 of 2 prompts are scored." in complained
    assert [item["prompt"] for item in json.loads(said)["prompts"]] == [ADA]
    assert json.loads((tmp_path / "out" / "detect.json").read_text())["count"] == 1


def test_an_interruption_keeps_the_held_out_prompts_that_are_scored(
    run: Run, model: Path, control: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []

    def interrupted(*arguments: Any) -> Iterator[Measuring]:
        measured.append(len(arguments[1]))
        for event in norms_of(*arguments):
            yield event
            if len(measured) == 1:
                raise KeyboardInterrupt

    monkeypatch.setattr(held_out, "norms_of", interrupted)
    asked = ["detect", "--model", model, "--prompt", ADA, "--control", control, "--batch-size", 32]
    code, said, complained = run(*asked, "--steps", 7)
    assert code == 130 and not said
    assert "32 of 40 held-out prompts are scored and kept: the next time goes on there." in complained
    code, said, _ = run(*asked, "--steps", 7)
    assert code == 0 and "Held against 40 prompts of control.txt" in said and measured == [40, 8]


def test_an_interrupted_evaluation_reports_the_detectors_that_are_finished(
    run: Run, model: Path, control: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("side_core.prompts.detectors.sharpness", interrupted)
    asked = ["--model", model, "--prompt", ADA, "--control", control, "--detectors", "text-norm", "sharpness"]
    code, said, complained = run("detect", *asked, "--evaluate", "--json")
    assert code == 130 and list(json.loads(said)["detectors"]) == ["text-norm"]
    assert "interrupted; 1 of 2 detectors are finished." in complained


def test_evaluation_of_the_models_own_prompts(run: Run, captioned: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, said, _ = run(
        *("detect", "--model", captioned, "--evaluate", "--first-steps", 1, "--score-images", 1, "--seed", 3, "--json"),
        *("--held-out-count", 30, "--detectors", "all", "--detector-prompts", 10, "--detector-images", 2),
        *("--steps", 4, "--out", out),
    )
    found = json.loads(said)
    assert code == 0 and found == json.loads((out / "detectors.json").read_text())
    assert 0 <= found["auc_interval"][0] <= found["auc"] <= found["auc_interval"][1] <= 1
    assert 0 <= found["tpr_at_1_fpr_interval"][0] <= found["tpr_at_1_fpr"] <= found["tpr_at_1_fpr_interval"][1] <= 1
    assert found["found"]["count"] == 60 and found["false_positives"]["count"] == 30
    assert found["against_training_captions"]["found"]["count"] == 60
    assert set(found["name_first"]) == {"words", "encoded"}
    assert {rate["count"] for both in found["name_first"].values() for rate in both.values()} == {60, 30}
    norm = found["detectors"]["text-norm"]
    assert list(norm["groups"]) == ["many", "held-out", "once", "some", "template", "template-new"]
    assert [part["count"] for part in norm["groups"].values()] == [60, 30, 30, 60, 30, 200]
    assert len(found["detectors"]) == 7
    assert {row.split(",")[0] for row in (out / "scores.csv").read_text().splitlines()[1:]} == set(found["detectors"])


def test_the_same_seed_gives_the_same_evaluation(run: Run, model: Path, control: Path) -> None:
    asked = ["detect", "--model", model, "--evaluate", "--json", "--control", control, "--prompt", ADA, BORIS]
    first, again, other = (json.loads(run(*asked, "--seed", seed)[1]) for seed in (1, 1, 2))
    medians = [found["detectors"]["text-norm"]["groups"]["prompts"]["median"] for found in (first, again, other)]
    assert medians[0] == medians[1] != medians[2]


def test_evaluation_of_given_prompts_prints_its_counts(run: Run, model: Path, control: Path, tmp_path: Path) -> None:
    file = tmp_path / "memorised.jsonl"
    file.write_text("\n".join(json.dumps({"caption": face.caption}) for face in captioned_faces()[:12]))
    code, said, _ = run("detect", "--model", model, "--prompts", file, "--control", control, "--evaluate")
    assert code == 0
    assert "| the prompts that were given | 12 |" in said and "| prompts of control.txt | 40 |" in said
    assert "training captions" not in said and "name" not in said


def test_an_interruption_keeps_what_is_explained(run: Run, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(denoiser: TextDenoiser, prompt: str, settings: PromptSettings):  # type: ignore[no-untyped-def]
        if prompt == BORIS:
            raise KeyboardInterrupt
        return (yield from explaining(denoiser, prompt, settings))

    monkeypatch.setattr("side_core.prompts.explain.explaining", interrupted)
    code, said, complained = run("explain", "--model", model, "--prompt", ADA, BORIS, "--json")
    assert code == 130 and "interrupted; 1 of 2 prompts are explained." in complained
    assert [item["prompt"] for item in json.loads(said)["prompts"]] == [ADA]


def test_prompts_without_a_word_are_named_and_the_others_explained(run: Run, model: Path) -> None:
    code, said, complained = run("explain", "--model", model, "--prompt", ADA, ", .", BORIS, "--json")
    assert code == 0 and "There is no word in ', .' to explain: left out." in complained
    assert [item["prompt"] for item in json.loads(said)["prompts"]] == [ADA, BORIS]


def test_words_are_explained(run: Run, model: Path) -> None:
    code, said, _ = run("explain", "--model", model, "--prompt", ADA, "--prompt", BORIS, "--score-images", 2)
    assert code == 0 and said.splitlines()[0] == ADA
    assert sorted(line.split()[-1] for line in said.splitlines()[1:8]) == sorted(ADA.replace(",", "").split())
    assert said.splitlines()[1].split()[0] == "1" and said.splitlines()[1].count("#") == 30
    found = json.loads(run("explain", "--model", model, "--prompt", ADA, "--json")[1])
    words = found["prompts"][0]["words"]
    assert [word["text"] for word in words] == ADA.replace(",", "").split()
    assert sorted(word["rank"] for word in words) == list(range(1, 8))


def test_calibration_writes_the_norms_beside_the_model(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_out, "SHIPPED", PromptSettings(score_images=2, first_steps=3))
    folder = save_small(tmp_path / "own", "sd1", size=8)
    (folder / "card.json").write_text('{"data": {"source": "captioned-faces"}}')
    code, said, _ = run("calibrate", "--model", folder)
    assert code == 0 and (folder / FILE).is_file() and "The norms of 500 held-out prompts are in" in said
    denoiser = need_text(open_denoiser(str(folder)))

    def never(*arguments: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(held_out, "norms_of", never)
    code, said, _ = run("detect", "--model", folder, "--prompt", ADA, "--score-images", 2, "--first-steps", 3, "--json")
    assert code == 0 and json.loads(said)["model"]["fingerprint"] == denoiser.fingerprint


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["detect"], "No prompt was given: give one with --prompt, or a file of them with --prompts."),
        (["explain"], "No prompt was given"),
        (["detect", "--prompt", ""], "Prompt 1 cannot be used (empty): type what the picture shall show."),
        (["detect", "--prompt", ADA, " \t"], "Prompt 2 cannot be used (empty)"),
        (["detect", "--prompt", "x" * 2001], "Prompt 1 cannot be used (2,001 characters, more than 2,000)"),
        (["detect", "--prompt", "\udcff"], "Prompt 1 cannot be used (half of a character)"),
        (["explain", "--prompt", ", ."], "There is no word in ', .' to explain"),
        (["detect", "--prompts", "nowhere.txt"], "'nowhere.txt' cannot be read (No such file or directory)"),
        (["detect", "--prompt", ADA, "--first-steps", "0"], "first-steps cannot be '0': choose 1 or more."),
        (
            ["detect", "--prompt", ADA, "--first-steps", "51"],
            "Steps used (first-steps) are 51, but there are 50 steps",
        ),
        (["detect", "--prompt", ADA, "--text-scale", "nan"], "text-scale cannot be 'nan'"),
        (["detect", "--prompt", ADA, "--steps", "1001"], "steps cannot be '1001'"),
        (["detect", "--prompt", ADA, "--detectors", "tiles"], "--detectors belongs to an evaluation: add --evaluate"),
        (["detect", "--prompt", ADA, "--training", "x"], "--training belongs to an evaluation: add --evaluate"),
        (["detect", "--evaluate"], "It is not known which prompts"),
        (["detect", "--evaluate", "--prompt", ADA], "has no held-out prompts of its own: give some (--control)."),
        (["detect", "--evaluate", "--detectors", "magic"], "detectors-0 cannot be 'magic'"),
        (["calibrate"], "has no held-out prompts of its own: score prompts with --control FILE instead"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value)[:40].encode("ascii", "replace").decode(),
)
def test_a_mistake_gets_one_sentence(run: Run, model: Path, arguments: list[str], sentence: str) -> None:
    code, said, complained = run(*arguments, "--model", model)
    assert code == 2 and said == ""
    assert sentence in complained and "Traceback" not in complained


def test_a_model_without_a_text_is_refused(run: Run) -> None:
    code, _, complained = run("detect", "--model", "pixel-faces", "--prompt", ADA)
    assert code == 2 and "This model draws without a text: choose a text-to-image model" in complained


def test_one_control_prompt_is_no_control(run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("one")
    code, _, complained = run("detect", "--model", model, "--prompt", ADA, "--control", tmp_path / "one.txt")
    assert code == 2 and "1 held-out prompt makes no control: give two or more" in complained


def test_a_folder_that_cannot_be_made_is_named_before_anything_is_measured(
    run: Run, model: Path, control: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    asked = ["--model", model, "--prompt", ADA, "--control", control]
    code, _, complained = run("detect", *asked, "--out", tmp_path / "file" / "out")
    assert code == 2 and "cannot be written (Not a directory)" in complained and "scoring" not in complained
