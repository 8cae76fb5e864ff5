"""Draw many images in batches: which label each goes to, what is finished, what guidance has damaged."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from side_core.dpm.denoiser import Denoiser, to_uint8
from side_core.files.public import check_limit
from side_core.sampling.completed import clip_of
from side_core.sampling.guidance import Guide, no_guidance
from side_core.sampling.health import Health
from side_core.sampling.prompt import prompted
from side_core.sampling.sampler import Step, sample
from side_core.sampling.schedule import schedule_of
from side_core.settings import Label, SamplingSettings


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
        estimates: (n, H, W, 3) uint8, what the model takes the batch's images to be, where somebody keeps them.
    """

    seeds: tuple[int, ...]
    step: Step
    done: int
    total: int
    images: np.ndarray | None
    damaged: tuple[Damage, ...] = ()
    steered: bool = False
    estimates: np.ndarray | None = None

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

    What the settings leave out is as the model's own scheduler says. Nothing is clipped where the model's space is not
    bounded: latents have no -1 and 1.

    Args:
        denoiser: the model.
        settings: what to draw, of a text-to-image model also from which prompt.
        seeds: left out: the settings' own.
        guide: gives each batch its guidance; the settings' label is then the guide's business, and a class-conditional
            model gets uniform classes.

    Raises:
        ValueError: the settings do not fit the model, or ask for more than a public app allows.
    """
    check_limit("count", settings.count if seeds is None else len(seeds))
    check_limit("steps", settings.steps)
    schedule = schedule_of(settings, denoiser)
    label = settings.label if guide is None else None
    check_label(label, denoiser.classes)
    asked = prompted(denoiser, settings)
    clip = clip_of(settings, denoiser)
    seeds = tuple(settings.seeds if seeds is None else seeds)
    batches = [seeds[i : i + settings.batch_size] for i in range(0, len(seeds), settings.batch_size)]
    total = len(batches) * len(schedule)
    for number, batch in enumerate(batches):
        condition = labels_of(batch, label, denoiser.classes) if asked.condition is None else asked.condition
        guidance = no_guidance if guide is None else guide(batch)
        for step in sample(
            asked.denoiser, schedule, batch, guidance, settings.eta, settings.solver, clip=clip, condition=condition
        ):
            done = number * len(schedule) + step.index + 1
            if step.index < len(schedule) - 1:
                yield Drawing(batch, step, done, total, None, steered=guide is not None)
                continue
            alive = step.health.alive
            images = to_uint8(denoiser.decode(step.x[alive.to(step.x.device)])) if alive.any() else _no_images(denoiser)
            damaged = _damage_of(batch, step.health) if guide else ()
            yield Drawing(batch, step, done, total, images, damaged, steered=guide is not None)


def _no_images(denoiser: Denoiser) -> np.ndarray:
    """(0, H, W, 3) uint8."""
    return np.empty((0, *denoiser.image_size, 3), np.uint8)


def _damage_of(seeds: Sequence[int], health: Health) -> tuple[Damage, ...]:
    """The damaged images of a batch."""
    found = []
    for seed, lost, saturated in zip(seeds, health.lost.tolist(), health.saturated.tolist(), strict=True):
        if max(lost, saturated) >= 0:
            found.append(Damage(seed, (lost if lost >= 0 else saturated) + 1, lost >= 0))
    return tuple(found)
