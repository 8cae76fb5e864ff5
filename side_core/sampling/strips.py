"""Shipped strips: what a model draws from the first seeds at several lambdas, to be seen before torch is imported."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from side_core.files.images import png
from side_core.files.whole_file import make_folder, write_json, write_whole
from side_core.stats.rate import Rate

if TYPE_CHECKING:
    from side_core.sampling.picture import Picture

ABOUT, _DRAWN, _NEAREST, _PATHS = "strips.json", "drawn.png", "nearest.png", "paths.png"


@dataclass(frozen=True, eq=False)
class Strip:
    """The pictures of one lambda, by seed.

    Attributes:
        scale: lambda.
        key: names what its pictures depend on (`picture_key`).
        drawn: (n, H, W, 3) uint8.
        nearest: (n, H, W, 3) uint8, the training image nearest to each.
        ids: of these.
        scores: of each picture, by the settings' own score.
        control_scores: of each picture against the control.
        training: how many beat the threshold, and control: the same pictures against the control.
    """

    scale: float
    key: str
    drawn: np.ndarray
    nearest: np.ndarray
    ids: tuple[str, ...]
    scores: tuple[float, ...]
    control_scores: tuple[float, ...]
    training: Rate
    control: Rate


@dataclass(frozen=True, eq=False)
class Strips:
    """All of them.

    Attributes:
        settings: of the extraction at the first lambda, as JSON has them.
        fingerprints: of model, arithmetic, surrogate, training images, control and encoder.
        threshold: from which score on a picture counts.
        calibrated: plain pictures of the model against the control; None where it has no calibration.
        seeds: of the pictures.
        timesteps: of the kept steps of each picture's way from noise.
        strips: by lambda, from the smallest on.
    """

    settings: Mapping[str, Any]
    fingerprints: Mapping[str, str]
    threshold: float
    calibrated: Rate | None
    seeds: tuple[int, ...]
    timesteps: tuple[int, ...]
    strips: tuple[Strip, ...]

    def are_of_others(self, fingerprints: Mapping[str, str]) -> bool:
        """Whether one of these is another one here: of another version of a model or of a set of pictures."""
        return any(self.fingerprints.get(name) != value for name, value in fingerprints.items())


class StripStore:
    """Shipped pictures as a `SampleStore`: they are found, others are not kept.

    Args:
        folders: of strips; one that cannot be read has none.
    """

    def __init__(self, folders: Iterable[Path]):
        self.folders = tuple(folders)
        self.unread: list[Path] = []  # as far as anything was looked for

    @cached_property
    def known(self) -> dict[str, tuple[Path, Strips, int]]:
        """Folder, strips and number of a strip by what its pictures depend on."""
        found: dict[str, tuple[Path, Strips, int]] = {}
        for folder in self.folders:
            try:
                strips = read_strips(folder)
            except ValueError:
                self.unread.append(folder)
                continue
            found |= {strip.key: (folder, strips, number) for number, strip in enumerate(strips.strips)}
        return found

    def named(self, model: str, surrogate: str | None) -> Strips | None:
        """Strips of a model and a surrogate of these names, whether or not they are of this version."""
        for _, strips, _ in self.known.values():
            if (strips.settings["model"], strips.settings["surrogate"]) == (model, surrogate):
                return strips
        return None

    def may_have(self, model: str, surrogate: str | None, scale: float | None) -> bool:
        """Whether there are pictures of a model, steered by a surrogate and a lambda; without opening either."""
        about = [(strips.settings, strips.strips[number].scale) for _, strips, number in self.known.values()]
        plain = surrogate is None or not scale
        return any(
            said["model"] == model and (known == 0 if plain else known == scale and said["surrogate"] == surrogate)
            for said, known in about
        )

    def strips_of(self, key: str) -> Strips | None:
        """All strips of the settings that pictures of a key belong to."""
        return self.known[key][1] if key in self.known else None

    def seeds(self, key: str) -> Collection[int]:
        """The seeds whose pictures are shipped."""
        return set(self.known[key][1].seeds) if key in self.known else set()

    def found(self, key: str, seeds: Sequence[int]) -> "dict[int, Picture]":
        """Those of these seeds that are shipped, with their way from noise."""
        wanted = [seed for seed in seeds if seed in self.seeds(key)]
        if not wanted:
            return {}
        from side_core.sampling.picture import Picture  # which imports torch: the first look does without

        folder, strips, number = self.known[key]
        frames = len(strips.timesteps)
        paths = _cut(folder / _PATHS, len(strips.strips) * frames, len(strips.seeds))
        own, drawn = paths[number * frames : (number + 1) * frames], strips.strips[number].drawn
        places = {seed: strips.seeds.index(seed) for seed in wanted}
        return {seed: Picture(drawn[at], own[:, at].copy(), strips.timesteps) for seed, at in places.items()}

    def put(self, key: str, pictures: "Mapping[int, Picture]") -> None:
        """Nothing is added to what is shipped."""


def write_strips(strips: Strips, paths: np.ndarray, out: Path) -> None:
    """Write `drawn.png` and `nearest.png`, a row for each lambda and a column for each seed, and `strips.json`.

    Args:
        strips: to write.
        paths: (lambdas, k, n, H, W, 3) uint8, the way of each picture from noise, into `paths.png`: a row for each kept
            step of each lambda.
        out: the folder.

    Raises:
        ValueError: the folder cannot be written.
    """
    make_folder(out)
    for name, images in ((_DRAWN, "drawn"), (_NEAREST, "nearest")):
        rows = [np.concatenate(list(getattr(strip, images)), axis=1) for strip in strips.strips]
        write_whole(out / name, png(np.concatenate(rows)))
    flat = paths.reshape(-1, *paths.shape[2:])
    write_whole(out / _PATHS, png(np.concatenate([np.concatenate(list(row), axis=1) for row in flat])))
    about = [
        {
            "scale": strip.scale,
            "key": strip.key,
            "ids": list(strip.ids),
            "scores": [round(score, 6) for score in strip.scores],
            "control_scores": [round(score, 6) for score in strip.control_scores],
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
            "calibrated": None if strips.calibrated is None else vars(strips.calibrated),
            "seeds": list(strips.seeds),
            "timesteps": list(strips.timesteps),
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
                str(item["key"]),
                drawn[number],
                nearest[number],
                tuple(map(str, item["ids"])),
                tuple(map(float, item["scores"])),
                tuple(map(float, item["control_scores"])),
                Rate(**item["training"]),
                Rate(**item["control"]),
            )
            for number, item in enumerate(about["strips"])
        )
        timesteps = tuple(map(int, about["timesteps"]))
        calibrated = None if about["calibrated"] is None else Rate(**about["calibrated"])
        threshold = float(about["threshold"])
        return Strips(about["settings"], about["fingerprints"], threshold, calibrated, seeds, timesteps, strips)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"'{folder}' holds no strips ({type(error).__name__}: {error}): make them anew.") from None


def _cut(file: Path, rows: int, columns: int) -> np.ndarray:
    """(rows, n, H, W, 3) uint8 of each row of a picture of pictures."""
    paper = np.asarray(Image.open(file).convert("RGB"))
    tall, wide = paper.shape[0] // rows, paper.shape[1] // columns
    return paper.reshape(rows, tall, columns, wide, 3).swapaxes(1, 2)
