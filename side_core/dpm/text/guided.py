"""Classifier-free guidance: a text model with and without its text, in one batch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from side_core.dpm.formats.own_sampling import own_sampling_of

if TYPE_CHECKING:
    from side_core.dpm.text.denoiser import TextDenoiser


@dataclass(frozen=True, eq=False)
class Halves:
    """The two predictions that guidance is made of.

    Attributes:
        timestep: of both.
        with_text: (n, C, H, W) the noise predicted for the prompt.
        without_text: the same for the empty prompt.
    """

    timestep: int
    with_text: Tensor
    without_text: Tensor


class Guided:
    """A text model as a Denoiser that is guided (Ho & Salimans 2022, eq. 6, in the form of Stable Diffusion).

    While its attention is watched, the first n rows of a map are those with text, the others those without. A scale of
    1 needs the text alone, so that nothing else is evaluated unless somebody watches.

    Args:
        denoiser: the text model.
        scale: 1 is the text alone, 0 no text; more exaggerates what the text changes.
        watch: called at each step with both predictions, before they are mixed.
    """

    classes = 0
    bounded = False
    needs_both = False  # a subclass that looks at both predictions at any scale

    def __init__(self, denoiser: "TextDenoiser", scale: float, watch: Callable[[Halves], None] | None = None):
        self.denoiser, self.scale, self.watch = denoiser, scale, watch
        self.shape, self.image_size = denoiser.shape, denoiser.image_size
        self.alphas_cumprod, self.device = denoiser.alphas_cumprod, denoiser.device
        self.fingerprint, self.own_sampling = denoiser.fingerprint, own_sampling_of(denoiser)

    @property
    def arithmetic(self) -> object:
        """How the text model computes."""
        return self.denoiser.arithmetic

    def predict_noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """(n, C, H, W) the guided noise, e_0 + scale * (e_c - e_0). No gradient.

        Args:
            x: (n, C, H, W).
            t: timestep.
            condition: (n, L, d) or (1, L, d) of the prompts; left out: the empty prompt, unguided.
        """
        if condition is None:
            return self.denoiser.predict_noise(x, t)
        if self.scale == 1 and self.watch is None and not self.needs_both:
            return self.denoiser.predict_noise(x, t, condition)
        halves = self.halves(x, t, condition)
        if self.watch is not None:
            self.watch(halves)
        return self.mixed(halves)

    def mixed(self, halves: Halves) -> Tensor:
        """(n, C, H, W) what both predictions come to."""
        return halves.without_text + self.scale * (halves.with_text - halves.without_text)

    def halves(self, x: Tensor, t: int, condition: Tensor) -> Halves:
        """Both predictions from one evaluation of 2 n."""
        rows = (len(x), -1, -1)
        both = torch.cat([condition.to(self.device).expand(rows), self.denoiser.empty.expand(rows)])
        with_text, without_text = self.denoiser.predict_noise(torch.cat([x, x]), t, both).chunk(2)
        return Halves(t, with_text, without_text)

    def decode(self, x: Tensor) -> Tensor:
        """(n, C, H, W) in the model's space to (n, 3, H', W') pixels in 0..1."""
        return self.denoiser.decode(x)

    def encode(self, images: Tensor) -> Tensor:
        """(n, 3, H', W') pixels in 0..1 to the model's space."""
        return self.denoiser.encode(images)
