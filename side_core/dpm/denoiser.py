"""The Denoiser contract: what sampling and matching need of a diffusion model, whatever its file format."""

from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from side_core.dpm.formats.own_sampling import OwnSampling


class Space(Protocol):
    """Where a model works: on pixels, or on the latents of an autoencoder.

    Attributes:
        bounded: whether the estimate of a clean image may be kept within -1..1 there.
        digest: SHA-256 of what encodes and decodes; empty where that is no network.
    """

    bounded: bool
    digest: str

    def decode(self, x: Tensor) -> Tensor:
        """(n, C, H, W) in the model's space to (n, 3, H', W') pixels in 0..1."""
        ...

    def encode(self, images: Tensor) -> Tensor:
        """(n, 3, H', W') pixels in 0..1 to the model's space."""
        ...

    def size_of(self, shape: tuple[int, int, int]) -> tuple[int, int]:
        """Height and width of the images that (C, H, W) decodes to."""
        ...


class Denoiser(Protocol):
    """A pretrained diffusion model.

    Attributes:
        shape: (C, H, W) of the space it works in.
        image_size: height and width of its images in pixels.
        bounded: whether the estimate of a clean image may be kept within -1..1: on pixels always, on latents where
            the model's own pipeline does it.
        classes: how many classes it can be asked for; 0 for an unconditional model.
        alphas_cumprod: (T,) float64 on the CPU; `alphas_cumprod[t]` is the signal's share of variance at timestep t.
        device: where `x` must live.
        fingerprint: SHA-256 that names its weights (or, of an ideal denoiser, its images).
        own_sampling: how its own pipeline samples; read it by `own_sampling_of`.
    """

    shape: tuple[int, int, int]
    image_size: tuple[int, int]
    bounded: bool
    classes: int
    alphas_cumprod: Tensor
    device: torch.device
    fingerprint: str
    own_sampling: OwnSampling

    @property
    def arithmetic(self) -> object:
        """How it computes; its text names number type and memory layout."""
        ...

    def predict_noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """The noise in `x`, (n, C, H, W) float32, at timestep t; same shape and type. No gradient.

        A class-conditional model takes as condition the (n,) int64 labels of the images, a text-to-image model the
        (n, L, d) embedded prompts.
        """
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


FEATURE_TIMESTEP = 50  # of 1000: little noise, so that the features still tell images apart


def pooled(middle: Tensor) -> Tensor:
    """(n, c, h, w) of a U-Net's middle to (n, d) float32 features: pooled to at most 4 x 4, flattened."""
    sides = (min(4, middle.shape[2]), min(4, middle.shape[3]))
    return torch.nn.functional.adaptive_avg_pool2d(middle.float(), sides).flatten(1)


class PixelSpace:
    """`decode` and `encode` of a model that works on pixels scaled to -1..1."""

    bounded = True
    digest = ""

    def decode(self, x: Tensor) -> Tensor:
        """(n, 3, H, W) in -1..1 to pixels in 0..1."""
        return (x / 2 + 0.5).clamp(0, 1)

    def encode(self, images: Tensor) -> Tensor:
        """(n, 3, H, W) pixels in 0..1 to -1..1."""
        return images * 2 - 1

    def size_of(self, shape: tuple[int, int, int]) -> tuple[int, int]:
        """Height and width, which are those of the space itself."""
        return shape[1:]


def check_condition(condition: Tensor | None, classes: int, count: int) -> None:
    """Raise ValueError unless `condition` holds `count` labels of a model with `classes` classes (0: none at all)."""
    if condition is None:
        if classes:
            raise ValueError(f"The model is class-conditional ({classes} classes): give each image the label of one.")
        return
    if not classes:
        raise ValueError("The model is unconditional, but labels of classes were given: leave them out.")
    if condition.shape != (count,) or condition.dtype != torch.int64:
        raise ValueError(
            f"The labels are {list(condition.shape)} {condition.dtype}: give {count} int64 numbers, one for each image."
        )
    if count and not 0 <= int(condition.min()) <= int(condition.max()) < classes:
        odd = condition[(condition < 0) | (condition >= classes)][0]
        raise ValueError(f"Class label {int(odd)} does not exist: the model has classes 0 to {classes - 1}.")


def no_numbers(denoiser: Denoiser, what: str) -> ValueError:
    """The sentence for NaN or infinity, which exact mode can only mend where the arithmetic is not float32 already.

    Args:
        denoiser: the model.
        what: `The model returned NaN or infinity`, with where.
    """
    exact = str(denoiser.arithmetic).startswith("float32")
    return ValueError(f"{what}: check the model's weights{'' if exact else ', or use exact mode'}.")


def least_timestep_of(denoiser: object) -> int:
    """The smallest timestep that a denoiser can be evaluated at; one that says nothing of it can at all."""
    found: int = getattr(denoiser, "least_timestep", 0)
    return found


def to_uint8(pixels: Tensor) -> np.ndarray:
    """(n, 3, H, W) pixels in 0..1 to (n, H, W, 3) uint8, rounded as diffusers rounds."""
    return (pixels.float() * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def from_uint8(images: np.ndarray) -> Tensor:
    """(n, H, W, 3) uint8 to (n, 3, H, W) float32 pixels in 0..1."""
    images = images if images.flags.writeable else np.array(images)  # a folder's are memory-mapped, torch dislikes it
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def encoded(denoiser: Denoiser, images: np.ndarray) -> Tensor:
    """(n, C, H, W) float32 on the CPU, of (n, H, W, 3) uint8 that fit into memory at once."""
    return denoiser.encode(from_uint8(images).to(denoiser.device)).float().cpu()
