"""Pictures that are drawn in one way: what they depend on names them, so that no two sweeps draw the same ones."""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from side_core.dpm.denoiser import Denoiser
from side_core.extraction.run import Subject
from side_core.sampling.completed import completed, picture_identity
from side_core.sampling.drawing import Damage, Drawing, draw
from side_core.sampling.guidance import Guide
from side_core.sampling.schedule import schedule_of
from side_core.settings import ExtractSettings, SamplingSettings
from side_core.surrogate.steering import Steering


@dataclass(frozen=True, eq=False)
class SampleSet:
    """A way to draw, and the seeds it is drawn from.

    Attributes:
        name: 16 characters that stand for all that the pictures depend on.
        sampling: how they are drawn, and from which seeds; nothing is left to the model.
        steering: what steers them; None where nothing does, as with lambda 0 or a window between two steps.
    """

    name: str
    sampling: SamplingSettings
    steering: Steering | None

    @property
    def guide(self) -> Guide | None:
        """What steers a batch."""
        return None if self.steering is None else self.steering.guide

    @property
    def batch(self) -> int:
        """Pictures of its first batch, which is the largest."""
        return min(self.sampling.batch_size, self.sampling.count)

    @property
    def batches(self) -> int:
        """In how many it is drawn."""
        return -(-self.sampling.count // self.sampling.batch_size)


@dataclass(frozen=True, eq=False)
class Pictures:
    """The finished pictures of a sample set.

    Attributes:
        images: (n, H, W, 3) uint8.
        seeds: (n,) of the images; those that guidance has lost are missing.
        damaged: what guidance has lost or saturated.
    """

    images: np.ndarray
    seeds: tuple[int, ...]
    damaged: tuple[Damage, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The seeds as a match names its pictures."""
        return tuple(map(str, self.seeds))

    @property
    def lost(self) -> int:
        """How many guidance has driven to NaN or infinity."""
        return sum(item.lost for item in self.damaged)


def sample_set_of(settings: ExtractSettings, subject: Subject, steering: Steering | None) -> SampleSet:
    """How the pictures of an extraction are drawn, steered or, without `steering`, by the model alone.

    In fast mode the name does not tell which number type was the quickest, which may change from day to day.

    Raises:
        ValueError: the steps do not fit the model's schedule.
    """
    denoiser = subject.denoiser
    assert denoiser is not None  # pictures are drawn by a model
    sampling = completed(settings.plain_sampling, denoiser)
    timesteps = schedule_of(sampling, denoiser).timesteps
    if steering is not None and not any(steering.strength.on(timesteps)):
        steering = None
    parts = [
        denoiser.fingerprint,
        picture_identity(sampling, denoiser),
        "" if steering is None else steering.digest,
        f"{sampling.seed}+{sampling.count}",
    ]
    return SampleSet(hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16], sampling, steering)


def drawing_samples(samples: SampleSet, denoiser: Denoiser) -> Generator[Drawing, None, Pictures]:
    """Draw a sample set, handing out every step of every batch."""
    images: list[np.ndarray] = []
    seeds: list[int] = []
    damaged: list[Damage] = []
    for drawing in draw(denoiser, samples.sampling, guide=samples.guide):
        if drawing.images is not None:
            images.append(drawing.images)
            seeds += drawing.survivors
            damaged += drawing.damaged
        yield drawing
    return Pictures(np.concatenate(images), tuple(seeds), tuple(damaged))
