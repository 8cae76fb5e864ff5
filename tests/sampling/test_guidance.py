"""Guidance by an exact gradient: it must turn the model of all images into the model of one class."""

import torch

from side_core.data.training_set import TrainingSet
from side_core.dpm.ideal import IdealDenoiser
from side_core.sampling.guidance import Guidance, no_guidance
from side_core.sampling.sampler import sample
from side_core.sampling.schedule import make_schedule

ALPHAS = torch.linspace(0.9999, 0.0005, 200, dtype=torch.float64)
SEEDS = range(8)


def log_likelihoods(x: torch.Tensor, data: TrainingSet, t: int) -> torch.Tensor:
    """(n, images) log p(x_t | image), up to a constant, in float64."""
    points = torch.from_numpy(data.images).permute(0, 3, 1, 2).double() / 127.5 - 1
    distances = (x[:, None] - ALPHAS[t].sqrt() * points).square().sum(dim=(2, 3, 4))
    return -distances / (2 * (1 - ALPHAS[t]))


def towards(data: TrainingSet, rows: slice, scale: float = 1.0) -> Guidance:
    """The gradient of log p(class | x_t) by automatic differentiation of Bayes' rule; the class is some of the rows."""

    def gradient(x: torch.Tensor, t: int) -> torch.Tensor:
        with torch.enable_grad():
            leaf = x.detach().double().requires_grad_()
            logs = log_likelihoods(leaf, data, t)
            log_class = logs[:, rows].logsumexp(dim=1) - logs.logsumexp(dim=1)
            (found,) = torch.autograd.grad(log_class.sum(), leaf)
        return scale * found.float()

    return gradient


def drawn_rows(denoiser: IdealDenoiser, both: TrainingSet, guidance: Guidance) -> list[int]:
    """Which training image each seed ends at."""
    *_, last = sample(denoiser, make_schedule(ALPHAS, 40), SEEDS, guidance)
    return log_likelihoods(last.x, both, 0).argmax(dim=1).tolist()


def test_guided_steps_are_the_steps_of_the_class_alone(two_classes: tuple[TrainingSet, ...]) -> None:
    """Score of p(x | c) = score of p(x) + gradient of log p(c | x): wrong sign or factor show at the first step."""
    both, _, ones = two_classes
    schedule = make_schedule(ALPHAS, 40)
    guided = sample(IdealDenoiser(both, ALPHAS), schedule, SEEDS, towards(both, slice(5, 12)))
    alone = sample(IdealDenoiser(ones, ALPHAS), schedule, SEEDS)
    for ours, expected in zip(guided, alone, strict=True):
        torch.testing.assert_close(ours.x, expected.x, atol=2e-3, rtol=0)


def test_guidance_draws_its_class_and_without_it_both_come(two_classes: tuple[TrainingSet, ...]) -> None:
    both, _, _ = two_classes
    denoiser = IdealDenoiser(both, ALPHAS)
    assert {row >= 5 for row in drawn_rows(denoiser, both, no_guidance)} == {True, False}
    assert all(row < 5 for row in drawn_rows(denoiser, both, towards(both, slice(0, 5))))
    assert all(row >= 5 for row in drawn_rows(denoiser, both, towards(both, slice(5, 12), scale=2.0)))


def test_no_guidance_is_a_gradient_of_nothing(two_classes: tuple[TrainingSet, ...]) -> None:
    denoiser, schedule = IdealDenoiser(two_classes[0], ALPHAS), make_schedule(ALPHAS, 5)
    x = torch.ones(2, 3, 4, 4)
    assert torch.equal(no_guidance(x, 3), torch.zeros(2, 3, 4, 4))
    plain = sample(denoiser, schedule, SEEDS)
    zero = sample(denoiser, schedule, SEEDS, lambda x, t: torch.zeros_like(x))
    assert all(torch.equal(a.x, b.x) for a, b in zip(plain, zero, strict=True))
