"""The space of a latent model: pixels are decoded from it, and encoded to it, by an autoencoder."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from side_core.dpm.fingerprint import network_digest

CHUNK_PIXELS = 2**20  # decoded or encoded at once: bounds the memory, not the result


class LatentSpace:
    """`decode` and `encode` of a model that works on an autoencoder's latents, (encode(image) - shift) * scaling.

    As in diffusers' LDMPipeline: a VQ autoencoder rounds to its codebook when it decodes. KL latents are the mode of
    the posterior, so that the same image has the same latents.

    Args:
        autoencoder: a VQModel or AutoencoderKL of diffusers, float32.
        scaling: what latents are multiplied with.
        shift: what is taken off them before.
        device: where to compute.
        bounded: whether the model's own pipeline keeps its estimate of clean latents within -1..1.
    """

    def __init__(
        self,
        autoencoder: Any,
        scaling: float,
        shift: float = 0.0,
        device: str | torch.device = "cpu",
        bounded: bool = False,
    ):
        self.bounded = bounded
        self.scaling, self.shift = scaling, shift
        self.digest = network_digest(autoencoder, [scaling, shift])
        self.device = torch.device(device)
        self.autoencoder = autoencoder.eval().requires_grad_(False).to(self.device)
        self.factor = 2 ** (len(autoencoder.config.block_out_channels) - 1)

    @torch.no_grad()
    def decode(self, x: Tensor) -> Tensor:
        """(n, C, H, W) latents to (n, 3, H', W') pixels in 0..1."""

        def decoded(latents: Tensor) -> Tensor:
            sample = self.autoencoder.decode(latents / self.scaling + self.shift).sample
            return (sample / 2 + 0.5).clamp(0, 1)

        return _in_chunks(decoded, x.to(self.device, torch.float32), self.factor**2 * x.shape[2] * x.shape[3])

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """(n, 3, H', W') pixels in 0..1 to (n, C, H, W) latents."""

        def encoded(pixels: Tensor) -> Tensor:
            return (latents_of(self.autoencoder, pixels * 2 - 1) - self.shift) * self.scaling

        return _in_chunks(encoded, images.to(self.device, torch.float32), images.shape[2] * images.shape[3])

    def size_of(self, shape: tuple[int, int, int]) -> tuple[int, int]:
        """Height and width of the images that (C, H, W) decodes to."""
        return shape[1] * self.factor, shape[2] * self.factor


def latents_of(autoencoder: Any, images: Tensor) -> Tensor:
    """(n, 3, H, W) images in -1..1 to latents, not yet scaled: the mode of KL's posterior, VQ's before rounding."""
    encoded = autoencoder.encode(images)
    return encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mode()


def _in_chunks(call: Callable[[Tensor], Tensor], rows: Tensor, pixels: int) -> Tensor:
    """`call` on some rows at a time.

    Args:
        call: what to do with some rows.
        rows: (n, ...) all of them.
        pixels: how many one row has.
    """
    return torch.cat([call(chunk) for chunk in rows.split(max(1, CHUNK_PIXELS // max(pixels, 1)))])
