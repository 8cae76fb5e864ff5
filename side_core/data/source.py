"""Open a training set by its source: a built-in one, a folder of pictures, an array file, or a slice of one."""

import math
import re
from collections.abc import Generator
from pathlib import Path

import numpy as np
from PIL import Image

from side_core.data.arrays import read_arrays
from side_core.data.faces import BUILT_IN
from side_core.data.folder import read_folder
from side_core.data.image_file import NAME, ImageFile, map_images
from side_core.data.picture import cover
from side_core.data.training_set import Reading, TrainingSet, with_images
from side_core.files.cache import cache_folder, check_space, discard, filling, used
from side_core.files.paths import path_of, printable
from side_core.files.public import check_pictures
from side_core.progress import finish
from side_core.wording import counted

SLICED = re.compile(r"(?P<name>.+)\[(?P<first>\d{0,12}):(?P<stop>\d{0,12})(:(?P<step>\d{0,12}))?\]", re.DOTALL)
_ARRAYS = (".npy", ".npz")
REPORT = 256  # images between two reports of progress


def open_training_set(source: str, size: tuple[int, int] | None = None) -> TrainingSet:
    """Open a source such as `pixel-faces[0:1000]`, `my/pictures`, `my/pictures[0:2000:10]` or `my/images.npz`.

    Args:
        source: `pixel-faces`, a folder or a .npy or .npz file, with `[first:stop]` or `[first:stop:step]` for
            some rows.
        size: height and width that the images are brought to; left out: their own.

    Raises:
        ValueError: no such source, a slice outside it, nothing that can be read in it, or more than a public app
            compares.
    """
    return finish(reading(source, size))


def reading(source: str, size: tuple[int, int] | None = None) -> Generator[Reading, None, TrainingSet]:
    """The same, handing out its progress."""
    name, rows = _parted(source)
    images = yield from _reading_whole(name, size)
    if rows is not None:
        images = _sliced(images, name, rows)
    check_pictures(printable(images.name), len(images), size or images.size, math.prod(images.size))
    return (yield from fitted(images, size or images.size))


def _parted(source: str) -> tuple[str, re.Match[str] | None]:
    """The name of a source, and which of its rows are meant; a folder may itself be called x[0:1]."""
    name = source.strip()
    rows = SLICED.fullmatch(name)
    return (name, None) if rows is None or _is_there(name) else (rows["name"], rows)


def _sliced(whole: TrainingSet, name: str, rows: re.Match[str]) -> TrainingSet:
    """The rows that `[first:stop:step]` names, without a copy."""
    first, stop, step = int(rows["first"] or 0), int(rows["stop"] or len(whole)), int(rows["step"] or 1)
    by = f":{step}" if rows["step"] else ""
    return whole.slice(first, stop, f"{name}[{first}:{stop}{by}]", step)


def first_of(source: str, count: int) -> str:
    """The source of the first so many images of a source, for `open_training_set`.

    Raises:
        ValueError: it names fewer.
    """
    name, rows = _parted(source)
    if rows is None:
        return f"{name}[0:{count}]"
    first, step = int(rows["first"] or 0), int(rows["step"] or 1)
    if rows["stop"] and first + (count - 1) * step >= int(rows["stop"]):
        raise ValueError(f"'{source}' names fewer than {count:,} images: name more of them, or ask for fewer.")
    by = f":{step}" if rows["step"] else ""
    return f"{rows['name']}[{first}:{first + count * step}{by}]"


def check_source(source: str) -> None:
    """Raise ValueError where there is no such source, or a public app may not read it; nothing is read."""
    _find_source(_parted(source)[0])


def _find_source(name: str) -> Path | None:
    """Where a source without its slice is; None of a built-in one.

    Raises:
        ValueError: there is none, or a public app may not read it.
    """
    if name in BUILT_IN:
        return None
    path = path_of(name)
    if path is None or not exists(path) or not name:
        raise ValueError(
            f"There is no data source '{printable(name)}': give a folder of pictures, a .npy or .npz file, or "
            f"{', '.join(BUILT_IN)}, each also with [first:stop] for some of its rows."
        )
    return path


def _reading_whole(name: str, size: tuple[int, int] | None) -> Generator[Reading, None, TrainingSet]:
    """A source without its slice."""
    path = _find_source(name)
    if path is None:
        return BUILT_IN[name]()
    if path.is_dir():
        return (yield from read_folder(path, size))
    if path.is_file() and path.suffix.lower() in _ARRAYS:
        return read_arrays(path)
    raise ValueError(f"'{printable(name)}' is no .npy or .npz file: give one, or a folder of pictures.")


def _is_there(name: str) -> bool:
    """Whether there is such a file or folder, as far as it may be looked up."""
    try:
        path = path_of(name)
    except ValueError:  # a sentence of the part before the rows says so
        return False
    return path is not None and exists(path)


def exists(path: Path) -> bool:
    """Whether there is such a file or folder; False also for names that no file can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def fitted(images: TrainingSet, size: tuple[int, int]) -> Generator[Reading, None, TrainingSet]:
    """The set with its images brought to (height, width), scaled and cropped to their centre; kept in the cache."""
    if images.size == tuple(size):
        return images
    count, (height, width) = len(images), size
    place = cache_folder() / "pictures" / f"{images.fingerprint[:32]}-{height}x{width}"
    if (known := map_images(place / NAME, count, size)) is None:
        discard(place)
        wanted, what = count * height * width * 3, f"The {counted(count, 'picture')} of '{printable(images.name)}'"
        check_space(wanted, what)
        with filling(place, wanted, what) as partial, ImageFile(partial / NAME, size) as out:
            for done, image in enumerate(images.images, 1):
                out.append(np.asarray(cover(Image.fromarray(np.ascontiguousarray(image)), size)))
                if done % REPORT == 0 or done == count:
                    yield Reading(done, count)
        known = map_images(place / NAME, count, size)
    if known is None:
        raise ValueError(f"The cache '{place}' cannot be read: delete it and try again.")
    used(place)
    old = " x ".join(map(str, reversed(images.size)))
    note = (
        f"All {counted(count, 'picture')} were scaled from {old} and cropped to their centre, "
        f"{width} x {height} pixels."
    )
    return with_images(images, known, note)
