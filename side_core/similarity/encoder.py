"""Encoders: what two images are compared by."""

import hashlib
import math
from typing import Protocol

import numpy as np
import torch

from side_core.dpm.denoiser import Denoiser, HasBottleneck, from_uint8, no_numbers
from side_core.dpm.device import open_device
from side_core.settings import EncoderName

BATCH = 256


class Encoder(Protocol):
    """Turns images into vectors.

    Attributes:
        name: as the settings call it.
        fingerprint: SHA-256 over all that its vectors depend on: weights and preprocessing.
        description: weights, resizing and normalisation in one line, for people.
        unit: whether the vectors have length 1, so that cosines are meant.
    """

    name: EncoderName
    fingerprint: str
    description: str
    unit: bool

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """(n, H, W, 3) uint8 to (n, d) float32."""
        ...


def open_encoder(
    name: EncoderName, weights: str | None = None, denoiser: Denoiser | None = None, device: str | None = None
) -> Encoder:
    """Open an encoder by its name.

    Args:
        name: `pixel`, `dpm` (the model's own features), `clip` or `sscd`.
        weights: of clip `local-dir:FOLDER` or `hf-hub:ORG/NAME`, of sscd its TorchScript file; the others take none.
        denoiser: the model, where there is one; `dpm` needs it.
        device: where clip and sscd compute; left out: the best there is.

    Raises:
        ValueError: weights that are missing, not wanted, damaged or not allowed; a model without features.
    """
    if name in ("pixel", "dpm"):
        if weights:
            raise ValueError(f"Encoder '{name}' takes no weights, but '{weights}' was given: leave them out.")
        return PixelEncoder() if name == "pixel" else BottleneckEncoder(denoiser)
    device = open_device(device)
    if name == "clip":
        from side_core.similarity.clip.encoder import open_clip_encoder

        return open_clip_encoder(weights, device)
    from side_core.similarity.sscd import open_sscd

    return open_sscd(weights, device)


class PixelEncoder:
    """The colours as they are."""

    name: EncoderName = "pixel"
    description = "colours as they are, scaled to 0..1, no resizing"
    fingerprint = hashlib.sha256(description.encode()).hexdigest()
    unit = False

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """(n, H, W, 3) uint8 to (n, H*W*3) float32 in 0..1."""
        return colours(images)


def colours(images: np.ndarray) -> np.ndarray:
    """(n, H, W, 3) uint8, also memory-mapped, to (n, H*W*3) float32 in 0..1, in memory."""
    colours = np.asarray(images).reshape(len(images), math.prod(images.shape[1:])).astype(np.float32)
    colours /= 255
    return colours


class BottleneckEncoder:
    """The features in the middle of the diffusion model itself, which need no other weights.

    Raises:
        ValueError: there is no model, or it has no such features.
    """

    name: EncoderName = "dpm"
    unit = False

    def __init__(self, denoiser: Denoiser | None):
        if denoiser is None:
            raise ValueError(
                "Encoder 'dpm' reads a model's inner features, and there is no model here: "
                "choose encoder pixel, clip or sscd."
            )
        if not isinstance(denoiser, HasBottleneck):
            raise ValueError(
                "Encoder 'dpm' reads a network's inner features, and the ideal denoiser has none: choose encoder pixel."
            )
        self.denoiser, self.network = denoiser, denoiser
        self.size = denoiser.image_size
        arithmetic = str(denoiser.arithmetic)
        height, width = self.size
        self.description = (
            f"the middle of the model's own network, {arithmetic}, images of {width} x {height} pixels as they are"
        )
        own = f"bottleneck 1\n{denoiser.fingerprint}\n{arithmetic}"  # count up when features are read differently
        self.fingerprint = hashlib.sha256(own.encode()).hexdigest()

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """(n, H, W, 3) uint8 to (n, d) float32.

        Raises:
            ValueError: the images are not of the model's size, or its features are no numbers.
        """
        if images.shape[1:3] != self.size:
            size, own = ("x".join(map(str, pair)) for pair in (images.shape[1:3], self.size))
            raise ValueError(
                f"Images of {size} pixels do not fit a model of {own}: choose encoder pixel or images of its size."
            )
        parts = []
        for start in range(0, max(len(images), 1), BATCH):
            batch = np.array(images[start : start + BATCH])  # a copy: torch warns of read-only maps
            parts.append(self.network.bottleneck(from_uint8(batch)).cpu())
        vectors = torch.cat(parts).numpy()
        if not np.isfinite(vectors).all():
            raise no_numbers(self.denoiser, "Encoder 'dpm' returned NaN or infinity")
        return vectors
