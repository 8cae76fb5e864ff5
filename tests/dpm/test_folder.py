"""Opening a model folder: what fits opens, and whatever does not gets one sentence that names it."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

from side_core.dpm.description import describe
from side_core.dpm.folder import model_folder, open_denoiser
from side_core.dpm.formats.blueprint import WEIGHTS
from side_core.files.assets import BUILT_INS, SHIPPED

# What the sentence must say besides the folder's name.
SAYS = {
    "missing": "There is no model folder",
    "empty": "is empty",
    "not a pipeline": "model_index.json",
    "index is no json": "cannot be read as JSON",
    "text to image": "holds a StableDiffusionXLPipeline",
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
    "ideal of nothing": "card.json' does not name the images",
    "json too deep": "cannot be read as JSON",
    "class is a list": "holds a ['DDIMPipeline']",
    "text u-net": "UNet2DConditionModel",
    "giant header": "damaged",
    "flipped header": "damaged",
    "integer weights": "number type I16",
    "giant width": "block_out_channels is [1000000000, 1000000000]",
    "giant depth": "layers_per_block is 1000000000",
    "giant image": "sample_size is 1000000000",
    "depth in words": "layers_per_block is 'one'",
    "width in words": "block_out_channels is 'wide'",
    "no groups": "do not fit their config.json",
    "negative heads": "cannot work on 3 x 16 x 16",
    "class embedding": "class_embed_type 'identity'",
    "giant schedule": "num_train_timesteps is 1000000000000",
    "negative schedule": "num_train_timesteps is -5",
    "schedule in words": "num_train_timesteps is 'many'",
    "beta is no number": "noise schedule",
    "beta in words": "is not understood",
    "rising schedule": "does not fall from 1 towards 0",
}


def test_a_broken_folder_gets_one_sentence(broken: Callable[[str], Path], how: str) -> None:
    folder = broken(how)
    with pytest.raises(ValueError) as error:
        open_denoiser(str(folder))
    with pytest.raises(ValueError) as described:
        describe(str(folder))
    sentence = str(error.value)
    assert str(described.value) == sentence
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
        ({"sample_size": [16, 16, 16]}, "sample_size is"),
        ({"sample_size": 9}, "cannot work on 3 x 9 x 9"),
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


@pytest.mark.parametrize("name", ["\0", "x" * 5000, "~nobody-of-that-name/model", "./a/b/c", "a b/c", "-/x", "ä/ö"])
def test_names_that_no_folder_can_have_get_the_sentence_too(name: str) -> None:
    with pytest.raises(ValueError, match=r"^There is no model folder '"):
        open_denoiser(name)


def test_a_folder_with_everything_side_by_side_opens(pipeline: Path, tmp_path: Path) -> None:
    """As google/ddpm-cifar10-32 has it: no sub-folders."""
    for file in ("model_index.json", "scheduler/scheduler_config.json", "unet/config.json", f"unet/{WEIGHTS}"):
        shutil.copy(pipeline / file, tmp_path)
    assert open_denoiser(str(tmp_path)).fingerprint == open_denoiser(str(pipeline)).fingerprint


def test_a_public_app_opens_built_in_models_and_allowed_folders_only(
    pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = tmp_path / "allowed"
    shutil.copytree(pipeline, allowed / "model")
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setenv("SIDE_MODELS", str(allowed / "model"))
    assert open_denoiser("pixel-faces").shape == (3, 16, 16)
    assert open_denoiser(str(allowed / "model")).shape == (3, 16, 16)
    for name in (str(pipeline), f"{allowed}/../allowed/model/../../../{pipeline.name}"):
        with pytest.raises(ValueError, match=r"cannot be opened here: this app is public|There is no model folder"):
            open_denoiser(name)


@pytest.mark.parametrize(
    "part",
    [f"unet/{WEIGHTS}", "unet/config.json", "unet", "scheduler", "scheduler/scheduler_config.json", "model_index.json"],
)
def test_a_public_app_follows_no_link_out_of_its_folders(
    pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    folder = shutil.copytree(pipeline, tmp_path / "allowed" / "model")
    target = folder / part
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    target.symlink_to(pipeline / part)
    assert open_denoiser(str(folder)).shape == (3, 16, 16)
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setenv("SIDE_MODELS", str(folder))
    with pytest.raises(ValueError, match=f"^'{target}' cannot be read here"):
        open_denoiser(str(folder))
    with pytest.raises(ValueError, match=f"^'{target}' cannot be read here"):
        describe(str(folder))


def test_a_folder_that_is_near_a_pipeline_gets_the_way_to_it(pipeline: Path, tmp_path: Path) -> None:
    shutil.copytree(pipeline, tmp_path / "model")
    kept = tmp_path / "hub" / "models--me--mine" / "snapshots" / "0123"
    shutil.copytree(pipeline, kept)
    shutil.copytree(pipeline / "unet", tmp_path / "checkpoint-500" / "unet")
    for folder, mend in (
        (
            tmp_path / "model" / "unet",
            f"it has no model_index.json, but the folder above has one: give '{tmp_path / 'model'}'",
        ),
        (tmp_path, f"but this is a cache of the Hub with one in '{kept}': give that folder."),
        (tmp_path / "hub" / "models--me--mine", f"one in '{kept}'"),
        (tmp_path / "checkpoint-500", "as one network alone has none: load it into its pipeline in diffusers"),
        (tmp_path / "checkpoint-500" / "unet", "as one network alone has none"),
    ):
        with pytest.raises(ValueError, match=re.escape(mend)):
            open_denoiser(str(folder))


def test_a_single_file_and_parts_of_weights_are_called_what_they_are(pipeline: Path, tmp_path: Path) -> None:
    shutil.copytree(pipeline, tmp_path / "model")
    weights = tmp_path / "model" / "unet" / WEIGHTS
    with pytest.raises(
        ValueError, match=r"safetensors' is a single file, and a model is a folder here: .*save_pretrained"
    ):
        open_denoiser(str(weights))
    weights.rename(weights.with_name("diffusion_pytorch_model-00001-of-00002.safetensors"))
    with pytest.raises(ValueError, match=r"are in parts, but diffusion_pytorch_model\.safetensors\.index\.json"):
        open_denoiser(str(tmp_path / "model"))


def test_a_shipped_model_that_was_not_shipped_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(SHIPPED, "pixel-faces", replace(SHIPPED["pixel-faces"], folder=tmp_path / "none"))
    with pytest.raises(ValueError, match="/none' is missing, a shipped model: install it with its assets"):
        model_folder("pixel-faces")
