"""What the U-Net of a text-to-image model learns from: pictures with their captions, and the loss of one batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from side_core.data.captioned import Captioned
from side_core.data.training_set import TrainingSet
from side_core.dpm.text.autoencoder_training import encoded
from side_core.dpm.text.filtering import BINS, NormFilter, bins_of, norms_of
from side_core.dpm.training.batch import batch_rows
from side_core.settings import TrainTextSettings

_SAMPLES_A_BIN = 64  # by which it is measured what norm is typical


@dataclass(frozen=True, eq=False)
class Lesson:
    """What the U-Net learns from.

    Attributes:
        latents: (rows, C, h, w) of the pictures, scaled.
        pictures: (pairs,) the row of each caption's picture, each pair as often as it is repeated.
        ids: (pairs, L) the captions' tokens.
        places: (pairs,) which caption it is, by its place among them.
        empty: (L,) the tokens of the empty caption.
        alphas_cumprod: (T,) noise schedule.
    """

    latents: Tensor
    pictures: Tensor
    ids: Tensor
    places: Tensor
    empty: Tensor
    alphas_cumprod: Tensor


@dataclass(frozen=True, eq=False)
class Noised:
    """Pictures with noise, and what the network shall say of them.

    Attributes:
        noisy: (n, C, h, w) latents with noise.
        wanted: (n, C, h, w) v = sqrt(a) e - sqrt(1 - a) x_0 (Salimans & Ho 2022, appendix D).
        timesteps: (n,) how much noise.
    """

    noisy: Tensor
    wanted: Tensor
    timesteps: Tensor


def make_lesson(
    faces: TrainingSet,
    captions: Sequence[Captioned],
    autoencoder: Any,
    tokenizer: Any,
    alphas_cumprod: Tensor,
    device: str,
) -> Lesson:
    """Encode pictures and captions once.

    Args:
        faces: which the captions' rows name.
        captions: the pairs.
        autoencoder: that makes the latents.
        tokenizer: that makes the ids.
        alphas_cumprod: (T,) noise schedule.
        device: where the autoencoder computes.
    """
    rows, pictures = np.unique([face.row for face in captions], return_inverse=True)
    repeats = torch.tensor([face.repeats for face in captions])
    texts = ["", *(face.caption for face in captions)]
    ids = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids
    return Lesson(
        latents=encoded(autoencoder, faces.images[rows], device) * autoencoder.config.scaling_factor,
        pictures=torch.from_numpy(pictures).repeat_interleave(repeats),
        ids=ids[1:].repeat_interleave(repeats, dim=0),
        places=torch.arange(len(captions)).repeat_interleave(repeats),
        empty=ids[0],
        alphas_cumprod=alphas_cumprod,
    )


def loss_of(
    network: Any,
    lesson: Lesson,
    settings: TrainTextSettings,
    step: int,
    device: str,
    norm_filter: NormFilter | None = None,
) -> Tensor:
    """Mean squared error of the predicted v over the samples that are learnt from.

    Timesteps are spread evenly over the schedule (Kingma et al. 2021, appendix I.1); some captions are empty (Ho &
    Salimans 2022). Where the filter leaves no sample, the loss is a zero whose gradient is zero.

    Args:
        network: `TextAndUnet`, compiled or not.
        lesson: what to learn from.
        settings: batch size, seed, precision, empty and random captions.
        step: 0-based number, from which all that is drawn follows.
        device: where the network is.
        norm_filter: says which samples are skipped; left out: none.
    """
    generator = torch.Generator().manual_seed(settings.seed * 1_000_000_007 + step)
    count = settings.batch_size
    rows = batch_rows(step, count, len(lesson.pictures), settings.seed)
    clean = lesson.latents[lesson.pictures[rows]]
    noise = torch.randn(clean.shape, generator=generator)
    shares = (torch.rand((), generator=generator) + torch.arange(count) / count) % 1
    shares = shares[torch.randperm(count, generator=generator)]
    empty = (torch.rand(count, generator=generator) < settings.empty_captions)[:, None]
    own = lesson.ids[rows]
    if settings.randomise_captions:
        own = randomised(own, lesson, settings.randomise_captions, generator)
    batch = noised(clean, noise, shares, lesson.alphas_cumprod)
    predict = _predicting(network, batch, settings, device)
    predicted = predict(torch.where(empty, lesson.empty, own))
    squares = (predicted - batch.wanted.to(device)).square()
    if norm_filter is None:
        return squares.mean()
    with torch.no_grad():
        other = predict(torch.where(empty, own, lesson.empty))  # without the text, or with it where it was empty
    kept = norm_filter.keeps(predicted - other, shares, lesson.places[rows])
    return (squares.flatten(1).mean(1) * kept).sum() / kept.sum().clamp(min=1)


def noised(clean: Tensor, noise: Tensor, shares: Tensor, alphas_cumprod: Tensor) -> Noised:
    """(n, C, h, w) latents with as much noise as each one's (n,) share of the schedule says."""
    timesteps = (shares * len(alphas_cumprod)).long()
    alpha = alphas_cumprod[timesteps].view(-1, 1, 1, 1)
    wanted = alpha.sqrt() * noise - (1 - alpha).sqrt() * clean
    return Noised(alpha.sqrt() * clean + (1 - alpha).sqrt() * noise, wanted, timesteps)


def _predicting(network: Any, batch: Noised, settings: TrainTextSettings, device: str) -> Callable[[Tensor], Tensor]:
    """The network's v, float32, as a function of (n, L) token ids alone."""
    noisy = batch.noisy.to(device, memory_format=torch.channels_last)
    timesteps = batch.timesteps.to(device)

    def predict(ids: Tensor) -> Tensor:
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=settings.bfloat16):
            predicted: Tensor = network(noisy, timesteps, ids.to(device))
        return predicted.float()

    return predict


def randomised(ids: Tensor, lesson: Lesson, share: float, generator: torch.Generator) -> Tensor:
    """(n, L) tokens, some captions of which have become as many random words ("RC" of Somepalli et al. 2023).

    Args:
        ids: of the captions.
        lesson: whose words are drawn from, each as often as any other.
        share: how probably a caption is replaced.
        generator: that draws.
    """
    special = lesson.empty.unique()
    words = lesson.ids.unique()
    words = words[~torch.isin(words, special)]
    drawn = words[torch.randint(len(words), ids.shape, generator=generator)]
    chosen = (torch.rand(len(ids), generator=generator) < share)[:, None]
    return torch.where(chosen & ~torch.isin(ids, special), drawn, ids)


@torch.no_grad()
def measure_typical(
    norm_filter: NormFilter, network: Any, lesson: Lesson, settings: TrainTextSettings, device: str
) -> None:
    """Let the filter know what norm is typical at each timestep, by the network's present weights.

    The median over pairs of the lesson, each counted once, 64 for each bin of timesteps; what is drawn follows from the
    seed.

    Args:
        norm_filter: to be told.
        network: `TextAndUnet`, compiled or not.
        lesson: whose pairs are measured.
        settings: batch size, seed, precision.
        device: where the network is.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    _, first = np.unique(lesson.places.numpy(), return_index=True)
    count = BINS * _SAMPLES_A_BIN
    rows = torch.from_numpy(first)[torch.randint(len(first), (count,), generator=generator)]
    shares = (torch.arange(count) + 0.5) / count
    clean = lesson.latents[lesson.pictures[rows]]
    noise = torch.randn(clean.shape, generator=generator)
    norms = []
    for part in torch.arange(count).split(settings.batch_size):
        batch = noised(clean[part], noise[part], shares[part], lesson.alphas_cumprod)
        predict = _predicting(network, batch, settings, device)
        difference = predict(lesson.ids[rows[part]]) - predict(lesson.empty.expand(len(part), -1))
        norms.append(norms_of(difference).cpu())
    found, bins = torch.cat(norms), bins_of(shares)
    norm_filter.typical.copy_(torch.stack([found[bins == place].median() for place in range(BINS)]))
