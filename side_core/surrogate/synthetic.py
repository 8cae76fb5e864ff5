"""Synthetic images: what the model draws for its surrogate to learn from. None is drawn twice."""

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from side_core.data.duplicates import overlap
from side_core.data.image_file import map_images
from side_core.data.source import reading
from side_core.data.training_set import Reading, TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.files.cache import cache_folder, check_space, discard, filling, used
from side_core.files.public import check_limit
from side_core.sampling.missing import SampleSet, draw_missing, images_of
from side_core.sampling.picture import Picture, alone
from side_core.settings import SettingError, SurrogateSettings
from side_core.wording import counted

_SYNTHETIC, _BATCH = "synthetic", "pictures.npy"


@dataclass(frozen=True, eq=False)
class SyntheticStep:
    """How far the drawing of synthetic images is.

    Attributes:
        done: denoising steps so far, `total` in all, those of kept batches included.
        total: see `done`.
        images: (n, H, W, 3) uint8 of a batch that has just been finished; else None.
    """

    done: int
    total: int
    images: np.ndarray | None


def draw_synthetic(denoiser: Denoiser, settings: SurrogateSettings) -> Generator[SyntheticStep, None, TrainingSet]:
    """Draw the settings' synthetic images, handing out every step, and return them, named by their seeds.

    Finished batches are kept in the cache: whoever closes the generator and calls again goes on where it was.

    Raises:
        ValueError: the settings do not fit the model, or ask for more than a public app allows; the cache cannot be
            written.
    """
    check_limit("synthetic_count", settings.synthetic_count)
    drawing, store = settings.drawing, CacheStore(denoiser.image_size)
    size, steps = drawing.batch_size, drawing.steps
    height, width = denoiser.image_size
    check_space(drawing.count * height * width * 3, counted(drawing.count, "synthetic image"))
    batches = [drawing.seeds[start : start + size] for start in range(0, drawing.count, size)]
    total, found = len(batches) * steps, dict[int, np.ndarray]()
    for number, seeds in enumerate(batches):
        samples = SampleSet(denoiser, drawing.model_copy(update={"seed": seeds[0], "count": len(seeds)}))
        done = number * steps
        work, kept = draw_missing(samples, store), True
        while True:
            try:
                step = next(work)
            except StopIteration as end:
                images = images_of(end.value)
                break
            kept = False
            yield SyntheticStep(done + step.done, total, step.images)
        if kept:
            yield SyntheticStep(done + steps, total, np.stack(list(images.values())))
        found |= images
    name = f"{len(found)} drawn from seed {drawing.seed}"
    return TrainingSet(name, np.stack(list(found.values())), np.array(list(map(str, found))))


class CacheStore:
    """Batches of pictures in the cache, of which those used longest ago go when it is full.

    Args:
        size: height and width of the pictures.
    """

    def __init__(self, size: tuple[int, int]):
        self.size = size

    def seeds(self, key: str) -> Collection[int]:
        """The seeds whose pictures are there."""
        places = (cache_folder() / _SYNTHETIC).glob(f"{key}-*-*")
        ranges = (map(int, place.name.split("-")[1:]) for place in places)
        return {seed for first, count in ranges for seed in range(first, first + count)}

    def found(self, key: str, seeds: Sequence[int]) -> dict[int, Picture]:
        """Those of a batch if it is there whole; a damaged one goes."""
        place = self.place(key, seeds)
        if not place.exists():
            return {}
        images = map_images(place / _BATCH, len(seeds), self.size)
        if images is None:
            discard(place)
            return {}
        used(place)
        return {seed: alone(image) for seed, image in zip(seeds, images, strict=True)}

    def put(self, key: str, pictures: Mapping[int, Picture]) -> None:
        """Keep a batch.

        Raises:
            ValueError: the cache cannot be written, or may not hold so much.
        """
        images = np.stack([picture.image for picture in pictures.values()])
        place, what = self.place(key, tuple(pictures)), counted(len(pictures), "synthetic image")
        with filling(place, images.nbytes, what) as partial:
            np.save(partial / _BATCH, images)

    def place(self, key: str, seeds: Sequence[int]) -> Path:
        """Where a batch of seeds that follow each other lies."""
        return cache_folder() / _SYNTHETIC / f"{key}-{seeds[0]}-{len(seeds)}"


def read_synthetic(
    source: str, denoiser: Denoiser, training: TrainingSet | None
) -> Generator[Reading, None, TrainingSet]:
    """Pictures that the model drew before.

    Args:
        source: a folder or an array file.
        denoiser: the model.
        training: the model's training images, where they are known.

    Raises:
        ValueError: they cannot be read, or are the training images themselves.
    """
    images = yield from reading(source, denoiser.image_size)
    if training is not None:
        same = images.fingerprint == training.fingerprint
        if same or overlap(images.digests, training.digests).all():
            raise SettingError(
                f"'{source}' holds the model's training images, not pictures it drew: a surrogate of them would prove "
                "nothing. Name pictures that the model drew, or leave them out.",
                "synthetic",
            )
    return images
