"""Noise schedules from scheduler_config.json: those of diffusers, and a sentence for what is none."""

import json
import os
from pathlib import Path

import pytest
import torch
from diffusers import DDIMScheduler, EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler, PNDMScheduler

from side_core.dpm.scheduler import cosine_alphas_cumprod, read_scheduler


def saved(scheduler: object, folder: Path, **changes: object) -> Path:
    """The file of a scheduler, with changes; `...` takes an entry away."""
    scheduler.save_pretrained(folder)
    file = folder / "scheduler_config.json"
    content = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({name: value for name, value in content.items() if value is not ...}))
    return file


@pytest.mark.parametrize("kind", [DDIMScheduler, PNDMScheduler, EulerDiscreteScheduler])
def test_the_schedule_is_that_of_any_scheduler_with_betas(kind: type, tmp_path: Path) -> None:
    theirs = kind(num_train_timesteps=300, beta_schedule="scaled_linear", beta_start=0.001, beta_end=0.03)
    ours = read_scheduler(saved(theirs, tmp_path))
    assert (ours.kind, ours.beta_schedule) == (kind.__name__, "scaled_linear")
    torch.testing.assert_close(ours.alphas_cumprod, theirs.alphas_cumprod)


def test_whether_the_pipeline_clips_is_said(tmp_path: Path) -> None:
    assert read_scheduler(saved(DDIMScheduler(clip_sample=True), tmp_path)).clips
    assert not read_scheduler(saved(DDIMScheduler(clip_sample=False), tmp_path)).clips
    assert not read_scheduler(saved(DDIMScheduler(), tmp_path, clip_sample=...)).clips


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"beta_schedule": ...}, "no beta_schedule"),
        ({"trained_betas": "x"}, "trained_betas is 'x'"),
        ({"trained_betas": [0.1] * 10_001}, "a list of at most 10000"),
        ({"trained_betas": [0.1, "x"]}, "is not understood"),
        ({"trained_betas": [0.1, 0.2], "num_train_timesteps": 10**12}, "num_train_timesteps is 1000000000000"),
        ({"num_train_timesteps": 10_001}, "a whole number from 2 to 10000"),
        ({"num_train_timesteps": True}, "num_train_timesteps is True"),
        ({"num_train_timesteps": 2.5}, r"num_train_timesteps is 2\.5"),
        ({"beta_end": float("inf")}, "does not fall"),
        ({"beta_start": 0, "beta_end": 0}, "does not fall"),
        ({"beta_start": 3}, "does not fall"),
        ({"trained_betas": 0.5}, r"trained_betas is 0\.5"),
        ({"trained_betas": [[0.1, 0.2]]}, "does not fall"),
        ({"trained_betas": [0.1]}, "does not fall"),
        ({"prediction_type": ["epsilon"]}, r"prediction type is \['epsilon'\]"),
        ({"prediction_type": "e" * 1000}, r"prediction type is 'eee.*\.\.\.: only epsilon"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_schedule_gets_a_sentence(tmp_path: Path, changes: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says) as error:
        read_scheduler(saved(DDIMScheduler(), tmp_path, **changes))
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_flow_matching_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no beta_schedule"):
        read_scheduler(saved(FlowMatchEulerDiscreteScheduler(), tmp_path))


def test_a_pipe_in_place_of_a_file_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "scheduler_config.json")
    with pytest.raises(ValueError, match="cannot be read as JSON"):
        read_scheduler(tmp_path / "scheduler_config.json")


def test_the_cosine_schedule_is_that_of_the_paper() -> None:
    """Nichol & Dhariwal 2021, eq. 17: alpha(t) = cos^2((t/T + s) / (1 + s) * pi/2) over its value at 0."""
    t = torch.arange(1, 901) / 1000
    expected = torch.cos((t + 0.008) / 1.008 * torch.pi / 2) ** 2
    torch.testing.assert_close(
        cosine_alphas_cumprod()[:900],
        expected / torch.cos(torch.tensor(0.008 / 1.008 * torch.pi / 2)) ** 2,
        atol=1e-4,
        rtol=0,
    )
