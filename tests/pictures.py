"""Finished pictures for tests."""

from collections.abc import Iterable, Mapping

import numpy as np

from side_core.sampling.picture import Picture, alone


def kept(images: Mapping[int, np.ndarray] | Iterable[np.ndarray]) -> dict[int, Picture]:
    """Images as pictures by their seeds; without seeds, from 0 on."""
    by_seed = images if isinstance(images, Mapping) else dict(enumerate(images))
    return {seed: alone(image) for seed, image in by_seed.items()}
