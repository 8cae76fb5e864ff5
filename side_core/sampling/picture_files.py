"""Drawn pictures as files that people can look at: `KEY/SEED.png`, and beside it the picture's way from noise."""

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from side_core.data.picture import BadPictureError, read_picture
from side_core.files.images import png
from side_core.files.whole_file import make_folder, write_whole
from side_core.sampling.drawing import Damage
from side_core.sampling.picture import Picture, alone

PATH = ".path.png"  # ends the name of the file that shows a picture's way from noise
ABOUT = "side-explorer-path"
_DAMAGE = "side-explorer-damage"  # keyword of a text in the PNG of a picture that guidance has saturated


class PngStore:
    """A folder of pictures, each there whole or not at all; lost ones are not written.

    Args:
        folder: which, or how to tell; None: nothing is kept and nothing found.
    """

    def __init__(self, folder: Path | Callable[[], Path | None]):
        self.folder = folder

    @property
    def place(self) -> Path | None:
        """The folder now."""
        return self.folder() if callable(self.folder) else self.folder

    def seeds(self, key: str) -> Collection[int]:
        """The seeds whose pictures are there."""
        return set() if (place := self.place) is None else seeds_in(place / key)

    def found(self, key: str, seeds: Sequence[int]) -> dict[int, Picture]:
        """Those of these seeds that are there; damaged files are as good as none."""
        return {} if (place := self.place) is None else read_pictures(place / key, seeds)

    def put(self, key: str, pictures: Mapping[int, Picture]) -> None:
        """Write those that are not there yet.

        Raises:
            ValueError: they cannot be written.
        """
        if (place := self.place) is not None:
            for seed, picture in pictures.items():
                if not (place / key / f"{seed}.png").is_file():
                    write_picture(place / key, seed, picture)


def write_picture(folder: Path, seed: int, picture: Picture) -> None:
    """Write a picture that is not lost, and its path if it has one. The picture comes last: it is there whole or not.

    Raises:
        ValueError: it cannot be written.
    """
    if picture.lost:
        return
    make_folder(folder)
    if len(picture.path) > 1:
        about = {"timesteps": picture.path_timesteps}
        write_whole(folder / f"{seed}{PATH}", png(np.concatenate(picture.path, axis=1), {ABOUT: json.dumps(about)}))
    said = None if picture.damage is None else {_DAMAGE: json.dumps(vars(picture.damage))}
    write_whole(folder / f"{seed}.png", png(picture.image, said))


def link_picture(folder: Path, seed: int, file: Path) -> None:
    """The same of a picture that is a file elsewhere: without a second copy where the file system can.

    Raises:
        ValueError: it cannot be written.
    """
    make_folder(folder)
    try:
        os.link(file, folder / f"{seed}.png")
    except FileExistsError:
        return
    except OSError:
        write_whole(folder / f"{seed}.png", file.read_bytes())


def seeds_in(folder: Path) -> set[int]:
    """The seeds whose pictures are there."""
    try:
        names = [entry.name for entry in os.scandir(folder)]
    except OSError:
        return set()
    return {int(name[:-4]) for name in names if name.endswith(".png") and name[:-4].isdigit()}


def read_pictures(folder: Path, seeds: Sequence[int]) -> dict[int, Picture]:
    """The pictures of these seeds that are there; damaged files are as good as none."""
    there = seeds_in(folder)
    found = {}
    for seed in seeds:
        if seed in there and (picture := _read_one(folder, seed)) is not None:
            found[seed] = picture
    return found


def _read_one(folder: Path, seed: int) -> Picture | None:
    """One picture with its path, if both can be read."""
    try:
        image = read_picture(folder / f"{seed}.png").pixels
    except BadPictureError:
        return None
    without = alone(image, _damage_in(folder / f"{seed}.png"))
    file = folder / f"{seed}{PATH}"
    if not file.is_file():
        return without
    try:
        with Image.open(file) as opened:
            assert isinstance(opened, PngImagePlugin.PngImageFile)
            about = json.loads(opened.text[ABOUT])
            strip = np.asarray(opened.convert("RGB"))
        timesteps = tuple(int(t) for t in about["timesteps"])
        path = np.stack(np.split(strip, len(timesteps), axis=1))
        said = about.get("damage")  # where versions before wrote it
        damage = without.damage if said is None else Damage(**said)
        return Picture(image, path, timesteps, damage) if path.shape[1:] == image.shape else without
    except (OSError, ValueError, KeyError, TypeError, AssertionError):
        return without  # the picture itself is there


def _damage_in(file: Path) -> Damage | None:
    """What guidance did to a picture, as its own file says."""
    try:
        with Image.open(file, formats=("PNG",)) as opened:
            about = json.loads(opened.info[_DAMAGE])
        return Damage(int(about["seed"]), int(about["step"]), bool(about["lost"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
