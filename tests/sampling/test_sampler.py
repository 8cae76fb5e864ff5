"""The sampler's promises: seeds decide, batches do not, nothing leaks, and it can be abandoned."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pytest
import torch

from side_core.dpm.denoiser import PixelSpace
from side_core.dpm.folder import open_denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.dpm.unet import UnetDenoiser
from side_core.sampling.drawing import check_label, draw, labels_of
from side_core.sampling.sampler import Step, sample
from side_core.sampling.schedule import Schedule, make_schedule
from side_core.settings import SamplingSettings

WAYS = [{}, {"eta": 1.0}, {"eta": 0.5, "clip": "clip-recompute"}, {"solver": "multistep"}]


@pytest.fixture(scope="module")
def unet(pipeline: Path) -> UnetDenoiser:
    return open_denoiser(str(pipeline))


@pytest.fixture(scope="module")
def schedule(unet: UnetDenoiser) -> Schedule:
    return make_schedule(unet.alphas_cumprod, 6)


def last_of(steps: Iterator[Step]) -> torch.Tensor:
    """The final state."""
    *_, last = steps
    return last.x


def pictures(denoiser: object, seeds: list[int], **settings: object) -> dict[int, bytes]:
    """The 8-bit picture of each seed."""
    found = {}
    for drawing in draw(denoiser, SamplingSettings.model_validate(settings), seeds):
        if drawing.images is not None:
            found |= {seed: image.tobytes() for seed, image in zip(drawing.seeds, drawing.images, strict=True)}
    return found


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_image_k_is_the_same_picture_in_any_batch(ideal: IdealDenoiser, way: dict) -> None:
    together = pictures(ideal, list(range(9)), steps=12, batch_size=9, **way)
    assert len(set(together.values())) > 3
    for batch_size in (1, 4):
        assert pictures(ideal, list(range(9)), steps=12, batch_size=batch_size, **way) == together
    assert pictures(ideal, [5, 2], steps=12, **way) == {seed: together[seed] for seed in (5, 2)}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_image_k_hardly_changes_with_its_batch_on_a_network(unet: UnetDenoiser, schedule: Schedule, way: dict) -> None:
    """Matrix products of another size round otherwise; an 8-bit level is forty times 2e-4."""
    way = {"clip": "clip", **way}
    together = last_of(sample(unet, schedule, range(5), **way))
    for k in range(5):
        torch.testing.assert_close(last_of(sample(unet, schedule, [k], **way))[0], together[k], atol=2e-4, rtol=0)


def test_the_same_call_gives_the_same_bits_whatever_the_global_random_state(
    unet: UnetDenoiser, schedule: Schedule
) -> None:
    first = last_of(sample(unet, schedule, [3, 4], eta=1.0))
    torch.rand(17)
    assert torch.equal(last_of(sample(unet, schedule, [3, 4], eta=1.0)), first)


def test_other_seeds_give_other_images(unet: UnetDenoiser, schedule: Schedule) -> None:
    images = last_of(sample(unet, schedule, [3, 4, 3]))
    assert not torch.allclose(images[0], images[1], atol=0.1)
    torch.testing.assert_close(images[0], images[2], atol=1e-5, rtol=0)


def test_noise_is_added_only_with_eta(unet: UnetDenoiser, schedule: Schedule) -> None:
    plain, noisy = (last_of(sample(unet, schedule, [1], eta=eta)) for eta in (0.0, 0.01))
    assert not torch.equal(plain, noisy)


def test_global_random_states_are_left_alone(unet: UnetDenoiser, schedule: Schedule) -> None:
    torch_state, numpy_state = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    last_of(sample(unet, schedule, [1, 2], eta=1.0))
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002


@pytest.mark.parametrize("enabled", [True, False])
def test_the_callers_grad_mode_holds_between_steps(unet: UnetDenoiser, schedule: Schedule, enabled: bool) -> None:
    with torch.set_grad_enabled(enabled):
        for step in sample(unet, schedule, [1]):
            assert torch.is_grad_enabled() is enabled
            assert not step.x.requires_grad and not step.denoised.requires_grad


def test_abandoning_it_leaves_nothing_behind(unet: UnetDenoiser, schedule: Schedule) -> None:
    whole = last_of(sample(unet, schedule, [7]))
    abandoned = sample(unet, schedule, [7])
    next(abandoned)
    abandoned.close()
    assert next(abandoned, None) is None
    assert torch.equal(last_of(sample(unet, schedule, [7])), whole)


def test_two_runs_on_one_model_do_not_disturb_each_other(unet: UnetDenoiser) -> None:
    """diffusers' schedulers keep their timesteps on themselves; here two runs are taken in turns."""
    few, many = (make_schedule(unet.alphas_cumprod, steps) for steps in (3, 7))
    alone = [last_of(sample(unet, few, [1])), last_of(sample(unet, many, [2], solver="multistep"))]
    turns = list(zip_longest(sample(unet, few, [1]), sample(unet, many, [2], solver="multistep")))
    assert torch.equal(turns[2][0].x, alone[0])
    assert torch.equal(turns[6][1].x, alone[1])


def test_steps_say_where_they_are(unet: UnetDenoiser, schedule: Schedule) -> None:
    steps = list(sample(unet, schedule, [1, 2], clip="clip"))
    assert [step.index for step in steps] == list(range(6))
    assert [step.timestep for step in steps] == list(schedule.timesteps)
    assert {step.total for step in steps} == {6}
    assert all(step.x.shape == step.denoised.shape == (2, 3, 16, 16) for step in steps)
    assert all(step.denoised.abs().max() <= 1 for step in steps)
    assert torch.equal(steps[-1].x, steps[-1].denoised)


def test_drawing_counts_steps_and_gives_images_at_the_end_of_each_batch(ideal: IdealDenoiser) -> None:
    settings = SamplingSettings(seed=5, count=5, batch_size=2, steps=3)
    drawings = list(draw(ideal, settings))
    assert [drawing.done for drawing in drawings] == list(range(1, 10))
    assert {drawing.total for drawing in drawings} == {9}
    finished = [drawing for drawing in drawings if drawing.images is not None]
    assert [drawing.done for drawing in finished] == [3, 6, 9]
    assert [drawing.seeds for drawing in finished] == [(5, 6), (7, 8), (9,)]
    assert [drawing.images.shape for drawing in finished] == [(2, 16, 16, 3), (2, 16, 16, 3), (1, 16, 16, 3)]


@pytest.mark.parametrize("eta", [-0.1, 1.5, float("nan"), float("inf")])
def test_eta_outside_is_refused(unet: UnetDenoiser, schedule: Schedule, eta: float) -> None:
    with pytest.raises(ValueError, match=rf"^eta is {eta}: choose 0 \(DDIM\) to 1 \(DDPM\)\.$"):
        next(sample(unet, schedule, [1], eta=eta))


def test_multistep_refuses_noise(unet: UnetDenoiser, schedule: Schedule) -> None:
    with pytest.raises(ValueError, match=r"multistep solver adds no noise, but eta is 0\.5"):
        next(sample(unet, schedule, [1], eta=0.5, solver="multistep"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_model_that_returns_no_numbers_is_named_at_its_first_timestep(
    pipeline: Path, schedule: Schedule, value: float
) -> None:
    broken = open_denoiser(str(pipeline))
    broken.unet.conv_out.bias.fill_(value)
    with pytest.raises(ValueError, match=rf"^The model returned NaN or infinity at timestep {schedule.timesteps[0]}: "):
        next(sample(broken, schedule, [1]))


class Recorder(PixelSpace):
    """A class-conditional model that draws its label, and notes what it was asked."""

    shape = (3, 4, 4)
    image_size = (4, 4)
    device = torch.device("cpu")
    alphas_cumprod = torch.linspace(0.99, 0.01, 50, dtype=torch.float64)
    arithmetic = fingerprint = "none"

    def __init__(self, classes: int, bounded: bool = True, estimate: float = 0.0) -> None:
        self.classes, self.bounded, self.estimate = classes, bounded, estimate
        self.asked: list[list[int] | None] = []

    def predict_noise(self, x: torch.Tensor, t: int, condition: torch.Tensor | None = None) -> torch.Tensor:
        """The noise that leaves `estimate`, or label / classes."""
        self.asked.append(None if condition is None else condition.tolist())
        alpha = float(self.alphas_cumprod[t])
        clean = torch.full_like(x, self.estimate) if condition is None else (condition / self.classes).view(-1, 1, 1, 1)
        return (x - alpha**0.5 * clean) / (1 - alpha) ** 0.5


def test_labels_are_uniform_and_follow_from_the_seed_alone() -> None:
    labels = labels_of(range(6000), None, 6)
    counts = labels.bincount(minlength=6)
    assert labels.dtype == torch.int64 and len(counts) == 6
    assert ((counts - 1000) ** 2 / 1000).sum() < 20.5  # chi-square with 5 degrees of freedom, p = 0.001
    assert labels_of([5, 17, 4], None, 6).tolist() == labels[[5, 17, 4]].tolist()
    assert labels_of([5, 17], 3, 6).tolist() == [3, 3]
    assert labels_of([5, 17], None, 0) is None


def test_the_label_does_not_tell_the_noise() -> None:
    """Another stream than the noise's: classes have no noise of their own."""
    labels = labels_of(range(2000), None, 2).bool()
    first = torch.stack([torch.randn((), generator=torch.Generator().manual_seed(seed)) for seed in range(2000)])
    assert abs(float(first[labels].mean() - first[~labels].mean())) < 0.15  # standard error 0.045


def test_image_k_has_the_same_class_in_any_batch() -> None:
    together = pictures(Recorder(100), list(range(9)), steps=3, batch_size=9)
    assert len(set(together.values())) > 5
    assert pictures(Recorder(100), list(range(9)), steps=3, batch_size=2) == together
    assert pictures(Recorder(100), [7, 3], steps=3) == {seed: together[seed] for seed in (7, 3)}


def test_a_chosen_label_reaches_every_step_and_an_unconditional_model_gets_none() -> None:
    conditional, unconditional = Recorder(4), Recorder(0)
    list(draw(conditional, SamplingSettings(count=3, batch_size=2, steps=2, label=3)))
    assert conditional.asked == [[3, 3], [3, 3], [3], [3]]
    list(draw(unconditional, SamplingSettings(count=1, steps=2)))
    assert unconditional.asked == [None, None]


@pytest.mark.parametrize(
    ("label", "classes", "sentence"),
    [
        (2, 0, "Class label 2 was chosen, but the model is unconditional: leave the label out."),
        (0, 0, "Class label 0 was chosen, but the model is unconditional: leave the label out."),
        (10, 10, "Class label 10 does not exist: choose 0 to 9, or leave it out for all."),
        (-1, 10, "Class label -1 does not exist: choose 0 to 9, or leave it out for all."),
    ],
)
def test_a_label_that_cannot_be_is_refused_before_anything_is_drawn(label: int, classes: int, sentence: str) -> None:
    model = Recorder(classes)
    settings = SamplingSettings(count=1).model_copy(update={"label": label})
    for call in (lambda: check_label(label, classes), lambda: next(draw(model, settings))):
        with pytest.raises(ValueError, match=f"^{sentence}$"):
            call()
    assert model.asked == []


@pytest.mark.parametrize("clip", ["clip", "clip-recompute"])
def test_the_settings_clip_only_where_the_space_is_bounded(clip: str) -> None:
    for bounded, expected in ((True, 1.0), (False, 3.0)):
        *_, last = draw(Recorder(0, bounded, estimate=3.0), SamplingSettings(count=1, steps=4, clip=clip))
        torch.testing.assert_close(last.step.x, torch.full((1, 3, 4, 4), expected), atol=1e-4, rtol=0)
