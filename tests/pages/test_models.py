"""The Models page, through the router, without a browser."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.pages import app
from tests.pages.app import text_of
from tests.similarity.altered import photographs

opened = partial(app.opened, "models")


def test_a_built_in_model_is_described_with_its_data_and_control() -> None:
    app = opened()
    text = text_of(app)
    assert not app.exception and not app.error
    for part in ("unconditional pixel DPM (U-Net)", "16 x 16 pixels", "1,000 timesteps", "epsilon", "of weights"):
        assert part in text
    assert "Trained on pixel-faces[0:1000]" in text and "pixel-faces[2000:3000]" in text
    assert "Model fingerprint (SHA-256" in text


def test_overlap_of_training_images_and_control_is_said() -> None:
    text = text_of(opened(model="ideal", control="pixel-faces[990:1990]"))
    assert "Also among the training images 10" in text


def test_near_duplicates_are_counted_and_mirrored_images_offered(tmp_path: Path) -> None:
    images = photographs(40, 0, 16)
    for part, chosen in (("train", images), ("control", images[:20, :, ::-1])):
        (tmp_path / part).mkdir()
        for i, image in enumerate(chosen):
            Image.fromarray(np.ascontiguousarray(image)).save(tmp_path / part / f"{i:02}.png")
    for i in range(3):
        Image.fromarray(images[i] ^ 4).save(tmp_path / "train" / f"{i:02}-again.png")
    app = opened(model="ideal", data=str(tmp_path / "train"), control=str(tmp_path / "control"))
    text = text_of(app)
    assert "Near-duplicates of others 3" in text and "Also among the training images 0, and nearly 0" in text
    app = app.checkbox(key="mirror").check().run()
    assert not app.exception and "Also among the training images 0, and nearly 20" in text_of(app)


def test_a_model_without_data_is_described_and_asks_for_them(pipeline: Path) -> None:
    app = opened(model=str(pipeline))
    text = text_of(app)
    assert "Kind unconditional pixel DPM (U-Net)" in text
    assert f"The training images of '{pipeline}' are not known" in text
    assert not app.exception


def test_its_own_sampling_is_described_and_what_is_not_followed_is_said(
    make_pipeline: Callable[..., Path], tmp_path: Path
) -> None:
    own = {"steps_offset": 1, "clip_sample": False, "set_alpha_to_one": False, "thresholding": True}
    folder = shutil.copytree(make_pipeline(**own), tmp_path / "own")
    (folder / "unet" / "face_LoRA.safetensors").write_bytes(b"")
    text = text_of(opened(model=str(folder), data="pixel-faces[0:60]"))
    assert (
        "Own sampling leading spacing, offset 1, estimate not clipped, ends at the first noise level "
        "(scheduler_config.json); followed where nothing else is chosen"
    ) in text
    assert "The LoRA 'face_LoRA.safetensors' in the model's folder is not applied" in text
    assert "thresholds its estimates dynamically" in text


def test_without_a_control_it_says_what_that_costs(pipeline: Path) -> None:
    text = text_of(opened(model=str(pipeline), data="pixel-faces[0:60]"))
    assert "There is no control: pictures get their scores, but the headline is withheld" in text


def test_broken_models_get_one_sentence(broken: object, how: str) -> None:
    folder = broken(how)  # type: ignore[operator]
    app = opened(model=str(folder), data="pixel-faces[0:60]", control="pixel-faces[60:120]")
    assert not app.exception
    assert app.error and all("\n" not in error.value for error in app.error)


@pytest.mark.parametrize("source", ["/no/such/folder", "pixel-faces[7:7]"])
def test_wrong_data_get_one_sentence(source: str) -> None:
    app = opened(model="ideal", data=source)
    assert not app.exception and len(app.error) >= 1
