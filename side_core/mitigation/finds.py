"""What a search for triggers found, which of it brings the same picture, and what it is worth."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from side_core.data.captioned import FIRST_ROW, captioned_faces
from side_core.mitigation.chain import KEPT
from side_core.mitigation.judged import SCORE, Judged
from side_core.mitigation.search import SAME_PULL
from side_core.prompts.held_out import HeldOut
from side_core.stats.rate import Rate, rate, rate_of

_LEVELS = 255


@dataclass(frozen=True)
class Find:
    """A prompt above the threshold.

    Attributes:
        prompt: what it says.
        score: || e_c - e_0 ||_2 at the first step, the mean over a few fixed noises, as of the held-out prompts.
        higher: how many held-out prompts reach it.
        round: of the search, 0-based; the first one that had it.
    """

    prompt: str
    score: float
    higher: Rate
    round: int


@dataclass(frozen=True)
class Merged:
    """Finds with the same picture.

    Attributes:
        finds: the highest score first.
        spread: mean distance between two pictures of the highest one, root mean square of colours in 0..1; 0 where
            there is one picture of each.
        steady: whether its pictures are one and the same, as those of a memorised prompt are.
    """

    finds: tuple[Find, ...]
    spread: float
    steady: bool


@dataclass(frozen=True)
class Truth:
    """What finds are worth, where it is known what a model has memorised.

    Attributes:
        many: captions repeated 100 to 300 times whose picture came back.
        templates: faces with 40 captions each that came back.
        false: finds none of whose pictures is a copy of a training face.
        captions: captions repeated 100 to 300 times that were found word by word.
    """

    many: Rate
    templates: Rate
    false: Rate | None
    captions: Rate


def finds_of(parts: Sequence[Mapping[str, Any]], held_out: HeldOut, bound: float) -> tuple[Find, ...]:
    """All different finds of finished rounds, the highest score first.

    Prompts that pull in the same direction are one find, and the highest stands for them; of those that take the same
    words, the three highest.

    Args:
        parts: of rounds 0, 1, ..., as `Search.round` returns them.
        held_out: what they are held against.
        bound: of the false positives; finds below its threshold are left out.
    """
    threshold = held_out.threshold(bound).value
    every = [(one, number) for number, part in enumerate(parts) for one in part["finds"] if one["score"] > threshold]
    every.sort(key=lambda found: (-found[0]["score"], found[1], found[0]["prompt"]))
    finds: list[Find] = []
    pulls: list[np.ndarray] = []
    times: Counter[str] = Counter()
    for one, number in every:
        pull = np.array(one["pull"])
        takes = " ".join(word.lower() for _, word in one["takes"])
        if times[takes] == KEPT or (pulls and (np.stack(pulls) @ pull).max() > SAME_PULL):
            continue
        times[takes] += 1
        pulls.append(pull)
        finds.append(Find(one["prompt"], one["score"], held_out.at_or_above(one["score"]), number))
    return tuple(finds)


def merged(finds: Sequence[Find], pictures: np.ndarray) -> tuple[Merged, ...]:
    """Finds with the same picture made one, by their own pictures alone: no training image is needed.

    Two prompts bring the same picture where a picture of one and a picture of the other are, on average, less than a
    third as far apart as unrelated pictures of their contrast would be (the root of both variances added up): the gap
    by which a picture counts as a copy (d1/d2 < 1/3, Yoon et al. 2023). Of pairs of different training faces of the
    built-in model, 99.9 % lie beyond 0.45 of it. By the same rule a find is steady: its own pictures are alike. Each
    is compared with the highest find of a group, so that no chain of pictures, each like the next, becomes one.

    Args:
        finds: n of them, the highest score first.
        pictures: (n, k, H, W, C) uint8 of them, from the same k seeds each.

    Raises:
        ValueError: there are not as many rows of pictures as finds.
    """
    if len(finds) != len(pictures):
        raise ValueError(f"{len(pictures)} rows of pictures cannot be those of {len(finds)} finds: draw each find.")
    if not len(finds):
        return ()
    distances = _mean_distances(pictures)
    variances = _variances(pictures)
    near = distances <= SCORE.threshold * np.sqrt(variances[:, None] + variances)
    groups: list[list[int]] = []
    for row in range(len(finds)):
        own = next((group for group in groups if near[row, group[0]]), None)
        if own is None:
            groups.append([row])
        else:
            own.append(row)
    spread = distances.diagonal()
    return tuple(
        Merged(tuple(finds[row] for row in group), float(spread[group[0]]), bool(near[group[0], group[0]]))
        for group in groups
    )


def _mean_distances(pictures: np.ndarray) -> np.ndarray:
    """(n, n) mean distance of a picture of one row and a picture of another; within a row, of two different ones."""
    n, k = pictures.shape[:2]
    flat = pictures.reshape(n * k, -1).astype(np.float64) / _LEVELS
    lengths = (flat**2).mean(axis=1)
    squared = lengths[:, None] + lengths - 2 * (flat @ flat.T) / flat.shape[1]
    pairs = np.sqrt(squared.clip(min=0)).reshape(n, k, n, k)
    pairs[np.arange(n)[:, None], np.arange(k), np.arange(n)[:, None], np.arange(k)] = 0  # not of rounding
    mean = pairs.mean(axis=(1, 3))
    own = np.arange(n)
    mean[own, own] *= k / max(1, k - 1)
    return mean


def _variances(pictures: np.ndarray) -> np.ndarray:
    """(n,) mean variance of the colours of each row's pictures, around the mean colour of each picture."""
    values = pictures.astype(np.float64) / _LEVELS
    return values.var(axis=(2, 3)).mean(axis=(1, 2))


def truth_of(finds: Sequence[Find], judged: Judged | None) -> Truth:
    """What the finds are worth, of the built-in text model: by what their pictures are nearest to.

    A face came back where at least one picture of a find is its copy (d1/d2 < 1/3), whatever the find says.

    Args:
        finds: n of them.
        judged: their pictures, k of each, against `captioned-faces`, row j of which is row 3000 + j of the pixel faces;
            None where there are no finds.
    """
    faces = captioned_faces()
    rows = {group: {face.row - FIRST_ROW for face in faces if face.group == group} for group in ("many", "template")}
    back: set[int] = set() if judged is None else set(np.array(judged.rows)[judged.hits].tolist())
    said = {find.prompt.lower() for find in finds}
    captions = [face.caption.lower() in said for face in faces if face.group == "many"]
    return Truth(
        rate(len(back & rows["many"]), len(rows["many"])),
        rate(len(back & rows["template"]), len(rows["template"])),
        None if judged is None else rate_of(np.asarray((~judged.hits).reshape(len(finds), -1).all(axis=1))),
        rate(sum(captions), len(captions)),
    )
