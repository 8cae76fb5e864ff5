"""How drawn pictures land on the map of their training images, from noise on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from side_core.extraction.references import References
from side_core.sampling.picture import Picture
from side_core.similarity.plane import Plane, land


@dataclass(frozen=True, eq=False)
class Landing:
    """The way of one picture over the map.

    Attributes:
        name: of the picture.
        timesteps: (k,) at which it was where; the last is the finished picture's, 0.
        path: (k, 2) where the model's estimate of the clean image lies, 0..1 across and down.
    """

    name: str
    timesteps: tuple[int, ...]
    path: np.ndarray


def map_fingerprint(references: References) -> str:
    """Names what a map depends on: the training images and what they are compared by."""
    return f"{references.training.images.fingerprint}/{references.encoder.fingerprint}"


def landed(images: np.ndarray, references: References, plane: Plane) -> np.ndarray:
    """(n, 2) where (n, H, W, 3) uint8 pictures land."""
    return land(references.encoder(images), references.training.vectors, plane)


def landings_of(pictures: Mapping[int, Picture], references: References, plane: Plane) -> list[Landing]:
    """The way of each picture over the map, as far as its steps were kept; of all at once.

    Args:
        pictures: by seed.
        references: what they are matched with.
        plane: the map of its training images.
    """
    frames = {seed: np.concatenate([picture.path, picture.image[None]]) for seed, picture in pictures.items()}
    if not frames:
        return []
    places = landed(np.concatenate(list(frames.values())), references, plane)
    ends = np.cumsum([len(frame) for frame in frames.values()])[:-1]
    return [
        Landing(str(seed), (*picture.path_timesteps, 0), path)
        for (seed, picture), path in zip(pictures.items(), np.split(places, ends), strict=True)
    ]
