"""An image network as an encoder: what CLIP and SSCD have in common."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from side_core.files.paths import path_of
from side_core.settings import EncoderName

BATCH = 64
_PROBE_SIZE = 32


class NetworkEncoder:
    """Encodes images by a network, into vectors of length 1.

    Attributes:
        name: as the settings call it.
        fingerprint: SHA-256 over weights and preprocessing.
        description: weights, resizing and normalisation in one line, for people.
        unit: True; a vector of zeros, which no real network returns, stays one.
        dimensions: d, of its vectors.
    """

    unit = True

    def __init__(
        self,
        name: EncoderName,
        fingerprint: str,
        description: str,
        network: Callable[[Tensor], Tensor],
        prepare: Callable[[Image.Image], Tensor],
        device: str,
    ):
        """Take over a network and try it once.

        Args:
            name: as the settings call it.
            fingerprint: SHA-256 over weights and preprocessing.
            description: one line for people.
            network: (n, 3, h, w) float32 on `device` to (n, d).
            prepare: an RGB image to (3, h, w) float32 on the CPU.
            device: where the network is.

        Raises:
            ValueError: it does not turn images into vectors.
        """
        self.name = name
        self.fingerprint = fingerprint
        self.description = description
        self.network = network
        self.prepare = prepare
        self.device = device
        self.dimensions = 0
        random = np.random.default_rng(0)
        probe = random.integers(0, 256, (2, _PROBE_SIZE, _PROBE_SIZE, 3), dtype=np.uint8)
        self.dimensions = self(probe).shape[1]

    @torch.no_grad()
    def __call__(self, images: np.ndarray) -> np.ndarray:
        """(n, H, W, 3) uint8 to (n, d) float32 of length 1.

        Raises:
            ValueError: the network returns something else than one vector for each image, or NaN or infinity.
        """
        parts = [np.empty((0, self.dimensions), np.float32)] if not len(images) else []
        for start in range(0, len(images), BATCH):
            pictures = [Image.fromarray(np.array(image)) for image in images[start : start + BATCH]]
            batch = torch.stack([self.prepare(picture) for picture in pictures])
            found = self.network(batch.to(self.device))
            _check_features(found, len(batch), self.name)
            parts.append(torch.nn.functional.normalize(found.float()).cpu().numpy())
        return np.concatenate(parts)


def _check_features(found: object, count: int, name: str) -> None:
    """Raise ValueError unless `found` is (count, d) finite numbers."""
    if not isinstance(found, Tensor) or not found.is_floating_point() or found.ndim != 2 or len(found) != count:
        what = f"{found.dtype} of shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(
            f"The network of encoder '{name}' turns {count} images into {what}, not into {count} vectors of floats: "
            "name a network that ends in one vector for each image."
        )
    if not found.isfinite().all():
        raise ValueError(f"The network of encoder '{name}' returned NaN or infinity: check its weights.")


def weights_path(weights: str, path: str) -> Path:
    """The file or folder at `path`, which `weights` names.

    Raises:
        ValueError: there is none, or a public app may not read it.
    """
    place = path_of(path, weights) if path else None
    try:
        if place is None:
            raise FileNotFoundError
        place.stat()
    except (OSError, ValueError):  # also a name too long, one with a null byte
        raise ValueError(f"There are no encoder weights {weights!r}: check the path.") from None
    return place
