"""The classifier: any size, any number type, one image at a time, and the time counts where it should."""

import pytest
import torch

from side_core.surrogate.classifier import TimeClassifier, embed_time


def network_of(timed: bool = True, size: tuple[int, int] = (8, 8), labels: int = 5, blocks: int = 1) -> TimeClassifier:
    """An untrained one, the same weights each time."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return TimeClassifier(3, size, labels, width=8, blocks=blocks, timed=timed).eval()


def images(count: int, size: tuple[int, int] = (8, 8)) -> torch.Tensor:
    """(count, 3, H, W) noise."""
    return torch.randn(count, 3, *size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("size", [(3, 3), (8, 8), (16, 16), (12, 20), (64, 64)], ids=str)
@pytest.mark.parametrize("blocks", [1, 2])
def test_images_of_any_size_get_a_number_for_each_label(size: tuple[int, int], blocks: int) -> None:
    network = network_of(size=size, labels=7, blocks=blocks)
    logits = network(images(2, size), torch.tensor([0.1, 0.9]))
    assert logits.shape == (2, 7) and logits.isfinite().all()


@pytest.mark.parametrize(
    ("weights", "expected"),
    [(torch.float32, torch.float32), (torch.bfloat16, torch.float32), (torch.float64, torch.float64)],
)
def test_logits_are_exact_whatever_the_network_computes_in(weights: torch.dtype, expected: torch.dtype) -> None:
    assert network_of().to(weights)(images(2).to(weights), torch.zeros(1)).dtype is expected


def test_logits_are_exact_under_autocast() -> None:
    """In bfloat16 all logits would be multiples of 1/256 of their size."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = network_of()(images(4), torch.zeros(1))
    assert logits.dtype is torch.float32
    assert not torch.equal(logits, logits.bfloat16().float())


def test_a_time_independent_classifier_is_deaf_to_the_time() -> None:
    early, late = torch.tensor([0.1]), torch.tensor([0.9])
    assert torch.equal(network_of(timed=False)(images(2), early), network_of(timed=False)(images(2), late))
    assert not torch.allclose(network_of()(images(2), early), network_of()(images(2), late), atol=1e-3)


def test_a_thousand_timesteps_are_told_apart_and_neighbours_are_alike() -> None:
    found = embed_time(torch.arange(1000) / 1000).double()
    between = torch.cdist(found, found, compute_mode="donot_use_mm_for_euclid_dist")
    assert (between + torch.eye(1000) > 0.1).all()
    assert between.diagonal(1).max() < between.diagonal(100).min() / 4


def test_one_time_for_all_is_that_time_for_each() -> None:
    network = network_of()
    torch.testing.assert_close(network(images(3), torch.tensor([0.3])), network(images(3), torch.full((3,), 0.3)))


def test_image_k_gets_the_same_answer_in_any_batch() -> None:
    """No batch statistics."""
    network, x, times = network_of(), images(6), torch.linspace(0, 1, 6)
    together = network.train()(x, times)
    for k in range(6):
        torch.testing.assert_close(network(x[k : k + 1], times[k : k + 1])[0], together[k], atol=1e-5, rtol=0)


def test_every_weight_learns() -> None:
    network = network_of()
    network(images(4), torch.linspace(0, 1, 4)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())
