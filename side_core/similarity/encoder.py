"""Encoders: what two images are compared by."""

import numpy as np
import torch

from side_core.dpm.denoiser import Denoiser, HasBottleneck, from_uint8
from side_core.settings import EncoderName

BATCH = 256


def encode_images(images: np.ndarray, encoder: EncoderName, denoiser: Denoiser) -> np.ndarray:
    """Vectors to compare images by.

    `pixel`: the colours themselves, 0..1, no resizing. `dpm`: the model's own bottleneck features, which need no
    other weights.

    Args:
        images: (n, H, W, 3) uint8.
        encoder: which vectors.
        denoiser: the model whose features `dpm` takes.

    Returns:
        (n, d) float32.

    Raises:
        ValueError: the model has no features to read, or the images are not of its size.
    """
    if encoder == "pixel":
        return images.reshape(len(images), -1).astype(np.float32) / 255
    if not isinstance(denoiser, HasBottleneck):
        raise ValueError(
            "Encoder 'dpm' reads a network's inner features, and the ideal denoiser has none: choose encoder pixel."
        )
    if images.shape[1:3] != denoiser.shape[1:]:
        size, own = ("x".join(map(str, pair)) for pair in (images.shape[1:3], denoiser.shape[1:]))
        raise ValueError(
            f"Images of {size} pixels do not fit a model of {own}: choose encoder pixel or images of its size."
        )
    parts = [denoiser.bottleneck(from_uint8(images[i : i + BATCH])).cpu() for i in range(0, len(images), BATCH)]
    return torch.cat(parts).numpy()
