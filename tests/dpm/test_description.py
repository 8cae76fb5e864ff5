"""Descriptions against what diffusers and torch themselves count."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, DDPMPipeline, DDPMScheduler, UNet2DModel, VQModel
from torch.profiler import ProfilerActivity, profile

from side_core.dpm.description import describe
from side_core.dpm.folder import open_denoiser
from side_core.dpm.formats.dry_run import dry_run
from side_core.extraction.overview import lines_of_model


def count(network: torch.nn.Module) -> int:
    """Parameters as torch counts them."""
    return sum(parameter.numel() for parameter in network.parameters())


def test_a_pixel_model_is_described(pipeline: Path) -> None:
    found = describe(str(pipeline))
    parameters = count(UNet2DModel.from_pretrained(pipeline / "unet", use_safetensors=True))
    assert found.kind == "unconditional pixel DPM (U-Net)"
    assert (found.image_size, found.latent_shape, found.classes, found.source) == ((16, 16), None, 0, None)
    assert (found.parameters, found.weights_bytes, found.dtype) == (parameters, 4 * parameters, "float32")
    assert found.file_bytes == (pipeline / "unet" / "diffusion_pytorch_model.safetensors").stat().st_size
    assert (found.scheduler, found.timesteps, found.beta_schedule) == ("DDIMScheduler", 1000, "linear")
    assert found.prediction == "epsilon"
    assert found.last_signal == pytest.approx(4.0358e-5, rel=1e-3)  # Ho et al. 2020: D_KL at the end about 1e-5 bits


@pytest.mark.parametrize(
    ("kind", "network", "words", "shape"), [("vq", VQModel, "VQ", (3, 8, 8)), ("kl", AutoencoderKL, "KL", (4, 8, 8))]
)
def test_a_latent_model_is_described(
    make_latent: Callable[..., Path], kind: str, network: type, words: str, shape: tuple[int, int, int]
) -> None:
    folder = make_latent(kind)
    found = describe(str(folder))
    unet = UNet2DModel.from_pretrained(folder / "unet", use_safetensors=True)
    autoencoder = network.from_pretrained(folder / "vqvae", use_safetensors=True)
    assert found.kind == f"unconditional latent DPM (U-Net, {words} autoencoder)"
    assert (found.image_size, found.latent_shape) == ((16, 16), shape)
    assert found.parameters == count(unet) + count(autoencoder)
    denoiser = open_denoiser(str(folder))
    assert (denoiser.image_size, denoiser.shape) == (found.image_size, found.latent_shape)


def test_how_its_own_pipeline_samples_is_described(make_pipeline: Callable[..., Path]) -> None:
    found = describe(str(make_pipeline(timestep_spacing="trailing", clip_sample_range=2.0)))
    assert lines_of_model(found)["Own sampling"] == (
        "trailing spacing, estimate kept within -2..2, ends at the clean image (scheduler_config.json); "
        "followed where nothing else is chosen"
    )
    text, ideal = (lines_of_model(describe(model))["Own sampling"] for model in ("pixel-faces-text", "ideal"))
    assert text.startswith("leading spacing, offset 0, estimate not clipped, ends at the clean image (scheduler_config")
    assert "(scheduler_config.json, card.json)" in text and "json" not in ideal


def test_a_class_conditional_model_is_described(conditional: Path) -> None:
    found = describe(str(conditional))
    assert found.kind == "class-conditional pixel DPM (U-Net), 5 classes"
    assert found.classes == 5


def test_the_schedule_is_that_of_the_folder(pipeline: Path, tmp_path: Path) -> None:
    scheduler = DDPMScheduler(400, beta_schedule="scaled_linear", prediction_type="v_prediction")
    unet = UNet2DModel.from_pretrained(pipeline / "unet", use_safetensors=True)
    DDPMPipeline(unet.half(), scheduler).save_pretrained(tmp_path)
    found = describe(str(tmp_path))
    assert (found.scheduler, found.timesteps, found.beta_schedule) == ("DDPMScheduler", 400, "scaled_linear")
    assert (found.prediction, found.dtype) == ("v_prediction", "float16")
    assert found.last_signal == pytest.approx(float(scheduler.alphas_cumprod[-1]))


def test_betas_that_are_listed_are_a_schedule_too(pipeline: Path, tmp_path: Path) -> None:
    betas = torch.linspace(1e-3, 0.1, 50).tolist()
    unet = UNet2DModel.from_pretrained(pipeline / "unet", use_safetensors=True)
    DDPMPipeline(unet, DDPMScheduler(50, trained_betas=betas)).save_pretrained(tmp_path)
    found = describe(str(tmp_path))
    assert (found.timesteps, found.beta_schedule) == (50, "trained betas")
    assert found.last_signal == pytest.approx(float((1 - torch.tensor(betas)).prod()), rel=1e-4)


def test_built_in_models_name_their_images() -> None:
    trained, ideal = describe("pixel-faces"), describe("ideal")
    assert trained.source == ideal.source == "pixel-faces[0:1000]"
    assert (trained.dtype, trained.parameters) == ("float16", 4_437_699)
    assert ideal.kind == "ideal denoiser"
    assert ideal.weights_bytes == open_denoiser("ideal").images.nbytes


def measured_peak(call: Callable[[torch.Tensor], object], x: torch.Tensor) -> int:
    """The most that torch's CPU allocator held at one time during a call."""
    with torch.no_grad(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call(x)
    live = peak = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            live += event.nbytes()
            peak = max(peak, live)
    return peak


@pytest.mark.parametrize(("size", "channels"), [(64, (16, 32)), (32, (64, 128)), (48, (32, 32, 64))])
def test_the_estimate_of_memory_is_of_the_right_size(size: int, channels: tuple[int, ...]) -> None:
    settings = {
        "sample_size": size,
        "block_out_channels": channels,
        "norm_num_groups": 8,
        "layers_per_block": 1,
        "down_block_types": (*["DownBlock2D"] * (len(channels) - 1), "AttnDownBlock2D"),
        "up_block_types": ("AttnUpBlock2D", *["UpBlock2D"] * (len(channels) - 1)),
    }
    with torch.device("meta"):
        shapes = UNet2DModel(**settings)
    timestep = torch.zeros((), dtype=torch.long, device="meta")
    estimate = dry_run(lambda x: shapes(x, timestep).sample, shapes, (1, 3, size, size))
    with torch.random.fork_rng(devices=[]):
        unet = UNet2DModel(**settings)
    measured = measured_peak(lambda x: unet(x, 5), torch.zeros(1, 3, size, size))
    assert estimate.shape == (1, 3, size, size)
    assert measured / 3 < estimate.peak_bytes < measured * 3


def test_memory_of_a_chain_is_counted_by_hand() -> None:
    """Three layers of 4 x 8 numbers: two live at a time, views and weights cost nothing."""
    chain = torch.nn.Sequential(*(torch.nn.Linear(8, 8, bias=False) for _ in range(3))).to("meta")
    assert dry_run(chain, chain, (4, 8)).peak_bytes == 2 * 4 * 8 * 4
    assert dry_run(lambda x: x.view(8, 4).t(), chain, (4, 8)).peak_bytes == 0
    assert dry_run(lambda x: torch.cat([x, x]).view(-1)[3:] + 1, chain, (4, 8)).peak_bytes == 4 * (64 + 61)
