"""One evaluation of a diffusers U-Net, with the timestep embedded once for the whole batch, which saves time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from diffusers import UNet2DModel  # seconds to import


@dataclass(frozen=True)
class Encoded:
    """The first half of a U-Net's evaluation.

    Attributes:
        middle: (n, c, h, w) after the middle block, at the lowest resolution.
        skips: what the second half takes from the first, in order.
    """

    middle: Tensor
    skips: tuple[Tensor, ...]


def embed_timestep(unet: "UNet2DModel", t: int, x: Tensor) -> Tensor:
    """(1, d) embedding of a timestep, one row for a whole batch like x."""
    return unet.time_embedding(unet.time_proj(torch.tensor([t], device=x.device)).to(x.dtype))


def encode(unet: "UNet2DModel", x: Tensor, embedding: Tensor) -> Encoded:
    """The way down and through the middle.

    Args:
        unet: a plain one, see `is_plain`.
        x: (n, C, H, W).
        embedding: (1, d) or (n, d) of timestep and, where there are classes, label.
    """
    h = unet.conv_in(x)
    skips: tuple[Tensor, ...] = (h,)
    for block in unet.down_blocks:
        h, more = block(hidden_states=h, temb=embedding)
        skips += more
    return Encoded(unet.mid_block(h, embedding), skips)


def predict(unet: "UNet2DModel", x: Tensor, t: int, labels: Tensor | None = None) -> Tensor:
    """What `unet(x, t, labels).sample` is.

    Args:
        unet: any; plain ones are evaluated in less time.
        x: (n, C, H, W).
        t: timestep.
        labels: (n,) int64 on the device of x, for a class-conditional U-Net.
    """
    if not is_plain(unet):
        return unet(x, t, labels).sample
    embedding = embed_timestep(unet, t, x)
    if labels is not None:
        embedding = embedding + unet.class_embedding(labels)  # (n, d): a label for each image
    first = encode(unet, x, embedding)
    h, skips = first.middle, first.skips
    for block in unet.up_blocks:
        count = len(block.resnets)
        h = block(h, skips[-count:], embedding)
        skips = skips[:-count]
    return unet.conv_out(unet.conv_act(unet.conv_norm_out(h)))


def least_timestep(unet: "UNet2DModel") -> int:
    """The smallest timestep that a U-Net can be evaluated at: one with a Fourier embedding divides by it."""
    return 1 if unet.config.time_embedding_type == "fourier" else 0


def is_plain(unet: "UNet2DModel") -> bool:
    """Whether the U-Net is of the ordinary kind: no skip convolutions, no Fourier embedding, inputs as they are."""
    blocks = (*unet.down_blocks, *unet.up_blocks)
    ordinary = unet.config.time_embedding_type == "positional" and not unet.config.center_input_sample
    return ordinary and unet.mid_block is not None and not any(hasattr(block, "skip_conv") for block in blocks)
