"""What is asked about: pictures as a model sees them, with the texts they stand under."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser, encoded, least_timestep_of
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.sampling.sampler import first_noise

_DRAW = 1_000_003  # between the seeds of two draws


@dataclass(frozen=True, eq=False)
class Asked:
    """Pictures in a model's space; a picture's noise depends on its own seed alone.

    Attributes:
        denoiser: the model.
        clean: (n, C, H, W) float32 in its space, on its device.
        seeds: (n,) one for each picture.
        captions: (n,) texts; None for a model that reads none.
    """

    denoiser: Denoiser
    clean: Tensor
    seeds: tuple[int, ...]
    captions: tuple[str, ...] | None = None

    def part(self, first: int, stop: int) -> "Asked":
        """Some of them, in their order."""
        captions = None if self.captions is None else self.captions[first:stop]
        return Asked(self.denoiser, self.clean[first:stop], self.seeds[first:stop], captions)

    def timestep(self, share: float) -> int:
        """A timestep by its share of all, 0..1; never below the smallest that the model can be evaluated at."""
        total = len(self.denoiser.alphas_cumprod)
        return min(total - 1, max(least_timestep_of(self.denoiser), round(share * total)))

    def noise(self, draw: int) -> Tensor:
        """(n, C, H, W) standard normal, another for each draw."""
        return first_noise(self.denoiser, [seed + draw * _DRAW for seed in self.seeds])

    def noised(self, clean: Tensor, noise: Tensor, timestep: int) -> Tensor:
        """sqrt(a) x0 + sqrt(1 - a) n."""
        signal = float(self.denoiser.alphas_cumprod[timestep])
        return signal**0.5 * clean + (1 - signal) ** 0.5 * noise

    def condition(self, captions: Sequence[str] | None) -> Tensor | None:
        """(n, L, d) the texts as the model reads them; None for a model that reads none."""
        return self.denoiser.embed(captions) if isinstance(self.denoiser, TextDenoiser) and captions else None


def check_pictures(denoiser: Denoiser, images: TrainingSet) -> None:
    """Raise ValueError where a model cannot be asked about these: texts are missing, or it draws classes."""
    if isinstance(denoiser, TextDenoiser) and images.captions is None:
        raise ValueError(
            f"The model draws what a text says, but the pictures of '{images.name}' have no captions: give a folder "
            "with a metadata.csv that has a column caption."
        )
    if denoiser.classes:
        raise ValueError(
            f"The model draws one of {denoiser.classes} classes, each another distribution: this is measured of models "
            "without classes."
        )


def asked_of(denoiser: Denoiser, images: TrainingSet, rows: Sequence[int], seed: int) -> Asked:
    """Some rows of a set, under their own captions where the model reads texts.

    Args:
        denoiser: the model.
        images: at the size that it draws.
        rows: which.
        seed: of all noise; that of a row follows from it.

    Raises:
        ValueError: a text-to-image model and pictures without captions, or a class-conditional model.
    """
    check_pictures(denoiser, images)
    captions = None
    if isinstance(denoiser, TextDenoiser) and images.captions is not None:
        captions = tuple(str(images.captions[row]) for row in rows)
    clean = torch.cat(
        [encoded(denoiser, images.images[list(rows[first : first + 64])]) for first in range(0, len(rows), 64)]
    )
    return Asked(denoiser, clean.to(denoiser.device), tuple(seed + row for row in rows), captions)
