"""How far a prompt pulls the noise away from that of no prompt: the detector of Wen et al. 2024.

A prompt whose picture was learnt by heart pulls in the same direction from any noise, and hard, at the very first step.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.text.guided import Guided, Halves
from side_core.sampling.sampler import sample
from side_core.sampling.schedule import make_schedule
from side_core.settings import PromptSettings
from side_core.wording import counted


@dataclass(frozen=True, eq=False)
class NormStep:
    """One step of the guided trajectory.

    Attributes:
        index: 0-based number of this step; `total` steps are taken.
        timestep: position in the noise schedule.
        norms: (n,) float32 on the CPU, || e_c - e_0 ||_2 of each image alone.
        x: (n, C, H, W) the state after the step.
        denoised: (n, C, H, W) the present estimate of the clean picture, what a preview shows.
    """

    index: int
    total: int
    timestep: int
    norms: Tensor
    x: Tensor
    denoised: Tensor


@dataclass(frozen=True, eq=False)
class Measuring:
    """How far the norms of many prompts are.

    Attributes:
        done: steps taken, of all batches together; `total` in all.
        finished: by its place among the prompts, the (images, steps) norms of each that has just been finished.
    """

    done: int
    total: int
    finished: dict[int, np.ndarray]


def text_norms(
    denoiser: TextDenoiser, condition: Tensor, seeds: Sequence[int], steps: int = 50, first: int = 1, scale: float = 3.0
) -> Iterator[NormStep]:
    """|| e_c - e_0 ||_2 per image along the ordinary guided trajectory (Wen et al. 2024), step by step.

    With and without the text in one evaluation. Row k depends on its own prompt and seed alone. Whoever stops iterating
    stops the work.

    Args:
        denoiser: the model.
        condition: (n, L, d) an embedded prompt for each image, or (1, L, d) for all.
        seeds: (n,) one for each image.
        steps: of the whole schedule, evenly spread ("leading").
        first: how many of them are taken, from pure noise on.
        scale: of the guidance; the first step's norm does not depend on it.

    Raises:
        ValueError: there are fewer steps than shall be taken, or the model returns NaN or infinity.
    """
    if not 1 <= first <= steps:
        raise ValueError(f"{first} of {counted(steps, 'step')} cannot be taken: choose 1 to {steps}.")
    seen: list[Halves] = []
    guided = Guided(denoiser, scale, seen.append)
    schedule = make_schedule(denoiser.alphas_cumprod, steps)
    for step in islice(sample(guided, schedule, seeds, condition=condition), first):
        norms = norm_of(seen.pop()).cpu()
        yield NormStep(step.index, first, step.timestep, norms, step.x, step.denoised)


def norm_of(halves: Halves) -> Tensor:
    """(n,) || e_c - e_0 ||_2 of each image."""
    return (halves.with_text - halves.without_text).flatten(1).norm(dim=1)


def norms_of(
    denoiser: TextDenoiser, prompts: Sequence[str], settings: PromptSettings, seeds: np.ndarray | None = None
) -> Generator[Measuring, None, np.ndarray]:
    """The norms of many prompts, several images each: prompts and images share the batches.

    Args:
        denoiser: the model.
        prompts: (n,) of them.
        settings: steps, images, guidance, batch size.
        seeds: (n, images) int; left out: the settings' own for every prompt.

    Returns:
        (n, images, first) float32. The score of a prompt is the mean of its row, see `score_of`.

    Raises:
        ValueError: the model returns NaN or infinity.
    """
    images, first, size = settings.score_images, settings.first_steps, settings.batch_size
    if seeds is None:
        seeds = np.broadcast_to(np.array(settings.seeds), (len(prompts), images))
    rows = [(place, image) for place in range(len(prompts)) for image in range(images)]
    batches = [rows[start : start + size] for start in range(0, len(rows), size)]
    found = np.empty((len(prompts), images, first), np.float32)
    done, total = 0, len(batches) * first
    for batch in batches:
        condition = embedded(denoiser, [prompts[place] for place, _ in batch])
        own = [int(seeds[row]) for row in batch]
        for step in text_norms(denoiser, condition, own, settings.steps, first, settings.text_scale):
            found[*np.array(batch).T, step.index] = step.norms
            done += 1
            last = step.index == first - 1
            yield Measuring(
                done, total, {place: found[place] for place, image in batch if image == images - 1} if last else {}
            )
    return found


def embedded(denoiser: TextDenoiser, prompts: Sequence[str]) -> Tensor:
    """(n, L, d) of n prompts, each different one embedded once."""
    different = list(dict.fromkeys(prompts))
    places = torch.tensor([different.index(prompt) for prompt in prompts])
    rows = denoiser.embed(different)
    return rows[places.to(rows.device)]


def score_of(norms: np.ndarray) -> np.ndarray:
    """(n,) float64 d(p), the mean over images and steps (Wen et al. 2024), of (n, images, steps) norms."""
    return norms.astype(np.float64).mean(axis=(1, 2))


def own_seeds(count: int, images: int, first: int) -> np.ndarray:
    """(count, images) seeds, none twice, from `first` on: the noise of one prompt says nothing of another's."""
    return np.arange(first, first + count * images).reshape(count, images)
