"""The work curve of a mitigation: what an attacker has back after ever more steps, and of control images alike."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from side_core.dpm.denoiser import encoded
from side_core.extraction.matching import match
from side_core.extraction.references import References
from side_core.mitigation.attack import WORK, Targets, withstanding
from side_core.mitigation.drawing import BATCH, PromptSet, draw_batch
from side_core.mitigation.judged import SCORE, judge
from side_core.mitigation.opened import Opened
from side_core.mitigation.treatment import Treatment, plain_batch
from side_core.sampling.completed import clip_of
from side_core.sampling.schedule import schedule_of
from side_core.sampling.store import Store
from side_core.settings import SamplingSettings
from side_core.stats.rate import rate_of

LOOKS = 2  # pictures of a target


def targets_of(opened: Opened, plain: PromptSet, general: Sequence[str], count: int, store: Store) -> Targets:
    """What the attacker wants: pictures that triggers bring back, evenly spread, and as many of the control.

    Args:
        opened: the model and its images.
        plain: pictures of the triggers with nothing done, all in the store.
        general: prompts at which the attack on control images begins.
        count: at most, of either.
        store: has the pictures.
    """
    assert opened.subject.control is not None  # as `holding` has checked
    judged = judge(plain.images(store.pictures), plain.prompts, opened.references, None)
    rows, hits = np.array(judged.rows).reshape(plain.seeds.shape), judged.hits.reshape(plain.seeds.shape)
    places = np.flatnonzero(hits.any(axis=1))
    places = places[np.linspace(0, len(places) - 1, min(count, len(places))).round().astype(int)]
    own = np.array([rows[place][hits[place]][0] for place in places], int)
    control = opened.subject.control.images
    others = np.linspace(0, len(control) - 1, len(own)).round().astype(int)
    prompts = [plain.prompts[place] for place in places]
    prompts += [general[place % len(general)] for place in range(len(own))]
    images = np.concatenate([opened.subject.data.images[own], control[others]])
    return Targets(tuple(prompts), encoded(opened.denoiser, images), own, others)


def work_curve(
    opened: Opened,
    sampling: SamplingSettings,
    targets: Targets,
    embeddings: Tensor,
    treatment: Treatment | None,
    first: int,
) -> Generator[None, None, list[dict[str, Any]]]:
    """How many of the targets come back after each number of steps, handing out each denoising step.

    Args:
        opened: the model and its images.
        sampling: how pictures are drawn.
        targets: what is wanted.
        embeddings: (steps, n, L, d) what the attacker has.
        treatment: what is done against copies.
        first: seed of the first picture.
    """
    denoiser = opened.denoiser
    schedule, clip = schedule_of(sampling, denoiser), clip_of(sampling, denoiser)
    prompts = tuple(prompt for prompt in targets.prompts for _ in range(LOOKS))
    seeds = tuple(range(first, first + len(prompts)))
    curve = []
    for steps, condition in zip(WORK, embeddings.to(denoiser.device), strict=True):
        rows, pictures = condition.repeat_interleave(LOOKS, dim=0), []
        for start in range(0, len(prompts), BATCH):
            part = slice(start, start + BATCH)
            batch = plain_batch(denoiser, prompts[part], seeds[part], schedule, sampling.text_scale)
            drawing = draw_batch(replace(batch, condition=rows[part]), withstanding(treatment), clip)
            pictures.append((yield from drawing))
        curve.append({"steps": steps, **_came_back(np.concatenate(pictures), targets, opened.references)})
    return curve


def _came_back(images: np.ndarray, targets: Targets, references: References) -> dict[str, Any]:
    """How many targets have a picture that is nearest to them and looks copied, of either kind."""
    found = match(images, tuple(map(str, range(len(images)))), references)
    assert found.control is not None
    result, half = {}, len(targets.rows) * LOOKS
    for name, side, rows, part in (
        ("memorised", found.training, targets.rows, slice(None, half)),
        ("control", found.control, targets.control, slice(half, None)),
    ):
        near = side.neighbours.rows[part, 0] == np.repeat(rows, LOOKS)
        back = near & SCORE.beats(side.scores.by_name("ratio")[part], SCORE.threshold)
        result[name] = vars(rate_of(back.reshape(-1, LOOKS).any(axis=1)))
    return result
