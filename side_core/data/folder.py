"""A folder of pictures as a training set: decoded once, memory-mapped ever after."""

import hashlib
import json
import time
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from side_core.data.image_file import NAME, ImageFile, map_images
from side_core.data.listing import File, list_pictures
from side_core.data.metadata import CAPTION_COLUMNS, METADATA, read_metadata
from side_core.data.picture import BadPictureError, Picture, read_picture
from side_core.data.training_set import Reading, Skipped, TrainingSet
from side_core.files.cache import cache_folder, check_space, discard, filling, used
from side_core.files.paths import printable
from side_core.files.public import check_pictures
from side_core.wording import are, counted

_READER = 2  # raise it when the same files are read differently, so that old decoded folders are not found
ABOUT = "about.json"
SECONDS = 0.2  # between two reports of progress
_THREADS = 4
LARGE = 10_000  # bytes a file above which threads help; below, they only wait for each other (measured, two cores)
_CHUNK = 32  # files that are handed to the threads at once
_NAMED = 3  # skipped files, and sizes, that a note names


@dataclass
class Decoded:
    """What reading a folder found out, as it is kept beside the pixels.

    Attributes:
        files: relative paths of the pictures that were read.
        skipped: name and reason of those that were not.
        scaled: how many were scaled and cropped, by the size they had, such as `640 x 480`.
        animated: how many moved.
    """

    files: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    scaled: dict[str, int] = field(default_factory=dict)
    animated: int = 0


def read_folder(folder: Path, size: tuple[int, int] | None = None) -> Generator[Reading, None, TrainingSet]:
    """Read all pictures below a folder, in the order of their paths, handing out the progress.

    The first part of a path is the label where there are sub-folders; `metadata.csv` (columns `file_name`, `text` or
    `caption`, others become attributes) gives captions. The pixels are kept in the cache and memory-mapped, so the
    second time takes seconds. What cannot be read is skipped, counted and named.

    Args:
        folder: where the pictures are.
        size: height and width; left out: those of the first picture that can be read. Others are scaled and cropped.

    Raises:
        ValueError: there is no picture, none can be read, metadata.csv is no table of them, or there are more or larger
            ones than a public app compares.
    """
    listing, shown = list_pictures(folder), printable(folder)
    if not listing.files:
        why = f" (left out: {_named(listing.skipped)})" if listing.skipped else ""
        raise ValueError(f"'{shown}' has no pictures{why}: give a folder with png, jpg or webp files.")
    details = read_metadata(folder)
    size = size or _first_size(folder, listing.files)
    check_pictures(shown, len(listing.files), size)
    place = cache_folder() / "pictures" / listing.digest(folder, f"{_READER} {size}")
    if (known := _kept(place, size)) is None:
        discard(place)
        count = len(listing.files)
        wanted, what = count * size[0] * size[1] * 3, f"The {counted(count, 'picture')} of '{shown}'"
        check_space(wanted, what)
        with filling(place, wanted, what) as unfinished:
            yield from decode(folder, listing.files, size, unfinished)
        known = _kept(place, size)
    if known is None:
        raise ValueError(f"The cache '{place}' cannot be read: delete it and try again.")
    used(place)
    found, images = known
    skipped = (*(Skipped(name, why) for name, why in found.skipped), *listing.skipped)
    if not found.files:
        raise ValueError(
            f"Nothing of {counted(len(listing.files), 'picture')} in '{shown}' can be read ({_named(skipped)}): "
            "give png, jpg or webp files."
        )
    return _training_set(folder, found, images, details, skipped)


def _first_size(folder: Path, files: list[File]) -> tuple[int, int]:
    """Height and width of the first picture that can be read; (1, 1) where none can: reading them will say why."""
    for file in files:
        try:
            height, width = read_picture(folder / file.path).pixels.shape[:2]
            return height, width
        except BadPictureError:
            continue
    return 1, 1


def decode(folder: Path, files: list[File], size: tuple[int, int], out: Path) -> Iterator[Reading]:
    """Read the files into `out`: the pixels of what can be read, and what was found out."""
    found = Decoded()
    shown = time.monotonic()
    with ImageFile(out / NAME, size) as images:
        for done, (file, picture) in enumerate(zip(files, pictures(folder, files, size), strict=True), 1):
            if isinstance(picture, Picture):
                images.append(picture.pixels)
                found.files.append(file.path)
                if picture.resized:
                    height, width = picture.own_size
                    was = f"{width} x {height}"
                    found.scaled[was] = found.scaled.get(was, 0) + 1
                found.animated += picture.animated
            else:
                found.skipped.append((printable(file.path), picture))
            if time.monotonic() - shown > SECONDS or done == len(files):
                yield Reading(done, len(files))
                shown = time.monotonic()
    about = json.dumps(vars(found))
    (out / ABOUT).write_text(f"{_checksum(about)}\n{about}")


def pictures(folder: Path, files: list[File], size: tuple[int, int]) -> Iterator[Picture | str]:
    """Each file's picture, or why there is none."""
    read = partial(picture_or_reason, folder, size)
    if sum(file.size for file in files) < LARGE * len(files):
        yield from map(read, files)
        return
    with ThreadPoolExecutor(_THREADS) as threads:
        for start in range(0, len(files), _CHUNK):
            yield from threads.map(read, files[start : start + _CHUNK])


def picture_or_reason(folder: Path, size: tuple[int, int], file: File) -> Picture | str:
    """A picture, or why it cannot be read."""
    try:
        return read_picture(folder / file.path, size)
    except BadPictureError as error:
        return str(error)


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _kept(place: Path, size: tuple[int, int]) -> tuple[Decoded, np.ndarray] | None:
    """What was decoded before, or None where there is nothing or it is damaged."""
    try:
        check, about = (place / ABOUT).read_text().split("\n", 1)
    except (OSError, ValueError):
        return None
    if check != _checksum(about):
        return None
    found = Decoded(**json.loads(about))
    images = map_images(place / NAME, len(found.files), size)
    return None if images is None else (found, images)


def _training_set(
    folder: Path,
    found: Decoded,
    images: np.ndarray,
    details: Mapping[str, Mapping[str, str]],
    skipped: tuple[Skipped, ...],
) -> TrainingSet:
    """The decoded pictures with labels, captions, attributes, and what there is to say about them."""
    labels = [file.split("/")[0] if "/" in file else "" for file in found.files]
    rows = [details.get(file, {}) for file in found.files]
    columns = {column for row in rows for column in row}
    caption = next((column for column in CAPTION_COLUMNS if column in columns), None)

    def column(name: str) -> np.ndarray:
        return np.array([row.get(name, "") for row in rows], dtype=object)  # one long text does not widen all

    return TrainingSet(
        name=str(folder),
        images=images,
        ids=np.array([printable(file) for file in found.files]),
        labels=np.array([printable(label) for label in labels]) if any(labels) else None,
        captions=column(caption) if caption else None,
        attributes={name: column(name) for name in sorted(columns - {caption})},
        skipped=skipped,
        notes=tuple(_notes_of(folder, found, images, details, skipped)),
        own_size=own_size(found),
    )


def own_size(found: Decoded) -> tuple[int, int] | None:
    """Height and width that most of the pictures had, where most were scaled; else None."""
    if 2 * sum(found.scaled.values()) <= len(found.files):
        return None
    width, height = max(found.scaled, key=lambda size: found.scaled[size]).split(" x ")
    return int(height), int(width)


def _notes_of(
    folder: Path, found: Decoded, images: np.ndarray, details: Mapping[str, object], skipped: tuple[Skipped, ...]
) -> Iterator[str]:
    """One sentence for each thing a reader should know. They name the whole folder, as slices keep them."""
    count, shown = len(found.files), printable(folder)
    if skipped:
        total = f"{counted(count + len(skipped), 'picture')} in '{shown}'"
        yield f"{len(skipped):,} of {total} could not be read and are left out: {_named(skipped)}."
    if found.scaled:
        height, width = images.shape[1:3]
        yield (
            f"{sum(found.scaled.values()):,} of {counted(count, 'picture')} in '{shown}' were scaled from "
            f"{_sizes_in_words(found.scaled)} and cropped to their centre, {width} x {height} pixels."
        )
    if found.animated:
        moving = f"{found.animated:,} of {counted(count, 'picture')} in '{shown}' {are(found.animated)} moving"
        yield f"{moving}: the first frame was taken."
    if not details:
        return
    files = set(found.files)
    if lost := len(details.keys() - files):
        yield f"{counted(lost, 'row')} of '{shown}/{METADATA}' {are(lost)} without a picture that could be read."
    if bare := len(files - details.keys()):
        yield f"{bare:,} of {counted(count, 'picture')} in '{shown}' {are(bare)} without a row in {METADATA}."


def _sizes_in_words(scaled: Mapping[str, int]) -> str:
    """The sizes that most pictures had, and how many others there are."""
    often = sorted(scaled, key=lambda size: -scaled[size])
    some = [f"{size} ({scaled[size]:,})" if len(often) > 1 else size for size in often[:_NAMED]]
    more = len(often) - _NAMED
    return ", ".join(some) + (f" and {more:,} other size{'s' * (more > 1)}" if more > 0 else "")


def _named(skipped: tuple[Skipped, ...] | list[Skipped]) -> str:
    """The first few that were left out, with the reason, and how many more."""
    some = ", ".join(f"'{item.name}' ({item.reason})" for item in skipped[:_NAMED])
    return some + (f" and {len(skipped) - _NAMED:,} more" if len(skipped) > _NAMED else "")
