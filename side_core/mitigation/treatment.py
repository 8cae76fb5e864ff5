"""The one interface of all methods: what becomes of a batch before it is drawn.

A method may change the condition, the initial noise, the guidance of each step, and the attention.
"""

import hashlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.text.guided import Guided
from side_core.prompts.norms import embedded
from side_core.sampling.sampler import first_noise
from side_core.sampling.schedule import Schedule
from side_core.settings.base import SettingError
from side_core.settings.mitigation_methods import MITIGATIONS, MitigationName, strength_of

CHANGES = 3  # of the methods themselves; a change of what one computes gives its pictures another name


@dataclass(frozen=True, eq=False)
class Batch:
    """Pictures that are drawn together, as they stand before anything is drawn.

    Attributes:
        prompts: (n,) of each picture.
        seeds: (n,) of each picture.
        schedule: the timesteps to visit.
        condition: (n, L, d) the embedded prompts.
        start: (n, C, H, W) initial noise.
        guided: the model with its guidance; what it mixes is made anew for each batch.
    """

    prompts: tuple[str, ...]
    seeds: tuple[int, ...]
    schedule: Schedule
    condition: Tensor
    start: Tensor
    guided: Guided

    @property
    def denoiser(self) -> TextDenoiser:
        """The model itself."""
        return self.guided.denoiser

    @property
    def first(self) -> int:
        """The first timestep."""
        return self.schedule.timesteps[0]

    def generators(self, what: str) -> list[torch.Generator]:
        """Random numbers of each picture, which follow from its own seed and from what they are for."""
        digests = (hashlib.sha256(f"{what} of picture {seed}".encode()).digest() for seed in self.seeds)
        return [torch.Generator().manual_seed(int.from_bytes(digest[:7])) for digest in digests]


@dataclass(frozen=True, eq=False)
class Known:
    """What methods may need besides the batch.

    Attributes:
        usual_norm: median of || e_c - e_0 ||_2 at the first step of prompts that the model never saw.
        training: (N, C, H, W) training images in the model's space.
        training_digest: names them.
    """

    usual_norm: float | None = None
    training: Tensor | None = None
    training_digest: str = ""


Apply = Callable[[Batch, float, Known], Generator[None, None, Batch]]
"""(batch, strength, what is known) -> the batch as it is drawn, handing out each evaluation that takes a while."""


def plain_batch(
    denoiser: TextDenoiser, prompts: tuple[str, ...], seeds: tuple[int, ...], schedule: Schedule, scale: float
) -> Batch:
    """Prompts and seeds as the sampler itself begins with them."""
    start = first_noise(denoiser, seeds)
    return Batch(prompts, seeds, schedule, embedded(denoiser, prompts), start, Guided(denoiser, scale))


@dataclass(frozen=True, eq=False)
class Treatment:
    """A method at a strength, with what it needs.

    Attributes:
        method: which.
        strength: its one number; None where it has none.
        known: what it needs.
    """

    method: MitigationName
    strength: float | None
    known: Known

    @property
    def digest(self) -> str:
        """Names what a treated picture depends on besides model, prompt, seed and sampling."""
        about = MITIGATIONS[self.method]
        parts = [f"mitigation {CHANGES}", self.method, f"{self.strength!r}"]
        if about.usual_norm:
            parts.append(f"{self.known.usual_norm:.6g}")
        if about.training_images:
            parts.append(self.known.training_digest)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def applied(self, batch: Batch) -> Generator[None, None, Batch]:
        """The batch as it is drawn with the method.

        Raises:
            ValueError: its optimisation returns NaN or infinity.
        """
        if self.method == "none" or self.strength is None:
            return batch
        return (yield from applies()[self.method](batch, self.strength, self.known))


def applies() -> Mapping[MitigationName, Apply]:
    """What each method does; all but `none`."""
    from side_core.mitigation import attention, condition, guidance, start

    return MappingProxyType(
        {
            "wen": condition.optimised,
            "tokens": condition.with_tokens,
            "numbers": condition.with_numbers,
            "words": condition.with_words_again,
            "noise": condition.noised,
            "opposite": guidance.opposed,
            "mask": attention.masked,
            "sharp": start.less_sharp,
            "batch-noise": start.adjusted,
            "guard": attention.attenuated,
            "amg": guidance.away_from_training,
        }
    )


def make_treatment(
    method: MitigationName, strength: float | None, known: Known, denoiser: TextDenoiser
) -> Treatment | None:
    """A method at a strength; None where that is none at all.

    Raises:
        ValueError: the model cannot take it, or something that it needs is missing.
    """
    if method == "none":
        return None
    about = MITIGATIONS[method]
    if about.usual_norm and not known.usual_norm:
        raise SettingError(
            f"Method '{method}' is measured by prompts that the model never saw, and none are known: name a file of "
            "them.",
            "held_out",
        )
    if about.training_images and known.training is None:
        raise SettingError(
            f"Method '{method}' guides away from the training images, and they are not known: name them, or choose "
            "another method.",
            "data",
        )
    if method in ("mask", "guard") and not denoiser.attends:
        raise SettingError(
            f"Method '{method}' changes the cross-attention, and this model has none: choose another method.", "method"
        )
    return Treatment(method, strength_of(method, strength), known)


def check_finite(found: Tensor, method: MitigationName, step: int) -> None:
    """Raise ValueError where an optimisation has lost its numbers."""
    if not torch.isfinite(found).all():
        raise ValueError(
            f"The optimisation of method '{method}' returned NaN or infinity at step {step}: choose another strength, "
            "or exact arithmetic. The pictures without it are kept."
        )
