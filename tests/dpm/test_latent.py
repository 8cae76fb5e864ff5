"""Latent models against diffusers' LDMPipeline and its autoencoders."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, LDMPipeline, UNet2DModel, VQModel
from safetensors.torch import load_file, save_file

from side_core.dpm import latent
from side_core.dpm.denoiser import from_uint8
from side_core.dpm.folder import open_denoiser
from side_core.job import run_job
from side_core.progress import finish
from side_core.sampling.drawing import draw
from side_core.sampling.store import in_memory
from side_core.settings import SamplingSettings
from side_core.settings.theory import TheorySettings
from side_core.theory.job import open_job

SEEDS = [3, 11]
LEVEL = 1 / 255
WEIGHTS = "diffusion_pytorch_model.safetensors"


def edit(file: Path, **changes: object) -> None:
    """Change some entries of a JSON file; `...` takes one away."""
    content = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({name: value for name, value in content.items() if value is not ...}))


def images(count: int = 2, size: int = 16) -> torch.Tensor:
    """Random pixels in 0..1."""
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0))


def theirs(folder: Path, steps: int) -> torch.Tensor:
    """(n, 3, H, W) pixels in 0..1 of diffusers' LDMPipeline."""
    pipeline = LDMPipeline.from_pretrained(folder, use_safetensors=True)
    pipeline.set_progress_bar_config(disable=True)
    generators = [torch.Generator().manual_seed(seed) for seed in SEEDS]
    found = pipeline(len(SEEDS), generators, num_inference_steps=steps, output_type="np").images
    return torch.from_numpy(found).permute(0, 3, 1, 2)


@pytest.mark.parametrize("clips", [False, True])
@pytest.mark.parametrize("kind", ["vq", "kl"])
def test_drawn_images_are_those_of_ldm_pipeline(make_latent: Callable[..., Path], kind: str, clips: bool) -> None:
    """Default settings ask for clipping, which is done where the model's own pipeline does it."""
    folder = make_latent(kind, clip_sample=clips)
    if kind == "kl":  # LDMPipeline knows no shift
        folder = shutil.copytree(folder, folder.with_name(f"{folder.name}-unshifted"))
        edit(folder / "vqvae" / "config.json", shift_factor=None)
    *_, last = draw(open_denoiser(str(folder)), SamplingSettings(steps=8), SEEDS)
    difference = from_uint8(last.images) - theirs(folder, 8)
    assert difference.abs().max() <= 0.51 * LEVEL
    assert last.images.std() > 1


def test_kl_encodes_to_the_mode_and_decodes_with_scale_and_shift(make_latent: Callable[..., Path]) -> None:
    folder = make_latent("kl")
    denoiser = open_denoiser(str(folder))
    autoencoder = AutoencoderKL.from_pretrained(folder / "vqvae", use_safetensors=True).eval()
    with torch.no_grad():
        mean = autoencoder.encode(images() * 2 - 1).latent_dist.mean
        decoded = (autoencoder.decode(mean).sample / 2 + 0.5).clamp(0, 1)
    latents = denoiser.encode(images())
    torch.testing.assert_close(latents, (mean - 0.3) * 0.4)
    torch.testing.assert_close(denoiser.decode(latents), decoded, atol=1e-5, rtol=0)


def test_vq_encodes_before_rounding_and_decodes_after_it(make_latent: Callable[..., Path]) -> None:
    folder = make_latent("vq")
    denoiser = open_denoiser(str(folder))
    autoencoder = VQModel.from_pretrained(folder / "vqvae", use_safetensors=True).eval()
    with torch.no_grad():
        expected = autoencoder.encode(images() * 2 - 1).latents
        reconstructed = (autoencoder(images() * 2 - 1).sample / 2 + 0.5).clamp(0, 1)
    latents = denoiser.encode(images())
    torch.testing.assert_close(latents, expected * 0.7)
    torch.testing.assert_close(denoiser.decode(latents), reconstructed, atol=1e-5, rtol=0)


def test_a_vq_autoencoder_older_than_its_scaling_factor_is_not_scaled(
    make_latent: Callable[..., Path], tmp_path: Path
) -> None:
    """As CompVis/ldm-celebahq-256, which today's default spoils (huggingface/diffusers, issue 6725)."""
    folder = shutil.copytree(make_latent("vq"), tmp_path / "old")
    edit(folder / "vqvae" / "config.json", scaling_factor=...)
    autoencoder = VQModel.from_pretrained(folder / "vqvae", use_safetensors=True).eval()
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = (autoencoder.decode(x).sample / 2 + 0.5).clamp(0, 1)
    torch.testing.assert_close(open_denoiser(str(folder)).decode(x), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["vq", "kl"])
def test_chunks_do_not_change_the_pixels(
    make_latent: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    denoiser = open_denoiser(str(make_latent(kind)))
    x = torch.randn(5, *denoiser.shape, generator=torch.Generator().manual_seed(0))
    whole, latents = denoiser.decode(x), denoiser.encode(images(5))
    seen = []
    monkeypatch.setattr(latent, "CHUNK_PIXELS", 2 * 16 * 16 + 1)
    decode = denoiser.space.autoencoder.decode
    monkeypatch.setattr(denoiser.space.autoencoder, "decode", lambda z: seen.append(len(z)) or decode(z))
    torch.testing.assert_close(denoiser.decode(x), whole, atol=1e-5, rtol=0)
    torch.testing.assert_close(denoiser.encode(images(5)), latents, atol=1e-5, rtol=1e-5)
    assert seen == [2, 2, 1]


@pytest.mark.parametrize(("sides", "size"), [(8, (16, 16)), ([4, 8], (8, 16)), ([16, 2], (32, 4))])
def test_image_size_is_that_of_decoded_images(
    make_latent: Callable[..., Path], tmp_path: Path, sides: object, size: tuple[int, int]
) -> None:
    folder = shutil.copytree(make_latent("kl"), tmp_path / "model")
    edit(folder / "unet" / "config.json", sample_size=sides)
    denoiser = open_denoiser(str(folder))
    assert denoiser.image_size == size
    assert denoiser.decode(torch.zeros(1, *denoiser.shape)).shape[2:] == size
    assert denoiser.encode(torch.zeros(1, 3, *size)).shape[1:] == denoiser.shape


def test_the_autoencoder_may_lie_in_a_folder_vae(make_latent: Callable[..., Path], tmp_path: Path) -> None:
    folder = shutil.copytree(make_latent("kl"), tmp_path / "model")
    (folder / "vqvae").rename(folder / "vae")
    index = json.loads((folder / "model_index.json").read_text())
    edit(folder / "model_index.json", vae=index["vqvae"], vqvae=...)
    assert open_denoiser(str(folder)).fingerprint == open_denoiser(str(make_latent("kl"))).fingerprint


def test_the_fingerprint_covers_both_networks(make_latent: Callable[..., Path], tmp_path: Path) -> None:
    plain = open_denoiser(str(make_latent("vq")))
    found = {plain.fingerprint}
    for name in ("unet", "vqvae"):
        folder = shutil.copytree(make_latent("vq"), tmp_path / name)
        assert open_denoiser(str(folder)).fingerprint == plain.fingerprint
        file = folder / name / WEIGHTS
        tensors = load_file(file)
        tensors[sorted(tensors)[0]].view(-1)[0] += 1e-3
        save_file(tensors, file)
        found.add(open_denoiser(str(folder)).fingerprint)
    edit(folder / "vqvae" / "config.json", scaling_factor=0.71)
    found.add(open_denoiser(str(folder)).fingerprint)
    assert len(found) == 4


def test_features_are_those_of_the_network_on_latents(make_latent: Callable[..., Path]) -> None:
    folder = make_latent("kl")
    denoiser = open_denoiser(str(folder))
    unet = UNet2DModel.from_pretrained(folder / "unet", use_safetensors=True).eval()
    seen = []
    unet.mid_block.register_forward_hook(lambda module, inputs, output: seen.append(output))
    with torch.no_grad():
        unet(denoiser.alphas_cumprod[50].sqrt().float() * denoiser.encode(images()), 50)
    torch.testing.assert_close(denoiser.bottleneck(images()), seen[0].flatten(1), atol=1e-4, rtol=1e-4)


FAULTS: list[tuple[str, Callable[[Path], object], str]] = [
    ("missing", lambda folder: shutil.rmtree(folder / "vqvae"), "no vqvae or vae folder"),
    ("no weights", lambda folder: (folder / "vqvae" / WEIGHTS).unlink(), "vqvae' has no weights"),
    ("truncated", lambda folder: (folder / "vqvae" / WEIGHTS).write_bytes(b"\0" * 99), "vqvae' are damaged"),
    (
        "unknown class",
        lambda folder: edit(folder / "model_index.json", vqvae=["diffusers", "AutoencoderTiny"]),
        "is a AutoencoderTiny: only VQModel and AutoencoderKL",
    ),
    (
        "odd class",
        lambda folder: edit(folder / "model_index.json", vqvae=["diffusers", {"a": 1}]),
        r"is a \{'a': 1\}: only VQModel",
    ),
    ("scale 0", lambda folder: edit(folder / "vqvae" / "config.json", scaling_factor=0), "scaling_factor is 0"),
    ("scale text", lambda folder: edit(folder / "vqvae" / "config.json", scaling_factor="x"), "scaling_factor is 'x'"),
    ("nan", lambda folder: edit(folder / "vqvae" / "config.json", scaling_factor=float("nan")), "is nan"),
    ("shift", lambda folder: edit(folder / "vqvae" / "config.json", shift_factor=[1]), r"shift_factor is \[1\]"),
    ("odd size", lambda folder: edit(folder / "unet" / "config.json", sample_size=7), "cannot work on 4 x 7 x 7"),
]


@pytest.mark.parametrize(("change", "says"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_broken_autoencoder_gets_a_sentence(
    make_latent: Callable[..., Path], tmp_path: Path, change: Callable[[Path], object], says: str
) -> None:
    folder = shutil.copytree(make_latent("kl"), tmp_path / "model")
    change(folder)
    with pytest.raises(ValueError, match=says) as error:
        open_denoiser(str(folder))
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)


def test_networks_that_do_not_fit_each_other_are_refused(make_latent: Callable[..., Path], tmp_path: Path) -> None:
    folder = shutil.copytree(make_latent("kl"), tmp_path / "model")
    shutil.rmtree(folder / "unet")
    shutil.copytree(make_latent("vq") / "unet", folder / "unet")
    with pytest.raises(ValueError, match="takes 3 channels and returns 3: its autoencoder has 4"):
        open_denoiser(str(folder))


def test_the_divergence_of_a_latent_model_is_of_latents_and_says_so(make_latent: Callable[..., Path]) -> None:
    folder, some = make_latent("kl"), {"data": "pixel-faces[0:16]", "control": "pixel-faces[2000:2016]", "images": 8}
    report = finish(run_job(finish(open_job(TheorySettings(model=str(folder), **some))), in_memory()))
    assert "The model works on latents: all of this is measured on them, not on pixels." in report.notes
    assert {row["model"] for row in report.rows} == {"model"}  # the ideal denoiser is one of pixels
    last = report.rows[0]
    assert last["bits"] == pytest.approx(last["nats"] / (4 * 8 * 8 * math.log(2))) and last["nats"] > 0
