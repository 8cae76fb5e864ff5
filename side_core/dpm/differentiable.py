"""The second contract: a model's prediction as something that can be differentiated, for what needs gradients of it."""

from typing import Protocol, runtime_checkable

from torch import Tensor

from side_core.dpm.denoiser import Denoiser
from side_core.files.paths import printable


@runtime_checkable
class Differentiable(Denoiser, Protocol):
    """A denoiser whose prediction has a gradient in x; its weights have none."""

    def noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """As `predict_noise`, within whatever graph x belongs to."""
        ...


def need_gradients(denoiser: Denoiser, model: str) -> Differentiable:
    """The same model by its second contract.

    Raises:
        ValueError: its prediction cannot be differentiated.
    """
    if not isinstance(denoiser, Differentiable):
        raise ValueError(f"'{printable(model)}' is no network, so that its prediction has no gradients: name one.")
    return denoiser
