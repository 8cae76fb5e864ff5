"""Blueprints: the network is diffusers' own, former names and shards are understood, absurd sizes cost nothing."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, UNet2DModel, VQModel
from safetensors.torch import load_file, save_file

from side_core.dpm.folder import open_denoiser
from side_core.dpm.formats.blueprint import SHARDS, WEIGHTS, draft

FORMER = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def former(name: str) -> str:
    """The name that an attention layer's tensor had before diffusers 0.14."""
    for new, old in FORMER.items():
        name = name.replace(f".{new}.", f".{old}.")
    return name


@pytest.mark.parametrize(
    ("kind", "part", "network"), [("vq", "unet", UNet2DModel), ("vq", "vqvae", VQModel), ("kl", "vqvae", AutoencoderKL)]
)
def test_the_loaded_network_is_the_one_diffusers_loads(
    make_latent: Callable[..., Path], kind: str, part: str, network: type
) -> None:
    folder = make_latent(kind) / part
    ours, theirs = draft(folder, network).load(), network.from_pretrained(folder, use_safetensors=True)
    expected = theirs.state_dict()
    assert ours.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in ours.state_dict().items())
    assert {key: value for key, value in ours.config.items() if key[0] != "_"} == {
        key: value for key, value in theirs.config.items() if key[0] != "_"
    }
    assert not ours.training
    assert all(parameter.requires_grad and parameter.device.type == "cpu" for parameter in ours.parameters())


def test_a_blueprint_can_be_loaded_twice(pipeline: Path) -> None:
    blueprint = draft(pipeline / "unet", UNet2DModel)
    first, second = blueprint.load(), blueprint.load()
    with torch.no_grad():
        first.conv_in.weight.zero_()
    assert second.conv_in.weight.abs().sum() > 0


def test_former_names_of_attention_layers_are_understood(pipeline: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(pipeline, tmp_path / "former")
    tensors = {former(name): tensor for name, tensor in load_file(folder / "unet" / WEIGHTS).items()}
    assert any(".query." in name for name in tensors) and any(".proj_attn." in name for name in tensors)
    save_file(tensors, folder / "unet" / WEIGHTS)
    assert open_denoiser(str(folder)).fingerprint == open_denoiser(str(pipeline)).fingerprint


def test_shards_are_put_together(pipeline: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(pipeline, tmp_path / "shards")
    (folder / "unet" / WEIGHTS).unlink()
    unet = UNet2DModel.from_pretrained(pipeline / "unet", use_safetensors=True)
    unet.save_pretrained(folder / "unet", max_shard_size="100KB")
    assert len(list((folder / "unet").glob("*-of-*.safetensors"))) > 1
    assert open_denoiser(str(folder)).fingerprint == open_denoiser(str(pipeline)).fingerprint


@pytest.mark.parametrize(
    "shards",
    [{}, {"weight_map": []}, {"weight_map": {"a": "../x.safetensors"}}, {"weight_map": {"a": 3}}, {"weight_map": {}}],
    ids=str,
)
def test_shards_that_are_not_there_get_a_sentence(pipeline: Path, tmp_path: Path, shards: dict) -> None:
    folder = shutil.copytree(pipeline, tmp_path / "shards")
    shutil.move(folder / "unet" / WEIGHTS, folder / "x.safetensors")
    (folder / "unet" / SHARDS).write_text(json.dumps(shards))
    with pytest.raises(ValueError, match=rf"^'{folder}/unet/{SHARDS}' names weights that are not there"):
        open_denoiser(str(folder))


def test_weights_of_another_name_are_named(pipeline: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(pipeline, tmp_path / "variant")
    (folder / "unet" / WEIGHTS).rename(folder / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    with pytest.raises(ValueError, match=r"are called diffusion_pytorch_model\.fp16\.safetensors: rename the file to"):
        open_denoiser(str(folder))


@pytest.mark.parametrize(
    "fault", ["giant width", "giant depth", "giant image", "giant header", "giant schedule", "json too deep"]
)
def test_absurd_sizes_are_refused_at_once(broken: Callable[[str], Path], fault: str) -> None:
    folder = broken(fault)
    start = time.process_time()  # whatever else the machine does
    with pytest.raises(ValueError):  # test_folder checks the words
        open_denoiser(str(folder))
    assert time.process_time() - start < 2


def test_loading_draws_no_random_numbers(pipeline: Path) -> None:
    before = torch.random.get_rng_state()
    open_denoiser(str(pipeline))
    assert torch.equal(torch.random.get_rng_state(), before)
