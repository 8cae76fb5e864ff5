"""Steer a model with a surrogate: from the seeds of a batch to the gradient of lambda(t) log p_t(c | x_t)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from side_core.dpm.denoiser import Denoiser
from side_core.sampling.drawing import labels_of
from side_core.sampling.guidance import Guidance
from side_core.settings import GuidanceSettings, Label
from side_core.surrogate.classifier import TimeClassifier
from side_core.surrogate.strength import Strength, strength_of
from side_core.surrogate.surrogate import Surrogate


@dataclass(frozen=True, eq=False)
class Steering:
    """A surrogate ready to steer one model.

    Attributes:
        surrogate: whose classifier it is.
        settings: complete: what steers, when and where to.
        strength: lambda(t).
        label: of the surrogate's clusters, or how one is drawn for each image.
        network: the classifier on the model's device, in its arithmetic.
        timesteps: of the noise schedule.
    """

    surrogate: Surrogate
    settings: GuidanceSettings
    strength: Strength
    label: Label | None
    network: TimeClassifier
    timesteps: int

    @property
    def digest(self) -> str:
        """Names what a steered picture depends on besides model, seed and sampling."""
        return f"{self.surrogate.fingerprint}/{self.settings.digest}/{self.label}"

    def positions(self, seeds: Sequence[int]) -> Tensor:
        """(n,) which of the kept clusters each seed is steered to; it depends on the seed alone."""
        chosen = self.label
        if isinstance(chosen, int):
            chosen = self.surrogate.position(chosen)
        found = labels_of(seeds, chosen, len(self.surrogate.kept))
        assert found is not None  # a surrogate has labels
        return found

    def clusters(self, seeds: Sequence[int]) -> list[int]:
        """(n,) the same by the numbers of the clusters."""
        return self.surrogate.kept[self.positions(seeds).numpy()].tolist()

    def guide(self, seeds: Sequence[int]) -> Guidance:
        """The guidance of one batch: lambda(t) grad_x log p_t(c | x_t) (SIDE, arXiv 2410.02467, eq. 11).

        The gradient runs through the classifier alone, not through the model.
        """
        positions = self.positions(seeds)

        def gradient(x: Tensor, t: int) -> Tensor:
            scale = self.strength.at(t)
            if not scale:
                return torch.zeros_like(x)
            return scale * self.log_gradient(x, t, positions)

        return gradient

    def log_gradient(self, x: Tensor, t: int, positions: Tensor) -> Tensor:
        """(n, C, H, W) grad_x log p_t(c | x), of (n,) positions among the kept clusters."""
        weight = next(self.network.parameters())
        with torch.enable_grad():
            leaf = x.detach().to(weight.dtype).contiguous(memory_format=torch.channels_last).requires_grad_()
            time = torch.tensor([t / self.timesteps], device=x.device)
            logs = self.network(leaf, time).log_softmax(dim=1)
            chosen = logs.gather(1, positions.to(x.device)[:, None]).sum()
            (found,) = torch.autograd.grad(chosen, leaf)
        return found.float()


def make_steering(
    surrogate: Surrogate,
    denoiser: Denoiser,
    settings: GuidanceSettings,
    label: Label | None = None,
    foreign: bool = False,
) -> Steering:
    """Fit a surrogate to a model.

    Args:
        surrogate: from `load_surrogate` or `build_surrogate`.
        denoiser: the model to steer.
        settings: what is left out is what the surrogate's card says.
        label: number of a cluster, `uniform` or `balanced`; None: what the card says.
        foreign: whether a surrogate of another model may be used.

    Raises:
        ValueError: it was made of another model, works on another size, or its label does not exist.
    """
    surrogate.check_fits(denoiser, foreign)
    full = settings.over(surrogate.guidance)
    label = surrogate.label if label is None else label
    if isinstance(label, int):
        surrogate.position(label)
    arithmetic = getattr(denoiser, "arithmetic", None)
    dtype = getattr(arithmetic, "dtype", torch.float32)
    network = surrogate.fresh_network().requires_grad_(False).eval()
    network = network.to(denoiser.device, dtype).to(memory_format=torch.channels_last)
    timesteps = len(denoiser.alphas_cumprod)
    return Steering(surrogate, full, strength_of(full, timesteps), label, network, timesteps)
