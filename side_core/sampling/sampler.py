"""The sampler: one generator, two solvers, one seed for each image."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from side_core.dpm.denoiser import Denoiser, no_numbers
from side_core.dpm.formats.own_sampling import own_sampling_of
from side_core.sampling.guidance import Guidance, no_guidance
from side_core.sampling.health import Health
from side_core.sampling.schedule import Schedule
from side_core.settings import Clip, Solver


@dataclass(frozen=True)
class Step:
    """One denoising step, as the sampler hands it out.

    Attributes:
        index: 0-based number of this step; `total` steps in all.
        timestep: position in the training noise schedule, T-1 (noise) .. 0 (image).
        x: (n, C, H, W) the noisy state after the step.
        denoised: (n, C, H, W) the model's present estimate of the clean image, what a preview shows.
        health: which images strong guidance has lost or saturated; lost ones are 0 in `denoised`.
    """

    index: int
    total: int
    timestep: int
    x: Tensor
    denoised: Tensor
    health: Health


def sample(
    denoiser: Denoiser,
    schedule: Schedule,
    seeds: Sequence[int],
    guidance: Guidance = no_guidance,
    eta: float = 0.0,
    solver: Solver = "ddim",
    clip: Clip = "off",
    condition: Tensor | None = None,
    start: Tensor | None = None,
) -> Iterator[Step]:
    """Denoise one image for each seed, step by step.

    `ddim` is Song et al. 2021, eq. 12; `multistep` is DPM-Solver++(2M), Lu et al. 2022, algorithm 2, with a last
    step of first order. Image k depends on seeds[k] alone, not on its neighbours in the batch.

    Args:
        denoiser: the model.
        schedule: the timesteps to visit.
        seeds: (n,) one for each image.
        guidance: what to add to the score, lambda * grad log p(c | x).
        eta: 0 (DDIM) .. 1 (DDPM), how much noise is added back; `multistep` takes 0 only.
        solver: `ddim` or `multistep`.
        clip: keep the estimate of the clean image within -1..1, or the range of the model's own scheduler;
            `clip-recompute` also recomputes the noise from it. Meant for a space that is bounded. Guided steps
            recompute it with `clip`, too: what clipping takes off a guided estimate would stay in the picture as noise
            (it made copies rarer, where guidance makes them more).
        condition: passed to the model: (n,) labels of classes, see `labels_of`, or embedded prompts.
        start: (n, C, H, W) state at the first timestep; left out: noise, by the seeds.

    Raises:
        ValueError: eta is outside 0..1 or does not go with the solver; the model returns NaN or infinity without having
            been steered. An image that guidance has driven there is lost, see `Step.health`; the others go on.
    """
    check_noise(eta, solver)
    health, steered = Health(len(seeds)), False
    bound = 1.0 if clip == "off" else own_sampling_of(denoiser).clip_range
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def noise() -> Tensor:
        rows = [torch.randn(denoiser.shape, generator=generator) for generator in generators]
        return torch.stack(rows).to(denoiser.device)

    x = noise() if start is None else start.to(denoiser.device)
    before: Tensor | None = None  # the estimate of the step before, for the second order
    for index, t in enumerate(schedule.timesteps):
        alpha, alpha_next = schedule.alphas[index], schedule.end_of(index)
        eps = denoiser.predict_noise(x, t, condition)
        if not steered and not torch.isfinite(eps).all():
            raise no_numbers(denoiser, f"The model returned NaN or infinity at timestep {t}")
        pushed = False
        if guidance is not no_guidance:
            push = guidance(x, t)
            pushed = bool((push != 0).any())
            steered = steered or pushed
            eps = eps - math.sqrt(1 - alpha) * push
        denoised = (x - math.sqrt(1 - alpha) * eps) / math.sqrt(alpha)
        if steered:
            finite = torch.isfinite(denoised).flatten(1).all(dim=1)
            health.lose(finite, index)
            alive = health.alive.to(x.device).view(-1, 1, 1, 1)
            x, eps, denoised = (torch.where(alive, part, 0) for part in (x, eps, denoised))
        if clip != "off":
            denoised = denoised.clamp(-bound, bound)
        if denoiser.bounded:
            health.look(denoised, index, bound)
        if clip == "clip-recompute" or (clip == "clip" and pushed):
            eps = (x - math.sqrt(alpha) * denoised) / math.sqrt(max(1 - alpha, 1e-12))
        if solver == "ddim":
            spread = (1 - alpha_next) / (1 - alpha) * (1 - alpha / alpha_next)
            sigma = eta * math.sqrt(max(spread, 0.0))  # eq. 16
            x = math.sqrt(alpha_next) * denoised + math.sqrt(max(1 - alpha_next - sigma**2, 0.0)) * eps
            if sigma:
                x = x + sigma * noise()
        else:
            x = _multistep_update(x, denoised, before, schedule, index)
            before = denoised
        yield Step(index, len(schedule), t, x, denoised, health)


def first_noise(denoiser: Denoiser, seeds: Sequence[int]) -> Tensor:
    """(n, C, H, W) the state at which `sample` begins where none is given, on the model's device."""
    rows = [torch.randn(denoiser.shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return torch.stack(rows).to(denoiser.device)


def check_noise(eta: float, solver: Solver) -> None:
    """Raise ValueError where eta is outside 0..1 or does not go with the solver."""
    if not 0 <= eta <= 1:
        raise ValueError(f"eta is {eta}: choose 0 (DDIM) to 1 (DDPM).")
    if eta and solver == "multistep":
        raise ValueError(f"The multistep solver adds no noise, but eta is {eta}: set eta to 0 or choose ddim.")


def _multistep_update(x: Tensor, denoised: Tensor, before: Tensor | None, schedule: Schedule, index: int) -> Tensor:
    """The state after one step of DPM-Solver++(2M) (Lu et al. 2022, algorithm 2).

    Args:
        x: (n, C, H, W) the state before the step.
        denoised: (n, C, H, W) the estimate at this step.
        before: the estimate of the step before; None at the first.
        schedule: the timesteps.
        index: which step.
    """
    if index == len(schedule) - 1:  # no noise is left: the step is the estimate itself
        return denoised
    (alpha_s, sigma_s), (alpha_t, sigma_t) = (_signal_and_noise(schedule.alphas[i]) for i in (index, index + 1))
    h = math.log(alpha_t / sigma_t) - math.log(alpha_s / sigma_s)
    estimate = denoised
    if before is not None:
        alpha_r, sigma_r = _signal_and_noise(schedule.alphas[index - 1])
        r = (math.log(alpha_s / sigma_s) - math.log(alpha_r / sigma_r)) / h
        estimate = (1 + 1 / (2 * r)) * denoised - 1 / (2 * r) * before
    return sigma_t / sigma_s * x - alpha_t * math.expm1(-h) * estimate


def _signal_and_noise(alpha: float) -> tuple[float, float]:
    """sqrt(alpha) and sqrt(1 - alpha)."""
    return math.sqrt(alpha), math.sqrt(1 - alpha)
