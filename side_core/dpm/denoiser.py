"""The Denoiser contract: what sampling and matching need of a diffusion model, whatever its file format."""

from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor


class Denoiser(Protocol):
    """A pretrained diffusion model.

    Attributes:
        shape: (C, H, W) of the space it works in.
        alphas_cumprod: (T,) float64 on the CPU; `alphas_cumprod[t]` is the signal's share of variance at timestep t.
        device: where `x` must live.
        fingerprint: SHA-256 that names its weights (or, of an ideal denoiser, its images).
    """

    shape: tuple[int, int, int]
    alphas_cumprod: Tensor
    device: torch.device
    fingerprint: str

    @property
    def arithmetic(self) -> object:
        """How it computes; its text names number type and memory layout."""
        ...

    def predict_noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """The noise in `x`, (n, C, H, W) float32, at timestep t; same shape and type. No gradient."""
        ...

    def decode(self, x: Tensor) -> Tensor:
        """(n, C, H, W) in the model's space to (n, 3, H', W') pixels in 0..1."""
        ...

    def encode(self, images: Tensor) -> Tensor:
        """(n, 3, H', W') pixels in 0..1 to the model's space."""
        ...


@runtime_checkable
class HasBottleneck(Protocol):
    """A denoiser whose inner features can be read."""

    def bottleneck(self, images: Tensor) -> Tensor:
        """(n, 3, H, W) pixels in 0..1 to (n, d) float32 features."""
        ...


class PixelSpace:
    """`decode` and `encode` of a model that works on pixels scaled to -1..1."""

    def decode(self, x: Tensor) -> Tensor:
        return (x / 2 + 0.5).clamp(0, 1)

    def encode(self, images: Tensor) -> Tensor:
        return images * 2 - 1


def to_uint8(pixels: Tensor) -> np.ndarray:
    """(n, 3, H, W) pixels in 0..1 to (n, H, W, 3) uint8, rounded as diffusers rounds."""
    return (pixels.float() * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def from_uint8(images: np.ndarray) -> Tensor:
    """(n, H, W, 3) uint8 to (n, 3, H, W) float32 pixels in 0..1."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
