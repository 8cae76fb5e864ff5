"""Guidance that is too strong loses images; the others are what they are alone, and a broken model still raises."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from side_core.data.training_set import TrainingSet
from side_core.dpm.arithmetic import Arithmetic
from side_core.dpm.folder import open_denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.sampling.drawing import Damage, Drawing, draw
from side_core.sampling.guidance import Guidance, Guide
from side_core.sampling.health import Health
from side_core.sampling.sampler import sample
from side_core.sampling.schedule import make_schedule
from side_core.settings import SamplingSettings

NAN, INF = float("nan"), float("inf")
WAYS = [
    {},
    {"eta": 1.0},
    {"solver": "multistep"},
    {"clip": "off"},
    {"clip": "clip-recompute"},
    {"clip": "off", "solver": "multistep"},
]


def guide_of(push: Callable[[int, int], float]) -> Guide:
    """Push all values of the image of a seed by so much at timestep t."""

    def guide(seeds: Sequence[int]) -> Guidance:
        def gradient(x: torch.Tensor, t: int) -> torch.Tensor:
            return torch.tensor([push(seed, t) for seed in seeds]).view(-1, 1, 1, 1).expand_as(x).clone()

        return gradient

    return guide


def drawn(
    model: object, seeds: Sequence[int], guide: Guide | None = None, **settings: object
) -> tuple[dict[int, np.ndarray], tuple[Damage, ...], list[Drawing]]:
    """The picture of each seed that was not lost, what was damaged, and all drawings."""
    made = list(draw(model, SamplingSettings.model_validate({"steps": 10} | settings), seeds, guide))
    images = {seed: image for drawing in made for seed, image in drawing.finished.items()}
    return images, tuple(damage for drawing in made for damage in drawing.damaged), made


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_lost_image_is_named_and_the_others_are_what_they_are_alone(
    ideal: IdealDenoiser, way: dict, value: float
) -> None:
    """Seed 2 is lost at the fourth step, seed 5 at the eighth; the rest is guided gently."""
    at = {2: 600, 5: 200}  # ten steps at 900, 800 .. 0
    guide = guide_of(lambda seed, t: value if t == at.get(seed) else 0.02 * (seed - 3))
    images, damaged, made = drawn(ideal, range(7), guide, **way)
    assert {damage for damage in damaged if damage.lost} == {Damage(2, 4, True), Damage(5, 8, True)}
    assert list(images) == [0, 1, 3, 4, 6] and made[-1].survivors == (0, 1, 3, 4, 6)
    assert len(made) == 10
    for seed, image in images.items():
        alone, _, _ = drawn(ideal, [seed], guide, **way)
        assert np.array_equal(image, alone[seed])
    assert all(drawing.step.denoised.isfinite().all() and drawing.step.x.isfinite().all() for drawing in made)


def test_guidance_that_explodes_slowly_loses_images_too(ideal: IdealDenoiser) -> None:
    """Beyond the largest float32 only in the state, not in the push."""
    guide = guide_of(lambda seed, t: -1e38 if seed == 1 else 0.0)
    images, damaged, _ = drawn(ideal, range(3), guide, clip="off")
    assert [(damage.seed, damage.lost) for damage in damaged] == [(1, True)]
    assert list(images) == [0, 2]


def test_a_model_that_overflows_on_a_steered_image_loses_that_image_alone(ideal: IdealDenoiser) -> None:
    """The state is still finite, but so large that the model returns NaN for it."""

    class Fragile(IdealDenoiser):
        def __init__(self) -> None:
            self.__dict__.update(ideal.__dict__)

        def predict_noise(self, x: torch.Tensor, t: int, condition: torch.Tensor | None = None) -> torch.Tensor:
            eps = super().predict_noise(x, t, condition)
            return torch.where(x.abs().amax(dim=(1, 2, 3), keepdim=True) < 100, eps, NAN)

    guide = guide_of(lambda seed, t: -1e4 if seed == 1 and t == 500 else 0.1)
    images, damaged, _ = drawn(Fragile(), range(3), guide, clip="off")
    assert damaged == (Damage(1, 6, True),)  # pushed at the fifth step, NaN at the sixth
    assert list(images) == [0, 2]
    assert np.array_equal(images[2], drawn(ideal, [2], guide, clip="off")[0][2])


def test_where_all_are_lost_the_run_goes_on_to_the_next_batch(ideal: IdealDenoiser) -> None:
    guide = guide_of(lambda seed, t: NAN if seed < 3 else 0.0)
    images, damaged, made = drawn(ideal, range(5), guide, batch_size=3)
    assert damaged == tuple(Damage(seed, 1, True) for seed in range(3))
    assert list(images) == [3, 4]
    first = made[9]
    assert first.images.shape == (0, 16, 16, 3) and first.survivors == () and first.finished == {}
    assert [drawing.done for drawing in made] == list(range(1, 21))


def test_saturated_images_are_kept_and_named(ideal: IdealDenoiser) -> None:
    guide = guide_of(lambda seed, t: 1e6 if seed == 1 and t <= 500 else 0.0)
    images, damaged, _ = drawn(ideal, range(3), guide, steps=10)
    assert damaged == (Damage(1, 5, False),)  # at 900, 800, 700, 600, 500
    assert list(images) == [0, 1, 2]
    assert (images[1] == 255).mean() > 0.5


@pytest.mark.parametrize("clip", ["off", "clip", "clip-recompute"])
def test_saturation_is_seen_whether_the_estimate_is_clipped_or_not(ideal: IdealDenoiser, clip: str) -> None:
    images, damaged, _ = drawn(ideal, range(2), guide_of(lambda seed, t: 1e4 * seed), clip=clip)
    assert [(damage.seed, damage.lost) for damage in damaged] == [(1, False)]
    assert np.isin(images[1], (0, 255)).mean() > 0.5


def test_an_image_that_recovers_is_not_damaged(ideal: IdealDenoiser) -> None:
    guide = guide_of(lambda seed, t: 50.0 if t == 900 else 0.0)
    _, damaged, made = drawn(ideal, range(2), guide)
    assert (made[0].step.denoised >= 1).float().mean() > 0.9
    assert damaged == ()


def test_saturation_counts_from_its_last_beginning() -> None:
    health, flat, full = Health(2), torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4)
    mixed = torch.stack([flat[0], full[0]])
    for index, estimate in enumerate([full, full, mixed, mixed, full]):
        health.look(estimate, index)
    assert health.saturated.tolist() == [4, 0]


def test_half_of_the_values_may_lie_at_the_ends() -> None:
    health, estimate = Health(2), torch.zeros(2, 1, 4, 4)
    estimate[0, :, :2] = -1
    estimate[1, :, :2] = 1
    estimate[1, 0, 2, 0] = -1  # one more than half
    health.look(estimate, 3)
    assert health.saturated.tolist() == [-1, 3]


def test_lost_once_is_lost_at_that_step() -> None:
    health = Health(3)
    health.lose(torch.tensor([True, False, True]), 2)
    health.lose(torch.tensor([True, False, False]), 5)
    assert health.lost.tolist() == [-1, 2, 5]
    assert health.alive.tolist() == [True, False, False]


def test_gentle_guidance_and_none_damage_nothing(ideal: IdealDenoiser) -> None:
    for guide in (None, guide_of(lambda seed, t: 0.1)):
        images, damaged, made = drawn(ideal, range(4), guide)
        assert damaged == () and len(images) == 4
        assert {drawing.steered for drawing in made} == {guide is not None}


def test_without_guidance_nothing_is_called_damaged_however_it_looks(ideal: IdealDenoiser) -> None:
    """Its model draws nothing but black: that is no fault of guidance."""
    images = TrainingSet("black", np.zeros((2, 8, 8, 3), np.uint8), np.arange(2).astype(str))
    black = IdealDenoiser(images, ideal.alphas_cumprod)
    drawn_images, damaged, _ = drawn(black, range(2))
    assert damaged == () and not drawn_images[0].any()


BROKEN = r"^The model returned NaN or infinity at timestep 900: check the model's weights"


@pytest.mark.parametrize("value", [NAN, INF])
@pytest.mark.parametrize("push", [0.0, 1.0])
def test_a_model_that_returns_no_numbers_raises_also_when_guided(pipeline: Path, push: float, value: float) -> None:
    broken = open_denoiser(str(pipeline))
    broken.unet.conv_out.bias.fill_(value)
    with pytest.raises(ValueError, match=rf"{BROKEN}\.$"):  # it is in exact mode
        drawn(broken, range(2), guide_of(lambda seed, t: push))


def test_exact_mode_is_advised_where_it_may_help(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half = Arithmetic(torch.bfloat16, torch.channels_last)
    monkeypatch.setattr("side_core.dpm.arithmetic.fastest", lambda *about: half)
    broken = open_denoiser(str(pipeline), "fast")
    broken.unet.conv_out.bias.fill_(NAN)
    with pytest.raises(ValueError, match=rf"{BROKEN}, or use exact mode\.$"):
        drawn(broken, range(2))


def test_a_model_that_breaks_before_guidance_begins_raises(ideal: IdealDenoiser) -> None:
    """What happens before the window is not guidance's doing, though the run is guided."""

    class Breaking(IdealDenoiser):
        def __init__(self) -> None:
            self.__dict__.update(ideal.__dict__)

        def predict_noise(self, x: torch.Tensor, t: int, condition: torch.Tensor | None = None) -> torch.Tensor:
            return super().predict_noise(x, t, condition) * (NAN if t < 600 else 1)

    with pytest.raises(ValueError, match=r"^The model returned NaN or infinity at timestep 500"):
        drawn(Breaking(), range(2), guide_of(lambda seed, t: 1.0 if t < 300 else 0.0))


def test_steps_hand_out_the_health_so_far(ideal: IdealDenoiser) -> None:
    guidance = guide_of(lambda seed, t: NAN if seed == 1 and t <= 500 else 0.0)(range(3))
    steps = sample(ideal, make_schedule(ideal.alphas_cumprod, 10), range(3), guidance)
    lost = [step.health.lost.tolist() for step in steps]
    assert lost == [[-1, -1, -1]] * 4 + [[-1, 4, -1]] * 6
