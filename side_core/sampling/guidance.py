"""Guidance: a callable that says which way to push a noisy image."""

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

Guidance = Callable[[Tensor, int], Tensor]
"""(x, t) -> lambda * grad_x log p(c | x), of the shape of x; the sampler applies sqrt(1 - alpha_t)."""

Guide = Callable[[Sequence[int]], Guidance]
"""The seeds of a batch -> its guidance; each image may be pushed to a label of its own."""


class Digested(Protocol):
    """What changes pictures."""

    @property
    def digest(self) -> str:
        """Names what a changed picture depends on besides model, seed and sampling."""
        ...


class Steers(Digested, Protocol):
    """What steers pictures, such as a surrogate."""

    def guide(self, seeds: Sequence[int]) -> Guidance:
        """The guidance of one batch."""
        ...


def no_guidance(x: Tensor, t: int) -> Tensor:
    """Leave the model alone."""
    return torch.zeros_like(x)
