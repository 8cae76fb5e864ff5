"""The two sides of every experiment: some of the training images, and as many of the control."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from side_core.data.image_file import in_chunks
from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser, encoded
from side_core.dpm.latent import LatentSpace
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.extraction.subject import Subject
from side_core.sampling.prompt import check_prompt
from side_core.settings import SettingError
from side_core.settings.theory import LEAST_IMAGES, TheorySettings
from side_core.theory.smoothed import Smoothed
from side_core.wording import counted

_MOST_BYTES = 2 * 2**30  # of a set in the model's space
TRAINING, CONTROL = "training", "control"


@dataclass(frozen=True, eq=False)
class Side:
    """A set of images, and which of them are looked at.

    Attributes:
        name: `training` or `control`.
        images: the set.
        denoiser: in whose space they are.
        rows: those that are looked at, evenly spread.
    """

    name: str
    images: TrainingSet
    denoiser: Denoiser
    rows: tuple[int, ...]

    @cached_property
    def set_at(self) -> Smoothed:
        """The whole set in the model's space, to be blurred."""
        rows, place = torch.empty(len(self.images), math.prod(self.denoiser.shape)), 0
        for part in in_chunks(self.images.images):  # in place, as it may fill a good part of the memory
            rows[place : place + len(part)] = encoded(self.denoiser, part).flatten(1)
            place += len(part)
        return Smoothed(rows)

    @cached_property
    def clean(self) -> Tensor:
        """(n, C, H, W) those that are looked at, in the model's space."""
        return self.set_at.rows[list(self.rows)].view(-1, *self.denoiser.shape)


def sides_of(settings: TheorySettings, subject: Subject) -> tuple[Side, Side]:
    """Training images and control.

    Raises:
        ValueError: there is no control, there are too few images, or too many for the memory.
    """
    if subject.control is None:
        raise SettingError(
            f"'{settings.model}' has no control images, without which the figure says nothing: name pictures of the "
            "same kind that it never saw.",
            "control",
        )
    found = []
    for name, images in ((TRAINING, subject.data), (CONTROL, subject.control)):
        if len(images) < LEAST_IMAGES:
            raise SettingError(
                f"{counted(len(images), 'image')} of '{images.name}' are too few for an interval: "
                f"give {LEAST_IMAGES} or more.",
                "data" if name == TRAINING else "control",
            )
        size = 4 * len(images) * math.prod(subject.denoiser.shape)
        if size > _MOST_BYTES:
            raise ValueError(
                f"{len(images):,} images of '{images.name}' take {size / 2**30:.1f} GiB as the model sees them, more "
                f"than the {_MOST_BYTES / 2**30:.0f} there are for it: name some of them, such as "
                f"'{images.name}[0:10000]'."
            )
        rows = np.linspace(0, len(images) - 1, min(settings.images, len(images))).round().astype(int)
        found.append(Side(name, images, subject.denoiser, tuple(rows.tolist())))
    return found[0], found[1]


def condition_of(settings: TheorySettings, denoiser: Denoiser) -> Tensor | None:
    """What the model is asked for all the while.

    Raises:
        ValueError: a text-to-image model without a prompt, or a prompt for another one; a class-conditional model.
    """
    if isinstance(denoiser, TextDenoiser):
        if settings.prompt is None:
            raise SettingError(
                f"'{settings.model}' draws what a text says, and each text is another distribution: give a prompt.",
                "prompt",
            )
        return denoiser.embed([settings.prompt])
    check_prompt(settings.prompt, denoiser)
    if denoiser.classes:
        raise ValueError(
            f"'{settings.model}' draws one of {denoiser.classes} classes, each another distribution: this is measured "
            "of models without classes."
        )
    return None


def remarks_on(settings: TheorySettings, denoiser: Denoiser, sides: tuple[Side, Side]) -> tuple[str, ...]:
    """What to know of the images before anything is measured."""
    found = []
    if isinstance(getattr(denoiser, "space", None), LatentSpace):
        found.append("The model works on latents: all of this is measured on them, not on pixels.")
    for side in sides:
        if len(side.rows) < settings.images:
            found.append(f"There are {counted(len(side.images), f'{side.name} image')}: all of them are measured.")
    if len({len(side.images) for side in sides}) > 1:
        counts = " and ".join(f"{len(side.images):,}" for side in sides)
        found.append(f"Training images and control are not as many ({counts}): a larger set is harder to be near to.")
    return tuple(found)
