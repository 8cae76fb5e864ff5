"""What really comes back: training captions drawn from several seeds each, beside the picture they belong to.

A detector is judged by which prompts are memorised. How often a caption was repeated is not yet the answer: this is.
"""

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from side_core.data.captioned import FIRST_ROW, Captioned, captioned_faces
from side_core.dpm.denoiser import to_uint8
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.text.guided import Guided
from side_core.extraction.matching import match
from side_core.extraction.references import References
from side_core.files.whole_file import write_whole
from side_core.prompts.norms import Measuring, embedded, own_seeds
from side_core.sampling.sampler import sample
from side_core.sampling.schedule import make_schedule
from side_core.settings import PromptSettings
from side_core.similarity.scores import SCORES
from side_core.stats.rate import Rate, rate, rate_of
from side_core.wording import rounded

FILE = "truth.json"  # in a model's folder
_SEED = 3_000_000  # of its pictures: nobody's first ones
ONCE = 60  # of the unrepeated captions, as many as of the repeated ones
_SCORE = SCORES["ratio"]  # nearest ratio d_1 / d_2 < 1/3 (Yoon et al. 2023)


@dataclass(frozen=True, eq=False)
class Returned:
    """What came of one caption.

    Attributes:
        face: the caption with its picture and its repeats.
        back: how many of the pictures were its own training picture: nearest to it, and below the threshold.
        nearest: how many were nearest to it, however far.
        best: smallest nearest ratio of a picture that was nearest to it; None where none was.
        control: how many of the same pictures beat the threshold against the control.
    """

    face: Captioned
    back: Rate
    nearest: Rate
    best: float | None
    control: Rate


def captions_to_try(faces: Sequence[Captioned]) -> tuple[Captioned, ...]:
    """All repeated captions, one of each template face, and some of the others."""
    templates = {face.family: face for face in reversed(faces) if face.group == "template"}
    once = [face for face in faces if face.group == "once"][:ONCE]
    return (*(face for face in faces if face.group in ("many", "some")), *templates.values(), *once)


def measure_truth(
    denoiser: TextDenoiser, references: References, settings: PromptSettings, faces: Sequence[Captioned] | None = None
) -> Generator[Measuring, None, tuple[Returned, ...]]:
    """Draw each caption from `settings.score_images` seeds and match the pictures, handing out the progress.

    Args:
        denoiser: the model.
        references: `captioned-faces`, row k of which is row 3000 + k of the pixel faces, and a control.
        settings: images, steps, guidance, batch size.
        faces: captions to try; left out: see `captions_to_try`.

    Raises:
        ValueError: the model returns NaN or infinity; there is no control.
    """
    if references.control is None:
        raise ValueError("The truth needs control images: name some that the model never saw.")
    faces = captions_to_try(captioned_faces()) if faces is None else faces
    seeds = own_seeds(len(faces), settings.score_images, _SEED)
    guided = Guided(denoiser, settings.text_scale)
    schedule = make_schedule(denoiser.alphas_cumprod, settings.steps)
    size = max(1, settings.batch_size // settings.score_images)  # captions in a batch
    starts = range(0, len(faces), size)
    found: list[Returned] = []
    done, total = 0, len(starts) * len(schedule)
    for start in starts:
        some = faces[start : start + size]
        condition = embedded(denoiser, [face.caption for face in some for _ in range(settings.score_images)])
        for step in sample(guided, schedule, seeds[start : start + size].flatten().tolist(), condition=condition):
            done += 1
            if step.index == len(schedule) - 1:
                images = to_uint8(denoiser.decode(step.x))
                found += returned(some, images.reshape(len(some), settings.score_images, *images.shape[1:]), references)
            yield Measuring(done, total, {})
    return tuple(found)


def returned(faces: Sequence[Captioned], images: np.ndarray, references: References) -> list[Returned]:
    """What came of some captions, from (captions, images, H, W, 3) uint8 pictures of them."""
    count = images.shape[1]
    flat = images.reshape(-1, *images.shape[2:])
    found = match(flat, tuple(map(str, range(len(flat)))), references)
    assert found.control is not None  # as `measure_truth` has checked
    scores = found.training.scores.by_name("ratio").reshape(len(faces), count)
    rows = found.training.neighbours.rows[:, 0].reshape(len(faces), count)
    beyond = _SCORE.beats(found.control.scores.by_name("ratio"), _SCORE.threshold).reshape(len(faces), count)
    result = []
    for face, own, nearest, strangers in zip(faces, scores, rows, beyond, strict=True):
        mine = nearest == face.row - FIRST_ROW
        copies = mine & _SCORE.beats(own, _SCORE.threshold)
        best = float(own[mine].min()) if mine.any() else None
        result.append(Returned(face, rate_of(copies), rate_of(mine), best, rate_of(strangers)))
    return result


def by_group(results: Sequence[Returned]) -> dict[str, dict[str, Any]]:
    """For each group: pictures that came back, captions that ever did, and the control, each as a rate in words."""
    about: dict[str, dict[str, Any]] = {}
    for group in dict.fromkeys(result.face.group for result in results):
        own = [result for result in results if result.face.group == group]
        ever = rate_of(np.array([result.back.beat > 0 for result in own]))
        about[group] = {
            "pictures": str(_pooled([result.back for result in own])),
            "captions_that_ever_come_back": str(ever),
            "control": str(_pooled([result.control for result in own])),
        }
    return about


def _pooled(rates: Sequence[Rate]) -> Rate:
    """All of them together."""
    return rate(sum(one.beat for one in rates), sum(one.count for one in rates))


def write_truth(file: Path, results: Sequence[Returned], denoiser: TextDenoiser, settings: PromptSettings) -> None:
    """Write the truth as JSON: a line for each caption, and the groups."""
    about = {
        "model": denoiser.fingerprint,
        "settings": settings.model_dump(mode="json", include={"text_scale", "steps", "score_images", "mode"}),
        "first_seed": _SEED,
        "score": f"{_SCORE.symbol} < {rounded(_SCORE.threshold)}, colours as they are",
        "groups": by_group(results),
        "captions": [
            {
                "caption": result.face.caption,
                "row": result.face.row,
                "group": result.face.group,
                "repeats": result.face.repeats,
                "back": result.back.beat,
                "nearest": result.nearest.beat,
                "of": result.back.count,
                "best": None if result.best is None else round(result.best, 4),
                "control": result.control.beat,
            }
            for result in results
        ],
    }
    write_whole(file, (json.dumps(about, indent=1) + "\n").encode())
