"""Draw what is missing: the one way by which pages, commands, sweeps, evaluations and surrogates get pictures."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from side_core.dpm.denoiser import Denoiser, to_uint8
from side_core.sampling.drawing import Damage, Drawing, draw
from side_core.sampling.guidance import Steers
from side_core.sampling.picture import Picture, pictures_of, steps_shown
from side_core.sampling.picture_key import picture_key
from side_core.sampling.store import SampleStore
from side_core.settings import SamplingSettings

_LARGEST_PATH_PIXELS = 64 * 64  # larger images keep no path


@dataclass(frozen=True, eq=False)
class SampleSet:
    """Pictures that are drawn in one way.

    Attributes:
        denoiser: the model.
        settings: how they are drawn, and from which seeds.
        steering: what steers them; None where nothing does.
    """

    denoiser: Denoiser
    settings: SamplingSettings
    steering: Steers | None = None

    @cached_property
    def key(self) -> str:
        """Names what they depend on besides their seeds."""
        return picture_key(self.denoiser, self.settings, self.steering)

    @property
    def name(self) -> str:
        """Names the set: what its pictures depend on, and their seeds."""
        return f"{self.key} {self.settings.seed}+{self.settings.count}"

    def missing(self, store: SampleStore) -> list[int]:
        """The seeds whose pictures are not in a store; none is read."""
        there = store.seeds(self.key)
        return [seed for seed in self.settings.seeds if seed not in there]

    def batches(self, count: int) -> int:
        """In how many batches so many pictures are drawn."""
        return -(-count // self.settings.batch_size)


def draw_missing(
    samples: SampleSet, store: SampleStore, frames: int = 1
) -> Generator[Drawing, None, dict[int, Picture]]:
    """Draw the pictures of a set that are not in the store, handing out every step, and return all of them by seed.

    Each batch is in the store before the step that finishes it is handed out: whoever stops loses an unfinished batch
    at most. Pictures that guidance has lost are among them, see `Picture.lost`.

    Args:
        samples: what to draw.
        store: where finished pictures are, and are put.
        frames: of the way from noise that are kept, at most; of large images none are. Steps whose frame is kept have
            `Drawing.estimates`.

    Raises:
        ValueError: the settings do not fit the model or ask for more than a public app allows, the model returns no
            numbers, or pictures cannot be written.
    """
    seeds, settings = samples.settings.seeds, samples.settings
    found = store.found(samples.key, seeds)
    missing = [seed for seed in seeds if seed not in found]
    denoiser = samples.denoiser
    wanted = _frames_wanted(settings.steps, denoiser.image_size, frames)
    kept: list[np.ndarray] = []
    timesteps: list[int] = []
    guide = None if samples.steering is None else samples.steering.guide
    for drawing in draw(denoiser, settings, missing, guide) if missing else ():
        if drawing.step.index in wanted:
            kept.append(to_uint8(denoiser.decode(drawing.step.denoised)))
            timesteps.append(drawing.step.timestep)
            drawing = replace(drawing, estimates=kept[-1])
        if drawing.images is not None:
            finished = pictures_of(drawing, kept, timesteps)
            store.put(samples.key, finished)
            found |= finished
            kept, timesteps = [], []
        yield drawing
    return dict(sorted(found.items()))


def images_of(pictures: Mapping[int, Picture]) -> dict[int, np.ndarray]:
    """(H, W, 3) uint8 by seed, without those that guidance has lost."""
    return {seed: picture.image for seed, picture in pictures.items() if not picture.lost}


def damage_of(pictures: Mapping[int, Picture]) -> tuple[Damage, ...]:
    """What guidance has lost or saturated."""
    return tuple(picture.damage for picture in pictures.values() if picture.damage is not None)


def _frames_wanted(steps: int, size: tuple[int, int], frames: int) -> set[int]:
    """Which steps' estimates are kept."""
    return set() if frames < 2 or size[0] * size[1] > _LARGEST_PATH_PIXELS else steps_shown(steps, frames)
