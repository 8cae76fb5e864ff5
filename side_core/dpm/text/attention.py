"""Where a U-Net looks in its text: its cross-attention, noted or changed layer by layer while it computes."""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor

Edit = Callable[[str, Tensor], Tensor]
"""(layer, logits) -> logits, both (n, heads, h * w, L) float32 before the softmax over the tokens."""


@dataclass(frozen=True, eq=False)
class LayerMap:
    """What one layer looked at.

    Attributes:
        layer: its name in the U-Net.
        size: height and width of its picture.
        probabilities: (n, heads, h * w, L) float32, of each pixel over the tokens; they sum to 1.
    """

    layer: str
    size: tuple[int, int]
    probabilities: Tensor


class AttentionMaps:
    """The maps of the latest evaluation.

    Attributes:
        layers: one for each cross-attention layer, in the order in which they compute.
    """

    def __init__(self) -> None:
        self.layers: list[LayerMap] = []


class Watch:
    """Who looks, and who changes: at most one of each a thread, so that others who use the U-Net are left alone."""

    def __init__(self) -> None:
        self.recorders: dict[int, AttentionMaps] = {}
        self.edits: dict[int, Edit] = {}

    @property
    def present(self) -> AttentionMaps | None:
        """The recorder of this thread."""
        return self.recorders.get(threading.get_ident())

    @property
    def edit(self) -> Edit | None:
        """What changes the attention of this thread."""
        return self.edits.get(threading.get_ident())

    @contextmanager
    def editing(self, edit: Edit) -> Iterator[None]:
        """Change what this thread evaluates inside this block; evaluate there only, hand nothing out."""
        thread = threading.get_ident()
        self.edits[thread] = edit
        try:
            yield
        finally:
            del self.edits[thread]

    @contextmanager
    def watching(self) -> Iterator[AttentionMaps]:
        """Record what this thread evaluates inside this block."""
        thread = threading.get_ident()  # a generator may be closed by another one
        before, maps = self.recorders.get(thread), AttentionMaps()
        self.recorders[thread] = maps
        try:
            yield maps
        finally:
            self.recorders.pop(thread)
            if before is not None:
                self.recorders[thread] = before


class WatchedAttention:
    """An attention processor of diffusers that computes as its default one does, and shows what it looks at.

    Args:
        layer: its name.
        size: (H, W) of what the whole U-Net works on.
        watch: who wants to see it.
    """

    def __init__(self, layer: str, size: tuple[int, int], watch: Watch):
        from diffusers.models.attention_processor import AttnProcessor2_0  # seconds to import

        self.layer, self.size, self.watch = layer, size, watch
        self.plain = AttnProcessor2_0()

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        maps, edit = self.watch.present, self.watch.edit
        if encoder_hidden_states is not None and not (maps is None and edit is None):
            logits = logits_of(attn, hidden_states, encoder_hidden_states)
            if edit is not None:  # what is added to the logits is a mask to the default processor
                changed = edit(self.layer, logits)
                attention_mask = (changed - logits).flatten(0, 1).to(hidden_states.dtype)
                logits = changed
            if maps is not None:
                size = _size_of_layer(hidden_states.shape[1], self.size)
                maps.layers.append(LayerMap(self.layer, size, logits.softmax(dim=-1)))
        return self.plain(attn, hidden_states, encoder_hidden_states, attention_mask, temb)


def logits_of(attn: Any, pixels: Tensor, text: Tensor) -> Tensor:
    """(n, heads, h * w, L) Q K^T / sqrt(d), of which the attention is the softmax (Vaswani et al. 2017, eq. 1).

    float32, no gradient.

    Args:
        attn: diffusers' Attention.
        pixels: (n, h * w, c).
        text: (n, L, d).
    """
    pixels, text = pixels.detach(), text.detach()
    query, key = (attn.head_to_batch_dim(part, out_dim=4) for part in (attn.to_q(pixels), attn.to_k(text)))
    scaled: Tensor = query.float() @ key.float().transpose(2, 3) * attn.scale
    return scaled


def _size_of_layer(positions: int, size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of a layer with so many positions: those of the whole, halved (rounded up) until they fit."""
    height, width = size
    while height * width > positions and max(height, width) > 1:
        height, width = math.ceil(height / 2), math.ceil(width / 2)
    return height, width


def install(unet: Any, size: tuple[int, int]) -> Watch:
    """Make the cross-attention of a U-Net watchable; it computes as before.

    Args:
        unet: of diffusers, with text condition.
        size: (H, W) of what it works on.
    """
    watch = Watch()
    for name, module in unet.named_modules():
        if name.endswith(".attn2") and module.is_cross_attention:
            module.set_processor(WatchedAttention(name, size, watch))
    return watch
