"""The command line with a text-to-image model: a prompt for extract, describe, and a surrogate of such a model."""

import json
from pathlib import Path

import numpy as np
import pytest

from side_core.commands.main import main
from side_core.dpm.folder import open_denoiser
from side_core.sampling.drawing import draw
from side_core.settings import SamplingSettings
from tests.dpm.text.small_folders import save_small

PROMPT = "portrait of Ada Novak, glasses"
SETS = ["--data", "pixel-faces[0:30]", "--control", "pixel-faces[30:60]"]
FEW = ["--count", "4", "--steps", "3"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of an untrained text-to-image model."""
    return str(save_small(tmp_path_factory.mktemp("text"), "sd2"))


def images_in(out: Path, part: str = "images") -> np.ndarray:
    """(n, H, W, 3) uint8 of a run."""
    from PIL import Image

    return np.stack([np.asarray(Image.open(file)) for file in sorted((out / part).glob("*.png"))])


def test_extract_draws_the_prompt_and_notes_it(model: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    asked = ["--prompt", f" {PROMPT} ", "--text-scale", "5"]
    assert main(["extract", "--model", model, *SETS, *FEW, *asked, "--encoder", "dpm", "--out", str(out)]) == 0
    settings = json.loads((out / "run.json").read_text())["settings"]
    assert (settings["prompt"], settings["text_scale"]) == (PROMPT, 5.0)
    wanted = SamplingSettings(count=4, steps=3, prompt=PROMPT, text_scale=5)
    *_, last = draw(open_denoiser(model), wanted)
    assert last.images is not None
    assert np.abs(images_in(out).astype(int) - last.images).max() <= 1


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (
            ["--model", "ideal", "--prompt", PROMPT],
            f"The prompt '{PROMPT}' was given, but the model draws without a text",
        ),
        (["--model", "ideal", "--text-scale", "4"], "Text-scale is 4, but there is no prompt: give one."),
        (
            ["--model", "ideal", "--prompt", PROMPT, "--text-scale", "99"],
            "text-scale cannot be '99': choose 20 or less.",
        ),
    ],
)
def test_a_mistake_gets_one_sentence(
    asked: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["extract", *asked, "--out", str(tmp_path / "run")]) != 0
    told = capsys.readouterr().err
    assert says in told and "Traceback" not in told


def test_describe_names_text_encoder_vocabulary_and_context(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "--model", model, *SETS]) == 0
    told = capsys.readouterr().out
    assert "text-to-image latent DPM (U-Net, KL autoencoder)" in told
    assert "CLIP text encoder (1 layer, width 32), vocabulary of 553, context of 77 tokens" in told
    assert main(["describe", "--model", model, *SETS, "--json"]) == 0
    text = json.loads(capsys.readouterr().out)["model"]["text"]
    assert text == {"layers": 1, "width": 32, "vocabulary": 553, "context": 77}


def test_a_surrogate_of_a_text_model_steers_its_prompt(model: str, tmp_path: Path) -> None:
    """Made of what the model draws for the empty prompt."""
    made = tmp_path / "surrogate"
    lesson = [
        "--synthetic-count",
        "32",
        "--steps",
        "2",
        "--train-steps",
        "3",
        "--mode",
        "exact",
        "--width",
        "16",
        "--blocks",
        "1",
    ]
    labels = ["--label-source", "clusters", "--clusters", "2", "--cohesion", "-1"]
    arguments = ["train", "surrogate", "--model", model, *lesson, *labels, "--out", str(made)]
    assert main(arguments) == 0
    out = tmp_path / "steered"
    steered = ["--surrogate", str(made), "--guidance-scale", "50", "--prompt", PROMPT]
    assert main(["extract", "--model", model, *SETS, *FEW, *steered, "--out", str(out)]) == 0
    *_, plain = draw(open_denoiser(model), SamplingSettings(count=4, steps=3, prompt=PROMPT))
    assert plain.images is not None
    assert np.abs(images_in(out, "plain").astype(int) - plain.images).max() <= 1
    assert np.abs(images_in(out).astype(int) - plain.images).max() > 3


def test_text_guidance_is_swept(model: str, tmp_path: Path) -> None:
    out = tmp_path / "sweep"
    swept = ["--x", "text-scale=1,8", "--prompt", PROMPT, "--metric", "median", "--count", "4", "--steps", "2"]
    assert main(["sweep", "--model", model, *SETS, *swept, "--out", str(out)]) == 0
    assert any(out.iterdir())
