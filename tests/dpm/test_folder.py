"""Opening a model folder: what fits opens, and whatever does not gets one sentence that names it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

from side_core.assets import BUILT_INS
from side_core.dpm.folder import open_denoiser

# What the sentence must say besides the folder's name.
SAYS = {
    "missing": "There is no model folder",
    "empty": "is empty",
    "not a pipeline": "model_index.json",
    "index is no json": "cannot be read as JSON",
    "text to image": "StableDiffusionPipeline",
    "no scheduler": "no scheduler folder",
    "no weights": "no weights",
    "pickle": "pickle",
    "truncated": "damaged",
    "other width": "do not fit their config.json",
    "renamed key": "conv_in.weight",
    "missing key": "conv_out.bias",
    "surplus key": "surplus",
    "config is no json": "config.json",
    "beta schedule": "wavy",
    "prediction": "wind",
    "card is no json": "card.json",
    "card is a list": "card.json",
}


def test_a_broken_folder_gets_one_sentence(broken: Callable[[str], Path], how: str) -> None:
    folder = broken(how)
    with pytest.raises(ValueError) as error:
        open_denoiser(str(folder))
    sentence = str(error.value)
    assert SAYS[how] in sentence
    assert "\n" not in sentence and len(sentence) < 500
    if how != "prediction":
        assert str(folder) in sentence


def test_a_ddpm_pipeline_opens_with_its_own_schedule(pipeline: Path, tmp_path: Path) -> None:
    scheduler = DDPMScheduler(num_train_timesteps=400, beta_schedule="squaredcos_cap_v2")
    unet = UNet2DModel.from_pretrained(pipeline / "unet", use_safetensors=True)
    DDPMPipeline(unet, scheduler).save_pretrained(tmp_path)
    denoiser = open_denoiser(str(tmp_path))
    assert denoiser.shape == (3, 16, 16)
    # exactly but for a lower bound that keeps the division by the signal finite
    torch.testing.assert_close(denoiser.alphas_cumprod.float(), scheduler.alphas_cumprod, atol=1e-9, rtol=0)


def test_half_precision_files_open_as_float32(pipeline: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(pipeline, tmp_path / "half")
    UNet2DModel.from_pretrained(pipeline / "unet", use_safetensors=True).half().save_pretrained(folder / "unet")
    x = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    half, full = open_denoiser(str(folder)).predict_noise(x, 9), open_denoiser(str(pipeline)).predict_noise(x, 9)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, full, atol=2e-3, rtol=2e-3)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"in_channels": 1, "out_channels": 1}, "takes 1 channels"),
        ({"in_channels": 4, "out_channels": 4}, "takes 4 channels"),
        ({"out_channels": 6}, "takes 3 channels and returns 6"),
        ({"num_class_embeds": 5}, "class-conditional"),
        ({"sample_size": None}, "sample_size"),
    ],
    ids=str,
)
def test_unets_that_draw_something_else_are_refused(tmp_path: Path, pipeline: Path, changes: dict, says: str) -> None:
    folder = shutil.copytree(pipeline, tmp_path / "other")
    config = {**UNet2DModel.load_config(pipeline / "unet"), **changes}
    UNet2DModel.from_config(config).save_pretrained(folder / "unet")
    with pytest.raises(ValueError, match=says) as error:
        open_denoiser(str(folder))
    assert str(folder) in str(error.value)


def test_the_sentence_for_an_unknown_name_lists_the_built_in_models() -> None:
    with pytest.raises(ValueError, match=r"^There is no model folder 'pixel-cats': ") as error:
        open_denoiser("pixel-cats")
    assert all(name in str(error.value) for name in BUILT_INS)
