"""Pictures of prompts, treated or not: each from its own seed, drawn once, kept in the store of all pictures."""

import hashlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from side_core.dpm.denoiser import to_uint8
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.files.public import check_limit
from side_core.mitigation.treatment import Batch, Treatment, plain_batch
from side_core.sampling.completed import clip_of
from side_core.sampling.picture import Picture, alone
from side_core.sampling.picture_key import picture_key
from side_core.sampling.sampler import sample
from side_core.sampling.schedule import schedule_of
from side_core.sampling.store import SampleStore
from side_core.settings import Clip, SamplingSettings
from side_core.settings.mitigation import TreatedSettings
from side_core.settings.mitigation_methods import MITIGATIONS, MitigationName

BATCH = 32  # pictures at once
_DEARER = 4  # evaluations that one step of an optimisation costs


@dataclass(frozen=True, eq=False)
class PromptSet:
    """Pictures of some prompts that are drawn in one way.

    Attributes:
        denoiser: the model.
        sampling: how they are drawn; its prompt is none of theirs.
        prompts: (n,).
        seeds: (n, k) of the pictures of each; no two are equal.
        treatment: what is done against copies; None: nothing.
    """

    denoiser: TextDenoiser
    sampling: SamplingSettings
    prompts: tuple[str, ...]
    seeds: np.ndarray
    treatment: Treatment | None = None

    @cached_property
    def key(self) -> str:
        """Names what they depend on besides their seeds. Of one prompt that is not treated, that of its plain ones."""
        sampling = self.sampling.model_copy(update={"prompt": self.prompts[0]})  # without one no text scale is said
        key = picture_key(self.denoiser, sampling, self.treatment)
        if len(set(self.prompts)) == 1:
            return key
        text = "\n".join([key, *self.prompts, *map(str, self.seeds.flatten())])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def pairs(self) -> list[tuple[str, int]]:
        """(n * k,) prompt and seed of each picture."""
        own = zip(self.prompts, self.seeds.tolist(), strict=True)
        return [(prompt, seed) for prompt, seeds in own for seed in seeds]

    def missing(self, store: SampleStore) -> list[tuple[str, int]]:
        """Those that a store lacks."""
        there = store.seeds(self.key)
        return [pair for pair in self.pairs if pair[1] not in there]

    def found(self, store: SampleStore) -> dict[int, np.ndarray]:
        """(H, W, 3) uint8 by seed of those that a store has."""
        found = store.found(self.key, self.seeds.flatten().tolist())
        return {seed: picture.image for seed, picture in found.items()}

    def images(self, store: SampleStore) -> np.ndarray:
        """(n, k, H, W, 3) uint8 of all of them, where a store has them all."""
        found = self.found(store)
        flat = np.stack([found[seed] for seed in self.seeds.flatten().tolist()])
        return flat.reshape(*self.seeds.shape, *flat.shape[1:])


def batches(count: int) -> int:
    """In how many batches so many pictures are drawn."""
    return -(-count // BATCH)


def steps_of(count: int, steps: int, method: MitigationName) -> int:
    """Steps that treating and drawing so many pictures takes, at most."""
    return batches(count) * (steps + MITIGATIONS[method].prepares)


def evaluations_of(count: int, steps: int, method: MitigationName) -> int:
    """The same in evaluations of one picture, with and without its text."""
    return count * (2 * steps + _DEARER * MITIGATIONS[method].prepares)


def sampling_of(settings: TreatedSettings) -> SamplingSettings:
    """How the pictures are drawn."""
    said = settings.model_dump(include={"text_scale", "steps", "mode"})
    return SamplingSettings(**said)


def draw_prompts(samples: PromptSet, store: SampleStore) -> Iterator[None]:
    """Draw what a store lacks, batch by batch, handing out each step; a batch is in the store before its last one.

    Raises:
        ValueError: the settings do not fit the model or ask for more than a public app allows; the model, or a
            method's optimisation, returns NaN or infinity.
    """
    return draw_sets([samples], store)


def draw_sets(sets: Sequence[PromptSet], store: SampleStore) -> Iterator[None]:
    """The same of several sets, as many pictures at once as if they were one.

    Args:
        sets: with one model, one sampling and one treatment.

    Raises:
        ValueError: as `draw_prompts`.
    """
    missing = [(samples, *pair) for samples in sets for pair in samples.missing(store)]
    if sets:
        check_limit("steps", sets[0].sampling.steps)
    check_limit("count", len(missing))
    for start in range(0, len(missing), BATCH):
        yield from _draw_batch(missing[start : start + BATCH], store)


def _draw_batch(missing: Sequence[tuple[PromptSet, str, int]], store: SampleStore) -> Iterator[None]:
    """Treat and draw one batch."""
    sets, prompts, seeds = (tuple(part) for part in zip(*missing, strict=True))
    denoiser, sampling = sets[0].denoiser, sets[0].sampling
    batch = plain_batch(denoiser, prompts, seeds, schedule_of(sampling, denoiser), sampling.text_scale)
    images = yield from draw_batch(batch, sets[0].treatment, clip_of(sampling, denoiser))
    pictures: dict[str, dict[int, Picture]] = {}
    for samples, seed, image in zip(sets, seeds, images, strict=True):
        pictures.setdefault(samples.key, {})[seed] = alone(image)
    for key, own in pictures.items():  # a store writes what it is handed at once as one file
        store.put(key, own)
    yield


def draw_batch(batch: Batch, treatment: Treatment | None, clip: Clip = "off") -> Generator[None, None, np.ndarray]:
    """(n, H, W, 3) uint8 pictures of a batch that is treated first, handing out every step but the last.

    Args:
        batch: as the sampler itself would begin.
        treatment: what is done against copies; None: nothing.
        clip: of the sampler.

    Raises:
        ValueError: the model or the method's optimisation returns NaN or infinity.
    """
    if treatment is not None:
        batch = yield from treatment.applied(batch)
    condition, start = batch.condition, batch.start
    for step in sample(batch.guided, batch.schedule, batch.seeds, clip=clip, condition=condition, start=start):
        if step.index < len(batch.schedule) - 1:
            yield
    return to_uint8(batch.denoiser.decode(step.x))
