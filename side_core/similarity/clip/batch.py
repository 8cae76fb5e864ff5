"""Batches to train a CLIP model on: pictures, captions and what is true of them. All follows from seed and step."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from side_core.data.describing import ABSENT, aspects_of, described
from side_core.settings import TrainClipSettings

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

IMAGE_SIZE = 32
_RARE = 2.0  # what each thing that a face wears adds to how often it is shown


def captions_of(attributes: list[dict[str, str]], settings: TrainClipSettings, step: int) -> list[str]:
    """A caption of each face; they follow from the seed and the step, counted from -1, which is the vocabulary's."""
    random = np.random.default_rng((settings.seed, step + 1))
    return [described(each, random) for each in attributes]


def phrases_of(attributes: list[dict[str, str]]) -> Tensor:
    """(n, phrases) 1 where a phrase of the captions is true of a face, else 0."""
    said = [{way for ways in aspects_of(each).values() for way in ways} for each in attributes]
    phrases = sorted(set().union(*said))
    return torch.tensor([[float(phrase in true) for phrase in phrases] for true in said])


def weight_of(attributes: dict[str, str]) -> float:
    """How often a face is shown, against one that wears nothing: what is rare would be learnt late, or never."""
    return 1.0 + _RARE * sum(attributes[name] != "none" for name in ABSENT)


def rows_of(weights: Tensor, settings: TrainClipSettings, step: int) -> Tensor:
    """(batch_size,) different rows of one step, drawn by their weights; they follow from the seed and the step."""
    generator = torch.Generator().manual_seed(settings.seed * 1_000_000_007 + step)
    return weights.multinomial(settings.batch_size, generator=generator)


def prepared(images: Tensor, settings: TrainClipSettings, step: int) -> Tensor:
    """Pictures as the network learns from them: some mirrored, all moved a little, some blurred.

    Args:
        images: (n, 3, 32, 32) uint8.
        settings: seed, largest shift, share of blurred ones.
        step: 0-based number of the step.

    Returns:
        (n, 3, 32, 32) float32 in -1..1.
    """
    generator = torch.Generator().manual_seed(settings.seed * 1_000_000_007 + step)
    x = images.float().div(127.5).sub(1)
    count, shift = len(x), settings.shift
    mirrored, blurred = torch.rand((2, count, 1, 1, 1), generator=generator)
    moves = shift * torch.randint(0, 3, (count, 2), generator=generator)
    small = functional.interpolate(x, scale_factor=0.5, mode="nearest")
    soft = functional.interpolate(small, scale_factor=2, mode="bicubic").clamp(-1, 1)
    x = torch.where(blurred < settings.blurred, soft, x)
    x = torch.where(mirrored < 0.5, x.flip(-1), x)
    padded = functional.pad(x, (shift,) * 4, mode="replicate")
    crops = padded.unfold(2, IMAGE_SIZE, 1).unfold(3, IMAGE_SIZE, 1)  # (n, 3, moves down, moves right, 32, 32)
    return crops[torch.arange(count), :, moves[:, 0], moves[:, 1]].contiguous()


def token_ids(tokenizer: "CLIPTokenizer", texts: list[str], context: int) -> Tensor:
    """(n, context) ids as open_clip makes them; what does not fit is cut."""
    found = tokenizer(texts, return_tensors="pt", max_length=context, padding="max_length", truncation=True)
    return found["input_ids"]
