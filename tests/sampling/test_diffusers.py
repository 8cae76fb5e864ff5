"""Oracle: the same folder, seeds and settings through diffusers' own pipelines and schedulers."""

import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
import torch
from diffusers import DDIMPipeline, DPMSolverMultistepScheduler, UNet2DModel

from side_core.dpm.denoiser import from_uint8
from side_core.dpm.description import describe
from side_core.dpm.folder import open_denoiser
from side_core.sampling.drawing import draw
from side_core.sampling.sampler import sample
from side_core.sampling.schedule import make_schedule
from side_core.settings import SamplingSettings

SEEDS = [3, 11]
PREDICTIONS = ["epsilon", "v_prediction", "sample"]
BETAS = ["linear", "scaled_linear", "squaredcos_cap_v2"]
LEVEL = 1 / 255


def generators() -> list[torch.Generator]:
    """One for each image."""
    return [torch.Generator().manual_seed(seed) for seed in SEEDS]


def theirs(folder: Path, steps: int, clip: str, eta: float) -> torch.Tensor:
    """(n, 3, H, W) pixels in 0..1 of diffusers' DDIMPipeline."""
    pipeline = DDIMPipeline.from_pretrained(folder, use_safetensors=True)
    pipeline.set_progress_bar_config(disable=True)
    images = pipeline(
        len(SEEDS),
        generators(),
        eta=eta,
        num_inference_steps=steps,
        use_clipped_model_output=clip == "clip-recompute",
        output_type="np",
    ).images
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def followed(folder: Path, steps: int, eta: float = 0.0, **chosen: object) -> torch.Tensor:
    """The same by our loader and sampler, where the folder's own scheduler says what is not chosen."""
    denoiser = open_denoiser(str(folder))
    *_, last = draw(denoiser, SamplingSettings(steps=steps, eta=eta, **chosen), SEEDS)
    return denoiser.decode(last.step.x)


def ours(folder: Path, steps: int, clip: str, eta: float, spacing: str) -> torch.Tensor:
    """The same by our loader and sampler."""
    denoiser = open_denoiser(str(folder))
    schedule = make_schedule(denoiser.alphas_cumprod, steps, spacing)
    *_, last = sample(denoiser, schedule, SEEDS, eta=eta, clip=clip)
    return denoiser.decode(last.x)


@pytest.mark.parametrize("spacing", ["leading", "trailing"])
@pytest.mark.parametrize(("prediction", "beta"), list(product(PREDICTIONS, BETAS)))
def test_ddim_for_every_kind_of_model(
    make_pipeline: Callable[..., Path], prediction: str, beta: str, spacing: str
) -> None:
    folder = make_pipeline(prediction_type=prediction, beta_schedule=beta, timestep_spacing=spacing, clip_sample=True)
    torch.testing.assert_close(
        ours(folder, 8, "clip", 0.0, spacing), theirs(folder, 8, "clip", 0.0), atol=LEVEL / 10, rtol=0
    )


@pytest.mark.parametrize("spacing", ["leading", "trailing"])
@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("clip", ["off", "clip", "clip-recompute"])
def test_ddim_for_every_clip_and_eta(make_pipeline: Callable[..., Path], clip: str, eta: float, spacing: str) -> None:
    folder = make_pipeline(timestep_spacing=spacing, clip_sample=clip != "off")
    torch.testing.assert_close(
        ours(folder, 10, clip, eta, spacing), theirs(folder, 10, clip, eta), atol=LEVEL / 10, rtol=0
    )


@pytest.mark.parametrize(("prediction", "beta"), list(product(PREDICTIONS, BETAS)))
def test_unclipped_ddim_from_pure_noise(make_pipeline: Callable[..., Path], prediction: str, beta: str) -> None:
    """Timestep 999 of the cosine schedule has 2.4e-9 of signal: the estimate there is divided by 5e-5."""
    folder = make_pipeline(
        prediction_type=prediction, beta_schedule=beta, timestep_spacing="trailing", clip_sample=False
    )
    denoiser = open_denoiser(str(folder))
    pipeline = DDIMPipeline.from_pretrained(folder, use_safetensors=True)
    pipeline.scheduler.set_timesteps(8)
    x = torch.cat([torch.randn(1, 3, 16, 16, generator=generator) for generator in generators()])
    steps = sample(denoiser, make_schedule(denoiser.alphas_cumprod, 8, "trailing"), SEEDS)
    with torch.no_grad():
        for t, step in zip(pipeline.scheduler.timesteps, steps, strict=True):
            x = pipeline.scheduler.step(pipeline.unet(x, t).sample, t, x).prev_sample
            torch.testing.assert_close(step.x, x, atol=1e-3 * float(x.abs().max()), rtol=0)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of diffusers
@pytest.mark.parametrize("steps", [15, 20, 25])
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_multistep(make_pipeline: Callable[..., Path], prediction: str, steps: int) -> None:
    """DPM-Solver++(2M) over the same timesteps; below 15 steps diffusers falls back to first order at the end."""
    folder = make_pipeline(prediction_type=prediction)
    pipeline = DDIMPipeline.from_pretrained(folder, use_safetensors=True)
    denoiser = open_denoiser(str(folder))
    schedule = make_schedule(denoiser.alphas_cumprod, steps, "linspace")
    scheduler = DPMSolverMultistepScheduler(
        beta_start=1e-4,
        beta_end=0.02,
        prediction_type=prediction,
        algorithm_type="dpmsolver++",
        solver_order=2,
        solver_type="midpoint",
        final_sigmas_type="zero",
    )
    scheduler.set_timesteps(timesteps=list(schedule.timesteps))
    x = torch.cat([torch.randn(1, 3, 16, 16, generator=generator) for generator in generators()])
    with torch.no_grad():
        for t, step in zip(scheduler.timesteps, sample(denoiser, schedule, SEEDS, solver="multistep"), strict=True):
            x = scheduler.step(pipeline.unet(x, t).sample, t, x).prev_sample
            torch.testing.assert_close(step.x, x, atol=1e-4 * max(float(x.abs().max()), 1), rtol=0)


OWN = {
    "unclipped": {"clip_sample": False},
    "narrow": {"clip_sample_range": 0.5},
    "wide": {"clip_sample_range": 2.0},
    "offset": {"steps_offset": 1},
    "offset over a step": {"steps_offset": 70, "clip_sample": False},  # 15 steps are 66 timesteps apart
    "not to one": {"set_alpha_to_one": False},
    # At pure noise rounding shows least where v is predicted.
    "trailing": {"timestep_spacing": "trailing", "prediction_type": "v_prediction"},
    "linspace": {"timestep_spacing": "linspace"},
    "as Stable Diffusion": {"clip_sample": False, "steps_offset": 1, "set_alpha_to_one": False},
    "all, trailing": {
        "timestep_spacing": "trailing",
        "clip_sample_range": 0.5,
        "steps_offset": 1,
        "set_alpha_to_one": False,
        "prediction_type": "v_prediction",
    },
    "all, linspace": {
        "timestep_spacing": "linspace",
        "clip_sample": False,
        "steps_offset": 1,
        "set_alpha_to_one": False,
    },
}


@pytest.mark.parametrize("eta", [0.0, 0.7])
@pytest.mark.parametrize("steps", [7, 10, 15])  # 1000 is a multiple of 10 alone
@pytest.mark.parametrize("own", OWN)
def test_the_folders_own_scheduler_is_followed(
    make_pipeline: Callable[..., Path], own: str, steps: int, eta: float
) -> None:
    folder = make_pipeline(**OWN[own])
    expected = theirs(folder, steps, "clip", eta)
    torch.testing.assert_close(followed(folder, steps, eta), expected, atol=LEVEL / 10, rtol=0)
    usual = followed(folder, steps, eta, spacing="leading", clip="clip")
    other = own in ("unclipped", "trailing", "linspace", "all, trailing", "all, linspace")
    assert not other or (usual - expected).abs().max() > LEVEL  # it matters


def test_what_is_chosen_takes_the_place_of_the_folders_own(make_pipeline: Callable[..., Path]) -> None:
    plain, own = make_pipeline(), make_pipeline(clip_sample=False, timestep_spacing="trailing")
    chosen = followed(own, 10, spacing="leading", clip="clip")
    assert torch.equal(chosen, followed(plain, 10))
    assert (followed(own, 10) - chosen).abs().max() > LEVEL


def test_the_multistep_solver_ends_without_noise_whatever_the_folder_says(make_pipeline: Callable[..., Path]) -> None:
    one, other = (make_pipeline(set_alpha_to_one=to_one) for to_one in (True, False))
    assert torch.equal(followed(one, 5, solver="multistep"), followed(other, 5, solver="multistep"))


def test_drawn_8_bit_images_are_those_of_the_pipeline(pipeline: Path) -> None:
    settings = SamplingSettings(steps=10, clip="clip")
    *_, last = draw(open_denoiser(str(pipeline)), settings, SEEDS)
    difference = from_uint8(last.images) - theirs(pipeline, 10, "clip", 0.0)
    assert difference.abs().max() <= 0.51 * LEVEL


@pytest.fixture
def fourier(make_pipeline: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """A pipeline whose U-Net embeds the timestep by Fourier features, and divides by it."""

    def make(**scheduler: object) -> Path:
        folder = shutil.copytree(make_pipeline(**scheduler), tmp_path / "fourier")
        config = {**UNet2DModel.load_config(folder / "unet"), "time_embedding_type": "fourier"}
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            UNet2DModel.from_config(config).save_pretrained(folder / "unet")
        return Path(folder)

    return make


def test_a_fourier_embedding_draws_as_diffusers_does_above_timestep_0(fourier: Callable[..., Path]) -> None:
    folder = fourier(steps_offset=1)
    torch.testing.assert_close(followed(folder, 10), theirs(folder, 10, "clip", 0.0), atol=LEVEL / 10, rtol=0)


def test_a_fourier_embedding_is_not_asked_for_timestep_0(fourier: Callable[..., Path]) -> None:
    """Where diffusers' own pipeline draws no numbers either; this is said before anything is drawn, with what helps."""
    folder = fourier()
    assert theirs(folder, 10, "clip", 0.0).isnan().any()
    with pytest.raises(ValueError, match=r"no numbers at timestep 0, .*'fourier'\): set the last timestep to 1\.$"):
        followed(folder, 10)
    assert followed(folder, 10, last_timestep=1).isfinite().all()
    (note,) = describe(str(folder)).notes
    assert "set the last timestep to 1" in note
