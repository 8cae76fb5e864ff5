"""The two sets: pictures in question, and pictures that the model never saw."""

from dataclasses import dataclass

import numpy as np

from side_core.data.duplicates import overlap
from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.evidence.asked import Asked, asked_of
from side_core.extraction.subject import Subject
from side_core.settings import SettingError
from side_core.settings.membership import LEAST_PICTURES, MembershipSettings
from side_core.wording import counted

MEMBERS, OTHERS = "members", "non_members"


@dataclass(frozen=True, eq=False)
class Side:
    """A set, and which of its pictures are looked at.

    Attributes:
        name: `members` or `non_members`.
        images: the set.
        rows: those that are looked at, evenly spread.
    """

    name: str
    images: TrainingSet
    rows: tuple[int, ...]

    @property
    def pictures(self) -> np.ndarray:
        """(n, H, W, 3) uint8 those that are looked at."""
        return self.images.images[list(self.rows)]

    def asked(self, denoiser: Denoiser, seed: int) -> Asked:
        """As a model sees them."""
        return asked_of(denoiser, self.images, self.rows, seed)


def sides_of(settings: MembershipSettings, subject: Subject) -> tuple[Side, Side]:
    """Pictures in question and others, both of one number.

    Raises:
        ValueError: there are no others, too few of either, or some are in both.
    """
    if subject.control is None:
        raise SettingError(
            f"'{settings.model}' has no pictures that it never saw, without which a score says nothing: name some of "
            "the same kind.",
            OTHERS,
        )
    sets = {MEMBERS: subject.data, OTHERS: subject.control}
    for name, images in sets.items():
        if len(images) < LEAST_PICTURES:
            raise SettingError(
                f"{counted(len(images), 'picture')} of '{images.name}' are too few: give {LEAST_PICTURES} or more.",
                name,
            )
    both = int(overlap(subject.control.digests, subject.data.digests).sum())
    if both:
        raise SettingError(
            f"{counted(both, 'picture')} of '{subject.control.name}' are also in '{subject.data.name}': the two sets "
            "must not overlap, leave them out of one.",
            OTHERS,
        )
    count = min(settings.images, *map(len, sets.values()))
    spread = {name: np.linspace(0, len(images) - 1, count).round().astype(int) for name, images in sets.items()}
    first, second = (Side(name, images, tuple(spread[name].tolist())) for name, images in sets.items())
    return first, second
