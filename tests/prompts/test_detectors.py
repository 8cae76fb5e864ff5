"""The other detectors: each against what its formula gives by hand, and which way each of them points."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from side_core.dpm.folder import open_denoiser
from side_core.dpm.text.denoiser import need_text
from side_core.progress import finish
from side_core.prompts.attention import attention_entropy, bright_ending, bright_norm, layer_entropy
from side_core.prompts.detectors import ALL, scores_of, steps_of
from side_core.prompts.norms import embedded, norms_of, own_seeds, score_of
from side_core.prompts.sharpness import sharpness
from side_core.prompts.tiles import clique_distance, tiled_distance
from side_core.prompts.trajectory import Trajectory, draw_trajectory
from side_core.settings import DETECTORS, DetectorName, DetectorSettings
from tests.dpm.text.small_folders import save_small
from tests.prompts.planted import CONTEXT, Planted


def test_the_distance_is_that_of_the_worst_tile() -> None:
    first, second = np.zeros((3, 16, 16)), np.zeros((3, 16, 16))
    second[:, :4, :4] = 0.5  # one of sixteen tiles
    second[:, 8, 8] = 1.0  # one of the sixteen pixels of another
    assert tiled_distance(first, second) == pytest.approx(0.5)
    assert tiled_distance(first, first) == 0
    assert tiled_distance(second, first) == tiled_distance(first, second)


def test_pictures_that_do_not_divide_by_four_are_tiled_too() -> None:
    assert tiled_distance(np.zeros((3, 7, 10)), np.ones((3, 7, 10))) == pytest.approx(1)
    assert tiled_distance(np.zeros((3, 2, 2)), np.eye(2)[None].repeat(3, 0)) == pytest.approx(1)


def test_half_of_the_pictures_alike_are_a_clique() -> None:
    random = np.random.default_rng(0)
    copy, others = random.random((3, 16, 16)), random.random((4, 3, 16, 16))
    four = clique_distance(np.stack([copy, copy, others[0], others[1]]))
    assert four == 0  # two of four
    six = np.stack([copy, copy, *others])
    ranked = sorted(tiled_distance(copy, other) for other in others)
    assert 0 < clique_distance(six) <= ranked[0]  # three of six are needed: the nearest other counts
    assert clique_distance(six[:2]) == 0 and clique_distance(six[1:3]) == tiled_distance(six[1], six[2])


def test_one_picture_has_no_distance() -> None:
    with pytest.raises(ValueError, match="1 picture cannot be compared with others of its prompt: draw two or more"):
        clique_distance(np.zeros((1, 3, 4, 4)))


def whole(attention: np.ndarray, end: int = 2, ending: np.ndarray | None = None, squares: object = None) -> Trajectory:
    count = attention.shape[2]
    return Trajectory(
        np.zeros((count, 3, 4, 4)),
        np.ones((len(attention), count, 4, 4)) if squares is None else np.asarray(squares),
        attention,
        np.full((count, 2, 2), 0.25) if ending is None else ending,
        end,
    )


def test_spread_attention_has_the_entropy_of_its_tokens_and_fixed_attention_none() -> None:
    even = np.full((10, 4, 2, 8), 1 / 8)
    fixed = np.zeros((10, 4, 2, 8))
    fixed[..., 0] = 1
    assert attention_entropy(whole(even)) == pytest.approx(math.log(8))  # nothing changes over the steps
    assert attention_entropy(whole(fixed)) == pytest.approx(0, abs=1e-6)
    assert layer_entropy(whole(even)) == pytest.approx(math.log(8))


def test_the_entropy_is_that_of_late_steps_and_of_what_summary_tokens_gained() -> None:
    """Ten steps, so the last two count; four tokens, the last two of which sum up."""
    random = np.random.default_rng(0)
    layers = random.dirichlet(np.ones(4), (10, 3, 1))
    mean = layers.mean(axis=1)[:, 0]  # (10, 4): entropy is taken of the average over layers

    def part(step: int, tokens: slice) -> float:
        return sum(-p * math.log(p) for p in mean[step, tokens])

    late = sum(part(step, slice(None)) + part(step, slice(2, None)) for step in (8, 9)) / 2
    assert attention_entropy(whole(layers)) == pytest.approx(late - part(0, slice(2, None)))


def test_one_layer_is_the_fourth_or_the_last() -> None:
    layers = np.full((2, 6, 1, 4), 0.25)
    layers[0, 3] = [1, 0, 0, 0]
    assert layer_entropy(whole(layers)) == pytest.approx(0, abs=1e-6)
    assert layer_entropy(whole(layers[:, :3])) == pytest.approx(math.log(4))


def test_the_ending_is_averaged_and_weighs_the_norm() -> None:
    ending = np.array([[[0.1, 0.1], [0.1, 0.5]]])
    squares = np.zeros((3, 1, 4, 4))
    squares[:, 0, 3, 3] = 4.0  # under the bright quarter
    found = whole(np.full((3, 1, 1, 4), 0.25), ending=ending, squares=squares)
    assert bright_ending(found) == pytest.approx(0.2)
    assert bright_norm(found) == pytest.approx(2 * 0.5 / 0.2)
    even = whole(np.full((3, 1, 1, 4), 0.25), ending=np.full((1, 2, 2), 0.3), squares=squares)
    assert bright_norm(even) == pytest.approx(2)  # an even mask leaves Wen's norm as it is


def test_sharpness_of_a_linear_change_is_its_matrix_twice() -> None:
    """e_c - e_0 = p A x, so s = -p A x / sigma, H = -p A / sigma, and H s = p^2 A A x / sigma^2."""
    planted = Planted(curved=True)
    seeds, pulls = [3, 4, 5], np.array([1.0, 2.0, 0.5])
    found = sharpness(planted, planted.embed([f"pull {pull}" for pull in pulls]), seeds, steps=10)
    sigma2 = 1 - float(planted.alphas_cumprod[90])
    for row, (seed, pull) in enumerate(zip(seeds, pulls, strict=True)):
        x = torch.randn(planted.shape, generator=torch.Generator().manual_seed(seed)).flatten()
        by_hand = float((planted.matrix @ planted.matrix @ x).norm()) * pull**2 / sigma2
        assert float(found[row]) == pytest.approx(by_hand, rel=1e-3)


def test_sharpness_of_a_change_that_is_the_same_everywhere_is_nothing() -> None:
    planted = Planted()
    assert float(sharpness(planted, planted.embed(["pull 5"]), [0])) == pytest.approx(0, abs=1e-3)
    assert float(sharpness(planted, planted.embed(["pull 0"]), [0])) == 0


def test_sharpness_is_the_forward_derivative(tmp_path: Path) -> None:
    """Against torch's own Jacobian-vector product of a real, untrained network."""
    denoiser = need_text(open_denoiser(str(save_small(tmp_path / "sd1", "sd1"))))
    text, empty = denoiser.embed(["portrait of Ada Novak"]), denoiser.embed([""])
    alpha, t = float(denoiser.alphas_cumprod[980]), 980
    x = torch.randn((1, *denoiser.shape), generator=torch.Generator().manual_seed(1))

    def score(state: torch.Tensor) -> torch.Tensor:
        return -(denoiser.noise(state, t, text) - denoiser.noise(state, t, empty)) / (1 - alpha) ** 0.5

    with sdpa_kernel(SDPBackend.MATH):  # the only attention that can be differentiated twice
        _, product = torch.autograd.functional.jvp(score, x, score(x).detach())
    assert float(sharpness(denoiser, text, [1])) == pytest.approx(float(product.norm()), rel=0.02)


def test_whole_pictures_are_those_of_the_trajectory_and_what_was_seen_there() -> None:
    planted = Planted()
    *before, last = draw_trajectory(planted, ["pull 3", "pull 1 x"], own_seeds(2, 2, 0), steps=5, scale=2.0)
    assert [event.finished for event in before] == [()] * 4
    first, second = last.finished
    assert (first.end, second.end) == (3, 4)
    np.testing.assert_allclose(first.squares.sum(axis=(2, 3)), np.full((5, 2), 9.0), rtol=1e-5)
    weights = np.exp([3.0, 1.0]) / (np.exp([3.0, 1.0]) + CONTEXT - 1)
    np.testing.assert_allclose(first.attention[..., -1], np.full((5, 3, 2), weights[0]), rtol=1e-5)
    assert first.ending.shape == (2, 4, 4)  # of the finest layers
    np.testing.assert_allclose(first.ending, np.full((2, 4, 4), (1 - weights[0]) / (CONTEXT - 1)), rtol=1e-5)
    assert first.pictures.shape == (2, 3, 4, 4)
    alone = list(draw_trajectory(planted, ["pull 1 x"], own_seeds(2, 2, 0)[1:], steps=5, scale=2.0))[-1].finished[0]
    np.testing.assert_allclose(alone.pictures, second.pictures, rtol=1e-5)


def test_scores_are_in_the_prompts_order_and_the_nearer_pictures_score_higher() -> None:
    prompts = tuple(f"pull {pull}" for pull in (1.0, 6.0, 0.0, 3.0))
    settings = DetectorSettings(steps=5, first_steps=2, batch_size=4, text_scale=8)
    seeds = own_seeds(4, 2, 50)
    found = finish(scores_of(Planted(curved=True), DETECTORS, prompts, settings, seeds))
    assert list(found) == list(DETECTORS)
    assert all(values.shape == (4,) and np.isfinite(values).all() for values in found.values())
    own = settings.model_copy(update={"score_images": 2})
    np.testing.assert_allclose(
        found["text-norm"], score_of(finish(norms_of(Planted(curved=True), prompts, own, seeds))), rtol=1e-5
    )
    assert found["sharpness"].argmax() == 1 and found["sharpness"][2] == 0
    assert (found["tiles"] <= 0).all()  # a distance, turned round
    assert not ALL["tiles"].higher


@pytest.mark.parametrize("names", [DETECTORS, ("text-norm",), ("tiles", "sharpness")])
def test_what_is_done_counts_through_all_detectors(names: tuple[DetectorName, ...]) -> None:
    prompts, settings = tuple(f"pull {pull}" for pull in range(5)), DetectorSettings(steps=3, batch_size=4)
    events = list(scores_of(Planted(curved=True), names, prompts, settings, own_seeds(5, 2, 50)))
    total = steps_of(names, 5, 2, settings)
    assert [(event.done, event.total) for event in events] == [(done, total) for done in range(1, total + 1)]


def test_different_prompts_are_embedded_once_and_come_back_in_order() -> None:
    planted = Planted()
    rows = embedded(planted, ["pull 2", "pull 1", "pull 2"])
    assert rows[:, 0, 0].tolist() == [2, 1, 2] and planted.embedded == [["pull 2", "pull 1"]]
