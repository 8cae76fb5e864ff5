"""How well a classifier does at each noise level: against scikit-learn, and calibration against a plain count."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss

from side_core.surrogate.noise import calibration_error, evaluate, levels_of, noised

ALPHAS = torch.linspace(0.9999, 0.0005, 200)


class Guesser(torch.nn.Module):
    """Answers from the mean colour of an image, and notes what it was asked and what it said."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[torch.Tensor] = []
        self.times: list[float] = []
        self.said: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """(n, 3) logits."""
        self.asked.append(x)
        self.times.append(float(times))
        self.said.append(4 * x.mean(dim=(2, 3)))
        return self.said[-1]


@pytest.fixture
def clean() -> torch.Tensor:
    """More images than are looked at at once."""
    return torch.rand(300, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def labels(clean: torch.Tensor) -> torch.Tensor:
    """The strongest colour of each, sometimes another."""
    labels = clean.mean(dim=(2, 3)).argmax(dim=1)
    labels[::7] = 0
    return labels


def plain_calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Guo et al. 2017, eq. 3, image by image over ten bins (0, 0.1], (0.1, 0.2] ..."""
    error = 0.0
    for low in np.arange(10) / 10:
        own = [(c, r) for c, r in zip(confidence, right, strict=True) if low < c <= low + 0.1 + 1e-12]
        if own:
            error += abs(sum(c for c, _ in own) - sum(r for _, r in own)) / len(confidence)
    return error


def test_each_image_gets_its_own_level_of_noise() -> None:
    clean, noise = torch.full((3, 1, 2, 2), 2.0), torch.full((3, 1, 2, 2), 5.0)
    mixed = noised(clean, torch.tensor([1.0, 0.64, 0.0], dtype=torch.float64), noise)
    assert mixed.dtype is torch.float32
    torch.testing.assert_close(mixed[:, 0, 0, 0], torch.tensor([2.0, 0.8 * 2 + 0.6 * 5, 5.0]))


def test_accuracy_and_loss_are_those_of_scikit_learn(clean: torch.Tensor, labels: torch.Tensor) -> None:
    guesser = Guesser()
    levels = evaluate(guesser, clean, labels, ALPHAS, [0, 120, 199])
    said = torch.cat(guesser.said).view(3, 300, 3)
    for level, logits in zip(levels, said, strict=True):
        shares = logits.double().softmax(dim=1).numpy()
        assert level.accuracy.count == 300
        assert level.accuracy.share == pytest.approx(accuracy_score(labels, shares.argmax(axis=1)))
        assert level.loss == pytest.approx(log_loss(labels, shares), rel=1e-5)
        right = shares.argmax(axis=1) == labels.numpy()
        assert level.calibration_error == pytest.approx(plain_calibration_error(shares.max(axis=1), right), abs=1e-5)
    assert levels[0].accuracy.low > 0.5 > levels[2].accuracy.share  # noise makes it harder


def test_noise_is_of_the_level_it_says_and_the_classifier_is_told(clean: torch.Tensor, labels: torch.Tensor) -> None:
    guesser = Guesser()
    evaluate(guesser, clean, labels, ALPHAS, [0, 120])
    light, heavy = torch.cat(guesser.asked).split(300)
    assert (light - clean).std() == pytest.approx(0.01, rel=0.05)
    left = heavy - ALPHAS[120].sqrt() * clean
    assert left.std() == pytest.approx(float((1 - ALPHAS[120]).sqrt()), rel=0.02)
    assert guesser.times == pytest.approx([0, 0, 0.6, 0.6])


def test_the_noise_is_always_the_same_and_the_global_random_state_is_left_alone(
    clean: torch.Tensor, labels: torch.Tensor
) -> None:
    before = torch.random.get_rng_state()
    first = evaluate(Guesser(), clean, labels, ALPHAS, [150])
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(1)
    assert evaluate(Guesser(), clean, labels, ALPHAS, [150]) == first


@pytest.mark.parametrize(
    ("confidence", "right", "expected"),
    [
        ([1.0, 1.0], [True, True], 0.0),
        ([1.0, 1.0], [False, False], 1.0),
        ([0.95, 0.95, 0.95, 0.95], [True, True, True, False], 0.2),
        ([0.55, 0.55, 0.95, 0.95], [True, False, False, False], 0.5 * 0.05 + 0.5 * 0.95),
        ([0.5], [True], 0.5),
    ],
)
def test_calibration_by_hand(confidence: list[float], right: list[bool], expected: float) -> None:
    assert calibration_error(np.array(confidence), np.array(right)) == pytest.approx(expected)


def test_calibration_against_a_plain_count() -> None:
    random = np.random.default_rng(0)
    confidence = random.uniform(0.05, 1, 2000)
    right = random.uniform(size=2000) < confidence**2
    assert calibration_error(confidence, right) == pytest.approx(plain_calibration_error(confidence, right))
    assert calibration_error(confidence, random.uniform(size=2000) < confidence) < 0.05


@pytest.mark.parametrize("timesteps", [20, 200, 1000])
def test_levels_go_from_the_image_to_pure_noise(timesteps: int) -> None:
    levels = levels_of(timesteps)
    assert (levels[0], levels[-1], len(levels)) == (0, timesteps - 1, 11)
    gaps = np.diff(levels)
    assert gaps.min() >= 1 and gaps.max() - gaps.min() <= 1


def test_better_than_chance_means_the_whole_interval(clean: torch.Tensor, labels: torch.Tensor) -> None:
    (level,) = evaluate(Guesser(), clean, labels, ALPHAS, [0])
    assert level.above(level.accuracy.low - 0.01)
    assert not level.above(level.accuracy.share - 1e-6)
