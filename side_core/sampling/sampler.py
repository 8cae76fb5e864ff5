"""The sampler: one generator, two solvers, one seed for each image."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from side_core.dpm.denoiser import Denoiser, to_uint8
from side_core.sampling.guidance import Guidance, Guide, no_guidance
from side_core.sampling.health import Health
from side_core.sampling.schedule import Schedule, schedule_of
from side_core.settings import Clip, Label, SamplingSettings, Solver


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
        clip: keep the estimate of the clean image within -1..1; `clip-recompute` also recomputes the noise from it.
            Meant for a space that is bounded. Guided steps recompute it with `clip`, too: what clipping takes off a
            guided estimate would stay in the picture as noise (it made copies rarer, where guidance makes them more).
        condition: passed to the model: (n,) labels of classes, see `labels_of`.

    Raises:
        ValueError: eta is outside 0..1 or does not go with the solver; the model returns NaN or infinity without having
            been steered. An image that guidance has driven there is lost, see `Step.health`; the others go on.
    """
    check_noise(eta, solver)
    health, steered = Health(len(seeds)), False
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def noise() -> Tensor:
        rows = [torch.randn(denoiser.shape, generator=generator) for generator in generators]
        return torch.stack(rows).to(denoiser.device)

    x = noise()
    before: Tensor | None = None  # the estimate of the step before, for the second order
    for index, t in enumerate(schedule.timesteps):
        alpha, alpha_next = schedule.alphas[index], schedule.alphas[index + 1]
        eps = denoiser.predict_noise(x, t, condition)
        if not steered and not torch.isfinite(eps).all():
            raise ValueError(
                f"The model returned NaN or infinity at timestep {t}: check its weights, or use exact mode."
            )
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
            denoised = denoised.clamp(-1, 1)
        if denoiser.bounded:
            health.look(denoised, index)
        if clip == "clip-recompute" or (clip == "clip" and pushed):
            eps = (x - math.sqrt(alpha) * denoised) / math.sqrt(max(1 - alpha, 1e-12))
        if solver == "ddim":
            spread = (1 - alpha_next) / (1 - alpha) * (1 - alpha / alpha_next)
            sigma = eta * math.sqrt(max(spread, 0.0))  # eq. 16
            x = math.sqrt(alpha_next) * denoised + math.sqrt(max(1 - alpha_next - sigma**2, 0.0)) * eps
            if sigma:
                x = x + sigma * noise()
        else:
            x = multistep_update(x, denoised, before, schedule, index)
            before = denoised
        yield Step(index, len(schedule), t, x, denoised, health)


def check_noise(eta: float, solver: Solver) -> None:
    """Raise ValueError where eta is outside 0..1 or does not go with the solver."""
    if not 0 <= eta <= 1:
        raise ValueError(f"eta is {eta}: choose 0 (DDIM) to 1 (DDPM).")
    if eta and solver == "multistep":
        raise ValueError(f"The multistep solver adds no noise, but eta is {eta}: set eta to 0 or choose ddim.")


def multistep_update(x: Tensor, denoised: Tensor, before: Tensor | None, schedule: Schedule, index: int) -> Tensor:
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
    (alpha_s, sigma_s), (alpha_t, sigma_t) = (signal_and_noise(schedule.alphas[i]) for i in (index, index + 1))
    h = math.log(alpha_t / sigma_t) - math.log(alpha_s / sigma_s)
    estimate = denoised
    if before is not None:
        alpha_r, sigma_r = signal_and_noise(schedule.alphas[index - 1])
        r = (math.log(alpha_s / sigma_s) - math.log(alpha_r / sigma_r)) / h
        estimate = (1 + 1 / (2 * r)) * denoised - 1 / (2 * r) * before
    return sigma_t / sigma_s * x - alpha_t * math.expm1(-h) * estimate


def signal_and_noise(alpha: float) -> tuple[float, float]:
    """sqrt(alpha) and sqrt(1 - alpha)."""
    return math.sqrt(alpha), math.sqrt(1 - alpha)


def check_label(label: Label | None, classes: int) -> None:
    """Raise ValueError where a model with `classes` classes (0: unconditional) cannot be asked for `label`."""
    if label is None:
        return
    if not classes:
        raise ValueError(f"Class label {label} was chosen, but the model is unconditional: leave the label out.")
    if isinstance(label, int) and not 0 <= label < classes:
        raise ValueError(f"Class label {label} does not exist: choose 0 to {classes - 1}, or leave it out for all.")


def labels_of(seeds: Sequence[int], label: Label | None, classes: int) -> Tensor | None:
    """(n,) int64 label of each image, on the CPU; None for an unconditional model.

    A label follows from the image's own seed alone: image k has the same class and the same noise in any batch.
    `uniform` (or None) draws it by a hash, not from the stream that makes the noise; `balanced` takes each in turn.

    Args:
        seeds: (n,) one for each image.
        label: of all images, or how each gets its own.
        classes: how many there are; 0: the model is unconditional.

    Raises:
        ValueError: there is no such class.
    """
    check_label(label, classes)
    if not classes:
        return None
    if isinstance(label, int):
        return torch.full((len(seeds),), label)
    if label == "balanced":
        return torch.tensor([seed % classes for seed in seeds], dtype=torch.int64)
    digests = (hashlib.sha256(f"class of image {seed}".encode()).digest() for seed in seeds)
    return torch.tensor([int.from_bytes(digest[:8]) % classes for digest in digests], dtype=torch.int64)


@dataclass(frozen=True)
class Damage:
    """What guidance did to one image that it drove too hard.

    Attributes:
        seed: of the image.
        step: 1-based step since which it has been so.
        lost: whether it is lost (NaN or infinity); otherwise it is saturated, and still an image.
    """

    seed: int
    step: int
    lost: bool


@dataclass(frozen=True)
class Drawing:
    """Where the drawing of a run stands, after each denoising step.

    Attributes:
        seeds: of the batch being drawn.
        step: the step just taken.
        done: steps taken in the whole run; `total` in all.
        images: (n, H, W, 3) uint8 of the finished batch at its last step, without those that were lost; else None.
        damaged: at the last step of a batch, which of its images guidance has lost or saturated.
        steered: whether they were guided.
    """

    seeds: tuple[int, ...]
    step: Step
    done: int
    total: int
    images: np.ndarray | None
    damaged: tuple[Damage, ...] = ()
    steered: bool = False

    @property
    def survivors(self) -> tuple[int, ...]:
        """Seeds of the images that were not lost, in their order."""
        return tuple(seed for seed, well in zip(self.seeds, self.step.health.alive.tolist(), strict=True) if well)

    @property
    def finished(self) -> dict[int, np.ndarray]:
        """(H, W, 3) uint8 images of a finished batch by their seeds; empty before its last step."""
        return {} if self.images is None else dict(zip(self.survivors, self.images, strict=True))


def draw(
    denoiser: Denoiser, settings: SamplingSettings, seeds: Sequence[int] | None = None, guide: Guide | None = None
) -> Iterator[Drawing]:
    """Draw the settings' images (or those of `seeds` alone) in batches, step by step.

    The settings' clipping is left out where the model's space is not bounded: latents have no -1 and 1.

    Args:
        denoiser: the model.
        settings: what to draw.
        seeds: left out: the settings' own.
        guide: gives each batch its guidance; the settings' label is then the guide's business, and a class-conditional
            model gets uniform classes.

    Raises:
        ValueError: the settings do not fit the model.
    """
    schedule = schedule_of(settings, denoiser.alphas_cumprod)
    label = settings.label if guide is None else None
    check_label(label, denoiser.classes)
    clip = settings.clip if denoiser.bounded else "off"
    seeds = tuple(settings.seeds if seeds is None else seeds)
    batches = [seeds[i : i + settings.batch_size] for i in range(0, len(seeds), settings.batch_size)]
    total = len(batches) * len(schedule)
    for number, batch in enumerate(batches):
        labels = labels_of(batch, label, denoiser.classes)
        guidance = no_guidance if guide is None else guide(batch)
        for step in sample(
            denoiser, schedule, batch, guidance, settings.eta, settings.solver, clip=clip, condition=labels
        ):
            done = number * len(schedule) + step.index + 1
            if step.index < len(schedule) - 1:
                yield Drawing(batch, step, done, total, None, steered=guide is not None)
                continue
            alive = step.health.alive
            images = to_uint8(denoiser.decode(step.x[alive.to(step.x.device)])) if alive.any() else no_images(denoiser)
            damaged = damage_of(batch, step.health) if guide else ()
            yield Drawing(batch, step, done, total, images, damaged, steered=guide is not None)


def no_images(denoiser: Denoiser) -> np.ndarray:
    """(0, H, W, 3) uint8."""
    return np.empty((0, *denoiser.image_size, 3), np.uint8)


def damage_of(seeds: Sequence[int], health: Health) -> tuple[Damage, ...]:
    """The damaged images of a batch."""
    found = []
    for seed, lost, saturated in zip(seeds, health.lost.tolist(), health.saturated.tolist(), strict=True):
        if max(lost, saturated) >= 0:
            found.append(Damage(seed, (lost if lost >= 0 else saturated) + 1, lost >= 0))
    return tuple(found)
