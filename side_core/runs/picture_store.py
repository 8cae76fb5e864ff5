"""Drawn pictures as files, by what they depend on and their seed: equal ones are written, and drawn, once."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from side_core.data.picture import BadPictureError, read_picture
from side_core.extraction.files import damage_in
from side_core.files.images import png
from side_core.files.whole_file import write_whole
from side_core.sampling.drawing import Damage

PATH = ".path.png"  # ends the name of the file that shows a picture's way from noise
ABOUT = "side-explorer-path"


@dataclass(frozen=True, eq=False)
class Picture:
    """One drawn image.

    Attributes:
        image: (H, W, 3) uint8.
        path: (k, H, W, 3) uint8, the estimate of the clean image at `path_timesteps`, the last is the image.
        path_timesteps: (k,) of the path.
        damage: what guidance did to it, where it was too strong. A lost one is kept in memory too, so that it is not
            drawn again and again, but there is nothing to see in it.
    """

    image: np.ndarray
    path: np.ndarray
    path_timesteps: tuple[int, ...]
    damage: Damage | None = None

    @property
    def lost(self) -> bool:
        """Whether guidance has driven it to NaN or infinity."""
        return self.damage is not None and self.damage.lost

    @property
    def size(self) -> int:
        """Bytes."""
        return self.image.nbytes + self.path.nbytes


def keep_picture(folder: Path, seed: int, picture: Picture) -> None:
    """Write a picture that is not lost, and its path if it has one. The picture comes last: it is there whole or not.

    Raises:
        ValueError: it cannot be written.
    """
    if picture.lost or (folder / f"{seed}.png").is_file():
        return
    make_folder(folder)
    if len(picture.path) > 1 or picture.damage:
        about = {"timesteps": picture.path_timesteps, "damage": picture.damage and vars(picture.damage)}
        write_whole(folder / f"{seed}{PATH}", png(np.concatenate(picture.path, axis=1), {ABOUT: json.dumps(about)}))
    write_whole(folder / f"{seed}.png", png(picture.image))


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


def animation_file(folder: Path, seeds: Sequence[int]) -> Path:
    """Where the animated path of several pictures is kept beside them."""
    return folder / f"{seeds[0]}-{seeds[-1]}.path.gif"


def make_folder(folder: Path) -> None:
    """Make a folder of the workspace.

    Raises:
        ValueError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"'{folder}' cannot be written ({error.strerror}): free some space, "
            "or set SIDE_WORKSPACE to another folder."
        ) from None


def kept_pictures(folder: Path, seeds: Sequence[int]) -> dict[int, Picture]:
    """The pictures of these seeds that are there; damaged files are as good as none."""
    found = {}
    there = seeds_in(folder)
    for seed in seeds:
        if seed in there and (picture := kept_picture(folder, seed)) is not None:
            found[seed] = picture
    return found


def seeds_in(folder: Path) -> set[int]:
    """The seeds whose pictures are there."""
    try:
        names = [entry.name for entry in os.scandir(folder)]
    except OSError:
        return set()
    return {int(name[:-4]) for name in names if name.endswith(".png") and name[:-4].isdigit()}


def kept_picture(folder: Path, seed: int) -> Picture | None:
    """One picture with its path, if both can be read."""
    try:
        image = read_picture(folder / f"{seed}.png").pixels
    except BadPictureError:
        return None
    alone = Picture(image, image[None], (0,), damage_in(folder / f"{seed}.png"))
    file = folder / f"{seed}{PATH}"
    if not file.is_file():
        return alone
    try:
        with Image.open(file) as opened:
            assert isinstance(opened, PngImagePlugin.PngImageFile)
            about = json.loads(opened.text[ABOUT])
            strip = np.asarray(opened.convert("RGB"))
        timesteps = tuple(int(t) for t in about["timesteps"])
        path = np.stack(np.split(strip, len(timesteps), axis=1))
        damage = None if about["damage"] is None else Damage(**about["damage"])
        return Picture(image, path, timesteps, damage) if path.shape[1:] == image.shape else alone
    except (OSError, ValueError, KeyError, TypeError, AssertionError):
        return alone  # the picture itself is there
