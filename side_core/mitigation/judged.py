"""What pictures of prompts are worth: how near they are to training images and control, how well they fit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from side_core.extraction.matching import match
from side_core.extraction.references import References
from side_core.similarity.scores import SCORES
from side_core.similarity.text import TextEncoder, clip_scores
from side_core.stats.rate import Rate, rate_of

SCORE = SCORES["ratio"]  # nearest ratio d1/d2 < 1/3 (Yoon et al. 2023)


@dataclass(frozen=True)
class Judged:
    """Pictures of prompts, each list (n * k,) prompt by prompt.

    Attributes:
        ratios: nearest ratio d1/d2 against the training images.
        control: the same against the control.
        rows: the nearest training image.
        fits: CLIP score, the cosine of picture and prompt; empty where no CLIP model is known.
    """

    ratios: tuple[float, ...]
    control: tuple[float, ...]
    rows: tuple[int, ...]
    fits: tuple[float, ...]

    def as_json(self) -> dict[str, Any]:
        """For a store of parts."""
        return {name: list(values) for name, values in asdict(self).items()}

    @property
    def copies(self) -> Rate:
        """How many look copied."""
        return rate_of(self.hits)

    @property
    def hits(self) -> np.ndarray:
        """(n * k,) which look copied."""
        return SCORE.beats(np.array(self.ratios), SCORE.threshold)

    @property
    def of_control(self) -> Rate:
        """How many would look copied from images that the model never saw."""
        return rate_of(SCORE.beats(np.array(self.control), SCORE.threshold))


def judged_in(part: Mapping[str, Any]) -> Judged:
    """Back from a store of parts."""
    return Judged(**{name: tuple(part[name]) for name in ("ratios", "control", "rows", "fits")})


def judge(images: np.ndarray, prompts: Sequence[str], references: References, clip: TextEncoder | None) -> Judged:
    """Judge the pictures of some prompts.

    Args:
        images: (n, k, H, W, 3) uint8.
        prompts: (n,).
        references: training images and control.
        clip: for the fit; None: none.

    Raises:
        ValueError: there is no control.
    """
    flat = images.reshape(-1, *images.shape[2:])
    found = match(flat, tuple(map(str, range(len(flat)))), references)
    if found.control is None:
        raise ValueError("Copies need control images: name some that the model never saw.")
    fits = () if clip is None else clip_scores(clip, images, prompts).flatten().tolist()
    ratios, control = (side.scores.by_name("ratio").tolist() for side in (found.training, found.control))
    return Judged(tuple(ratios), tuple(control), tuple(found.training.neighbours.rows[:, 0].tolist()), tuple(fits))
