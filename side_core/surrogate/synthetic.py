"""Synthetic images: what the model draws for its surrogate to learn from. None is drawn twice."""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from side_core.data.duplicates import overlap
from side_core.data.image_file import map_images
from side_core.data.source import reading
from side_core.data.training_set import Reading, TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.files.cache import cache_folder, check_space, discard, filling, used
from side_core.files.public import check_limit
from side_core.sampling.completed import picture_identity
from side_core.sampling.drawing import draw
from side_core.settings import SettingError, SurrogateSettings
from side_core.wording import counted

BATCH = "pictures.npy"


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
    drawing = settings.drawing
    seeds, size, steps = drawing.seeds, drawing.batch_size, drawing.steps
    height, width = denoiser.image_size
    check_space(len(seeds) * height * width * 3, f"{counted(len(seeds), 'synthetic image')}")
    total, batches = -(-len(seeds) // size) * steps, []
    for number, start in enumerate(range(0, len(seeds), size)):
        batch = tuple(seeds[start : start + size])
        own = f"{denoiser.fingerprint}\n{picture_identity(drawing, denoiser)}\n{batch[0]} {len(batch)}"
        place = cache_folder() / "synthetic" / hashlib.sha256(own.encode()).hexdigest()[:32]
        images = map_images(place / BATCH, len(batch), denoiser.image_size)
        if images is None:
            discard(place)
            for step in draw(denoiser, drawing, batch):
                images = step.images
                if images is not None:
                    with filling(place, images.nbytes, f"{counted(len(batch), 'synthetic image')}") as partial:
                        np.save(partial / BATCH, images)
                else:
                    yield SyntheticStep(number * steps + step.done, total, None)
        else:
            used(place)
        assert images is not None  # the last step has them
        batches.append(images)
        yield SyntheticStep((number + 1) * steps, total, images)
    name = f"{len(seeds)} drawn from seed {seeds[0]}"
    return TrainingSet(name, np.concatenate(batches), np.array(list(map(str, seeds))))


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
