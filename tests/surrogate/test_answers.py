"""What a classifier takes noisy images for, against the guidance that is made of the same answers."""

import pytest
import torch

from side_core.surrogate.classifier import TimeClassifier, probabilities


@pytest.fixture(scope="module")
def network() -> TimeClassifier:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return TimeClassifier(3, (8, 8), 5, width=8).eval()


@pytest.fixture(scope="module")
def noisy() -> torch.Tensor:
    return torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def test_each_row_is_a_distribution_that_depends_on_its_image_alone(
    network: TimeClassifier, noisy: torch.Tensor
) -> None:
    answers = probabilities(network, noisy, 30, 100)
    assert answers.shape == (4, 5) and not answers.requires_grad
    assert torch.allclose(answers.sum(dim=1), torch.ones(4)) and (answers >= 0).all()
    assert torch.allclose(probabilities(network, noisy[2:3], 30, 100), answers[2:3], atol=1e-6)


def test_odds_are_those_of_the_logits_at_that_time(network: TimeClassifier, noisy: torch.Tensor) -> None:
    answers = probabilities(network, noisy, 30, 100).log()
    with torch.no_grad():
        logits = network(noisy, torch.tensor([0.3]))
    assert torch.allclose(answers - answers[:, :1], logits - logits[:, :1], atol=1e-5)
    assert not torch.allclose(answers, probabilities(network, noisy, 90, 100).log(), atol=1e-4)


@pytest.mark.parametrize("t", [-1, 100])
def test_a_timestep_outside_the_schedule_is_refused(network: TimeClassifier, noisy: torch.Tensor, t: int) -> None:
    with pytest.raises(ValueError, match=f"Timestep {t} lies outside the noise schedule: choose 0 to 99"):
        probabilities(network, noisy, t, 100)
