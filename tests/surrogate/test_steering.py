"""Steering: the right gradient, at the right time, toward the label of each seed, and only of a model it belongs to."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from side_core.data.training_set import TrainingSet
from side_core.dpm.arithmetic import Arithmetic
from side_core.dpm.denoiser import from_uint8
from side_core.dpm.ideal import IdealDenoiser
from side_core.sampling.drawing import draw
from side_core.settings import GuidanceSettings, Label, SamplingSettings
from side_core.surrogate.steering import Steering, make_steering
from side_core.surrogate.surrogate import Surrogate

SEEDS = range(12)


@pytest.fixture(scope="module")
def many(build: Callable[..., Surrogate]) -> Surrogate:
    """Hardly trained, of three kept clusters among six."""
    return build(clusters=6, cohesion=0.985, train_steps=2)


def steering_of(surrogate: Surrogate, model: IdealDenoiser, label: Label | None = None, **settings: object) -> Steering:
    """A surrogate of this very model, ready."""
    return make_steering(surrogate, model, GuidanceSettings.model_validate(settings), label)


def noise(count: int, model: IdealDenoiser) -> torch.Tensor:
    """(count, C, H, W)."""
    return torch.randn(count, *model.shape, generator=torch.Generator().manual_seed(3))


def pictures(model: IdealDenoiser, seeds: list[int] | range, steering: Steering | None, **settings: object) -> dict:
    """The 8-bit picture of each seed."""
    found = {}
    for drawing in draw(
        model, SamplingSettings.model_validate({"steps": 20} | settings), seeds, steering.guide if steering else None
    ):
        found |= drawing.finished
    return found


def is_bright(picture: np.ndarray, groups: TrainingSet) -> bool:
    """Whether the nearest image of all is of the second group."""
    distances = np.abs(groups.images.astype(int) - picture).mean(axis=(1, 2, 3))
    return bool(distances.argmin() >= 12)


@pytest.mark.parametrize("t", [0, 60, 150])
def test_the_gradient_is_that_of_finite_differences(many: Surrogate, model: IdealDenoiser, t: int) -> None:
    """In float64, along random directions; each image's own log p(c | x), whatever the others show."""
    steering = steering_of(many, model, guidance_scale=2.5)
    steering.network.double()
    x, seeds = noise(3, model).double(), [4, 9, 2]
    found = steering.guide(seeds)(x, t).double()
    labels = [many.kept.tolist().index(cluster) for cluster in steering.clusters(seeds)]
    random, time, step = torch.Generator().manual_seed(1), torch.tensor([t / 200]), 1e-5

    def logs(x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return steering.network(x, time).log_softmax(dim=1)[range(3), labels]

    for _ in range(5):
        direction = torch.randn(x.shape, generator=random, dtype=torch.float64)
        slope = (logs(x + step * direction) - logs(x - step * direction)) / (2 * step)
        torch.testing.assert_close((found * direction).sum(dim=(1, 2, 3)), 2.5 * slope, rtol=1e-5, atol=1e-7)
    assert found.flatten(1).norm(dim=1).min() > 1e-3


def test_labels_follow_from_the_seed_alone(many: Surrogate, model: IdealDenoiser) -> None:
    for label in ("uniform", "balanced", int(many.kept[1])):
        steering = steering_of(many, model, label)
        together = steering.clusters(SEEDS)
        assert set(together) <= set(many.kept.tolist())
        assert [steering.clusters([seed])[0] for seed in SEEDS] == together
        assert steering.clusters([7, 3]) == [together[7], together[3]]


def test_balanced_takes_each_kept_cluster_equally_often(many: Surrogate, model: IdealDenoiser) -> None:
    taken = steering_of(many, model, "balanced").clusters(range(100, 160))
    assert [taken.count(cluster) for cluster in many.kept] == [20, 20, 20]


def test_a_number_is_that_cluster_for_all(many: Surrogate, model: IdealDenoiser) -> None:
    for cluster in many.kept.tolist():
        assert steering_of(many, model, cluster).clusters(range(5)) == [cluster] * 5


def test_the_push_on_image_k_is_the_same_in_any_batch(many: Surrogate, model: IdealDenoiser) -> None:
    steering, x = steering_of(many, model, "uniform"), noise(6, model)
    together = steering.guide(range(6))(x, 80)
    for k in range(6):
        torch.testing.assert_close(steering.guide([k])(x[k : k + 1], 80)[0], together[k], atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("way", [{}, {"eta": 1.0}, {"solver": "multistep"}], ids=str)
def test_a_steered_picture_is_the_same_in_any_batch(built: Surrogate, model: IdealDenoiser, way: dict) -> None:
    steering = steering_of(built, model, "uniform", guidance_scale=3)
    together = pictures(model, SEEDS, steering, batch_size=12, **way)
    assert len({picture.tobytes() for picture in together.values()}) > 4
    for batch_size in (1, 5):
        apart = pictures(model, SEEDS, steering, batch_size=batch_size, **way)
        assert all(np.array_equal(apart[seed], together[seed]) for seed in SEEDS)
    assert np.array_equal(pictures(model, [8, 3], steering, **way)[3], together[3])


def test_steering_draws_the_group_of_its_label(built: Surrogate, model: IdealDenoiser, groups: TrainingSet) -> None:
    """Two groups that anyone can tell apart, by a classifier that learned them from the model alone."""
    plain = sum(is_bright(picture, groups) for picture in pictures(model, SEEDS, None).values())
    assert 3 <= plain <= 9
    shown = {label: is_bright(built.pictures[built.position(label), 0], groups) for label in built.kept.tolist()}
    assert sorted(shown.values()) == [False, True]
    for label, bright in shown.items():
        drawn = pictures(model, SEEDS, steering_of(built, model, label, guidance_scale=15))
        assert sum(is_bright(picture, groups) == bright for picture in drawn.values()) >= 11
    balanced = pictures(model, SEEDS, steering_of(built, model, "balanced", guidance_scale=15))
    assert sum(is_bright(picture, groups) for picture in balanced.values()) == pytest.approx(6, abs=1)


def test_the_push_is_the_way_that_bayes_says(
    built: Surrogate, model: IdealDenoiser, groups: TrainingSet, make_model: Callable[[TrainingSet], Any]
) -> None:
    """Score of p(x | c) less score of p(x), which two ideal denoisers give exactly, is the gradient of log p(c | x)."""
    t = 190  # where it is not yet clear which group it becomes
    alpha = float(model.alphas_cumprod[t])
    clean = from_uint8(groups.images).repeat(8, 1, 1, 1) * 2 - 1
    x = alpha**0.5 * clean + (1 - alpha) ** 0.5 * noise(len(clean), model)
    for label in built.kept.tolist():
        first = 12 * is_bright(built.pictures[built.position(label), 0], groups)
        alone = make_model(groups.slice(first, first + 12, "alone"))
        exact = (model.predict_noise(x, t) - alone.predict_noise(x, t)) / (1 - alpha) ** 0.5
        push = steering_of(built, model, label, guidance_scale=1).guide(range(len(x)))(x, t)
        assert torch.cosine_similarity(push.flatten(), exact.flatten(), dim=0) > 0.5
        assert 1 / 3 < push.norm() / exact.norm() < 3


def test_outside_its_window_it_does_nothing_and_asks_nothing(many: Surrogate, model: IdealDenoiser) -> None:
    asked = []
    steering = steering_of(many, model, guide_from=120, guide_to=60)
    steering.network.register_forward_hook(lambda *arguments: asked.append(1))
    guidance, x = steering.guide(range(2)), noise(2, model)
    for t in (199, 121, 59, 0):
        assert torch.equal(guidance(x, t), torch.zeros_like(x))
    assert not asked
    assert all(guidance(x, t).any() for t in (120, 90, 60)) and len(asked) == 3


def test_lambda_0_leaves_the_model_alone(built: Surrogate, model: IdealDenoiser) -> None:
    plain = pictures(model, SEEDS, None)
    still = pictures(model, SEEDS, steering_of(built, model, guidance_scale=0))
    assert all(np.array_equal(plain[seed], still[seed]) for seed in SEEDS)


def test_the_push_grows_with_lambda_of_t(many: Surrogate, model: IdealDenoiser) -> None:
    x = noise(2, model)
    one, six = (steering_of(many, model, guidance_scale=scale).guide(range(2))(x, 50) for scale in (1, 6))
    torch.testing.assert_close(six, 6 * one)
    ramp = steering_of(many, model, guidance_scale=6, guidance_shape="ramp")
    torch.testing.assert_close(ramp.guide(range(2))(x, 50), ramp.strength.at(50) * one)
    assert 0 < ramp.strength.at(50) < 6


def test_what_is_left_out_is_what_the_card_says(many: Surrogate, model: IdealDenoiser) -> None:
    own = {"guidance_scale": 8.0, "guide_from": 150, "guide_to": 30, "guidance_shape": "ramp", "label": "uniform"}
    advised = replace(many, card={**many.card, "guidance": own})
    steering = steering_of(advised, model)
    assert steering.settings.model_dump() | {"label": steering.label} == own
    other = steering_of(advised, model, "balanced", guidance_scale=2, guide_to=0)
    changed = {"guidance_scale": 2.0, "guide_to": 0, "label": "balanced"}
    assert other.settings.model_dump() | {"label": other.label} == own | changed
    with pytest.raises(ValueError, match=r"^The guidance window from 10 to 30 is empty"):
        steering_of(advised, model, guide_from=10)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_caller_s_grad_mode_holds_and_nothing_is_left_in_the_network(
    many: Surrogate, model: IdealDenoiser, enabled: bool
) -> None:
    steering = steering_of(many, model)
    with torch.set_grad_enabled(enabled):
        push = steering.guide(range(2))(noise(2, model), 50)
        assert torch.is_grad_enabled() is enabled
    assert not push.requires_grad
    assert all(parameter.grad is None for parameter in steering.network.parameters())


def test_it_computes_as_the_model_does(many: Surrogate, groups: TrainingSet, make_model: Callable[..., Any]) -> None:
    fast = make_model(groups)
    fast.arithmetic = Arithmetic(torch.bfloat16, torch.channels_last)
    exact = make_model(groups)
    x = noise(4, exact)
    rough, fine = (steering_of(many, item, "balanced").guide(range(4))(x, 80) for item in (fast, exact))
    assert rough.dtype is torch.float32
    assert not torch.equal(rough, fine)
    assert torch.cosine_similarity(rough.flatten(1), fine.flatten(1)).min() > 0.99


def test_a_surrogate_of_another_model_is_refused_unless_it_is_allowed(
    many: Surrogate, groups: TrainingSet, make_model: Callable[[TrainingSet], Any]
) -> None:
    other = make_model(groups.slice(0, 12, "dark"))
    own, theirs = many.card["model"]["fingerprint"][:12], other.fingerprint[:12]
    with pytest.raises(
        ValueError,
        match=rf"^The surrogate was made of another model \(groups, {own}; this one is {theirs}\): train one of this "
        r"model, or allow a foreign surrogate\.$",
    ):
        make_steering(many, other, GuidanceSettings())
    steering = make_steering(many, other, GuidanceSettings(), foreign=True)
    assert steering.guide(range(2))(noise(2, other), 50).any()


def test_another_image_size_is_refused_even_if_a_foreign_surrogate_is_allowed(
    many: Surrogate, ideal: IdealDenoiser
) -> None:
    with pytest.raises(
        ValueError,
        match=r"^The surrogate works on 3 x 8 x 8, the model on 3 x 16 x 16: train a surrogate of this model\.$",
    ):
        make_steering(many, ideal, GuidanceSettings(), foreign=True)


def test_labels_that_cannot_be_are_refused_at_once(many: Surrogate, model: IdealDenoiser) -> None:
    dropped = int(np.setdiff1d(np.arange(6), many.kept)[0])
    for label, sentence in ((dropped, f"^Label {dropped} was dropped"), (6, "^Label 6 does not exist")):
        with pytest.raises(ValueError, match=sentence):
            steering_of(many, model, label)


def test_the_digest_names_what_steered_pictures_depend_on(
    many: Surrogate, built: Surrogate, model: IdealDenoiser
) -> None:
    digests = [
        steering_of(many, model).digest,
        steering_of(built, model).digest,
        steering_of(many, model, "uniform").digest,
        steering_of(many, model, guidance_scale=1).digest,
        steering_of(many, model, guide_to=1).digest,
    ]
    assert len(set(digests)) == 5
    assert steering_of(many, model, "balanced").digest == digests[0]  # what the card says anyway
