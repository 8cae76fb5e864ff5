"""Shipped strips: what a model draws from the first seeds at several lambdas, to be seen before torch is imported."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from side_core.files.images import png
from side_core.files.whole_file import make_folder, write_json, write_whole
from side_core.stats.rate import Rate

ABOUT, _DRAWN, _NEAREST = "strips.json", "drawn.png", "nearest.png"


@dataclass(frozen=True, eq=False)
class Strip:
    """The pictures of one lambda, by seed.

    Attributes:
        scale: lambda.
        drawn: (n, H, W, 3) uint8.
        nearest: (n, H, W, 3) uint8, the training image nearest to each.
        ids: of these.
        scores: of each picture, by the settings' own score.
        training: how many beat the threshold, and control: the same pictures against the control.
    """

    scale: float
    drawn: np.ndarray
    nearest: np.ndarray
    ids: tuple[str, ...]
    scores: tuple[float, ...]
    training: Rate
    control: Rate


@dataclass(frozen=True, eq=False)
class Strips:
    """All of them.

    Attributes:
        settings: of the extraction at the first lambda, as JSON has them.
        fingerprints: of model, arithmetic, surrogate, training images, control and encoder.
        threshold: from which score on a picture counts.
        seeds: of the pictures.
        strips: by lambda, from the smallest on.
    """

    settings: Mapping[str, Any]
    fingerprints: Mapping[str, str]
    threshold: float
    seeds: tuple[int, ...]
    strips: tuple[Strip, ...]


def write_strips(strips: Strips, out: Path) -> None:
    """Write `drawn.png` and `nearest.png`, a row for each lambda and a column for each seed, and `strips.json`.

    Raises:
        ValueError: the folder cannot be written.
    """
    make_folder(out)
    for name, images in ((_DRAWN, "drawn"), (_NEAREST, "nearest")):
        rows = [np.concatenate(list(getattr(strip, images)), axis=1) for strip in strips.strips]
        write_whole(out / name, png(np.concatenate(rows)))
    about = [
        {
            "scale": strip.scale,
            "ids": list(strip.ids),
            "scores": [round(score, 6) for score in strip.scores],
            "training": vars(strip.training),
            "control": vars(strip.control),
        }
        for strip in strips.strips
    ]
    write_json(
        out / ABOUT,
        {
            "settings": dict(strips.settings),
            "fingerprints": dict(strips.fingerprints),
            "threshold": strips.threshold,
            "seeds": list(strips.seeds),
            "strips": about,
        },
    )


def read_strips(folder: Path) -> Strips:
    """What `write_strips` wrote.

    Raises:
        ValueError: it is missing, or something else.
    """
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        seeds = tuple(map(int, about["seeds"]))
        drawn, nearest = (_cut(folder / name, len(about["strips"]), len(seeds)) for name in (_DRAWN, _NEAREST))
        strips = tuple(
            Strip(
                float(item["scale"]),
                drawn[number],
                nearest[number],
                tuple(map(str, item["ids"])),
                tuple(map(float, item["scores"])),
                Rate(**item["training"]),
                Rate(**item["control"]),
            )
            for number, item in enumerate(about["strips"])
        )
        return Strips(about["settings"], about["fingerprints"], float(about["threshold"]), seeds, strips)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"'{folder}' holds no strips ({type(error).__name__}: {error}): make them anew.") from None


def _cut(file: Path, rows: int, columns: int) -> np.ndarray:
    """(rows, n, H, W, 3) uint8 of each row of a picture of pictures."""
    paper = np.asarray(Image.open(file).convert("RGB"))
    tall, wide = paper.shape[0] // rows, paper.shape[1] // columns
    return paper.reshape(rows, tall, columns, wide, 3).swapaxes(1, 2)
