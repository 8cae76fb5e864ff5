"""Noise schedules from scheduler_config.json: those of diffusers, and a sentence for what is none."""

import inspect
import json
import os
from pathlib import Path

import diffusers
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    PNDMScheduler,
)

from side_core.dpm.formats.own_sampling import SCHEDULERS, OwnSampling, read_own_sampling, with_card
from side_core.dpm.formats.scheduler import cosine_alphas_cumprod, read_scheduler


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
    for clips in (True, False):
        found = read_scheduler(saved(DDIMScheduler(clip_sample=clips), tmp_path)).own_sampling
        assert found.clip == ("clip" if clips else "off")
    assert read_scheduler(saved(DDIMScheduler(), tmp_path, clip_sample=None)).own_sampling.clip == "off"


LEFT_OUT = dict.fromkeys(
    ("timestep_spacing", "steps_offset", "clip_sample", "clip_sample_range", "set_alpha_to_one"), ...
)


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        (DDIMScheduler, {}, OwnSampling(fixed_stride=True)),
        (DDIMScheduler, LEFT_OUT, OwnSampling(fixed_stride=True)),
        (
            DDIMScheduler,
            {
                "timestep_spacing": "trailing",
                "steps_offset": 3,
                "clip_sample": False,
                "clip_sample_range": 2,
                "set_alpha_to_one": False,
            },
            OwnSampling("trailing", 3, "off", 2.0, ends_clean=False, fixed_stride=True),
        ),
        (DDPMScheduler, LEFT_OUT, OwnSampling()),
        (DDPMScheduler, {"set_alpha_to_one": False}, OwnSampling()),  # it knows no such entry
        (PNDMScheduler, LEFT_OUT, OwnSampling(clip="off", ends_clean=False)),
        (PNDMScheduler, {"clip_sample": True, "steps_offset": 1}, OwnSampling("leading", 1, "off", ends_clean=False)),
        (EulerDiscreteScheduler, LEFT_OUT, OwnSampling("linspace", clip="off")),
        (EulerDiscreteScheduler, {"timestep_spacing": "leading", "steps_offset": 1}, OwnSampling("leading", 1, "off")),
        (DPMSolverMultistepScheduler, LEFT_OUT, OwnSampling("linspace", clip="off")),
        (DDIMScheduler, LEFT_OUT | {"_class_name": "NewScheduler"}, OwnSampling()),
    ],
    ids=str,
)
def test_its_own_sampling_is_what_it_says_and_else_what_its_class_does(
    tmp_path: Path, kind: type, changes: dict, expected: OwnSampling
) -> None:
    found = read_scheduler(saved(kind(), tmp_path, **changes)).own_sampling
    assert found == expected and found.source == "scheduler_config.json"


@pytest.mark.parametrize("kind", [getattr(diffusers, name) for name in SCHEDULERS])
def test_each_known_class_has_defaults_that_are_understood(tmp_path: Path, kind: type) -> None:
    inspected = inspect.signature(kind.__init__).parameters
    found = read_own_sampling({"_class_name": kind.__name__}, tmp_path / "scheduler_config.json", 1000)
    if "timestep_spacing" in inspected:
        assert found.spacing == inspected["timestep_spacing"].default
    assert (found.clip == "clip") == ("clip_sample" in inspected and inspected["clip_sample"].default)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"timestep_spacing": "even"},
            "timestep_spacing is 'even' in .*: one of leading, trailing, linspace is needed",
        ),
        ({"timestep_spacing": ["leading"]}, r"timestep_spacing is \['leading'\]"),
        ({"steps_offset": -1}, "steps_offset is -1 in .*: a whole number from 0 to 999 is needed"),
        ({"steps_offset": 1000}, "steps_offset is 1000"),
        ({"steps_offset": True}, "steps_offset is True"),
        ({"steps_offset": 0.5}, r"steps_offset is 0\.5"),
        ({"clip_sample": "no"}, "clip_sample is 'no' in .*: true or false is needed"),
        ({"clip_sample_range": 0}, "clip_sample_range is 0 in .*: a number above 0 is needed"),
        ({"clip_sample_range": float("inf")}, "clip_sample_range is inf in .*: a number is needed"),
        ({"clip_sample_range": [1]}, r"clip_sample_range is \[1\]"),
        ({"set_alpha_to_one": 1}, "set_alpha_to_one is 1 in .*: true or false is needed"),
    ],
    ids=str,
)
def test_what_cannot_be_followed_gets_a_sentence(tmp_path: Path, changes: dict, says: str) -> None:
    file = saved(DDIMScheduler(), tmp_path, **changes)
    with pytest.raises(ValueError, match=says) as error:
        read_scheduler(file)
    assert str(file) in str(error.value) and str(error.value).endswith("save the model again.")


def test_a_card_takes_the_place_of_the_scheduler(tmp_path: Path) -> None:
    own, card = OwnSampling("trailing", 1, "off", source="scheduler_config.json"), tmp_path / "card.json"
    found = with_card(own, {"sampling": {"steps_offset": 0, "set_alpha_to_one": False}}, card, 1000)
    assert found == OwnSampling("trailing", 0, "off", ends_clean=False)
    assert found.source == "scheduler_config.json, card.json"
    assert with_card(own, {}, card, 1000) is own
    for said in ("leading", {"spacing": "leading"}, {"steps_offset": "0"}):
        with pytest.raises(ValueError, match=rf"in '{card}'"):
            with_card(own, {"sampling": said}, card, 1000)


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
