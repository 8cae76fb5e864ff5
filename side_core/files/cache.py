"""Where things that can be made again are kept: decoded picture folders, embeddings."""

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SPARE_BYTES = 2**30  # left free on the disk
_LIMIT_GB = 20.0  # kept in all, unless SIDE_CACHE_GB says otherwise
MARK = ".last-used"  # a file in each entry: its time says when it was used, and nothing without it is deleted
_UNITS = (1e9, "GB"), (1e6, "MB"), (1e3, "kB")
STALLED = 600  # seconds without a byte after which a half-filled entry claims no more room than it takes
ABANDONED = 24 * 3600  # seconds after which a half-filled entry is taken for the rest of a process that died


def cache_folder() -> Path:
    """`SIDE_CACHE`, or `side-explorer` in the user's cache folder. It may be deleted whenever nothing runs."""
    own = os.environ.get("SIDE_CACHE")
    return _expanded(own) if own else _expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "side-explorer"


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError(f"The cache folder '{path}' is in no home folder: set SIDE_CACHE to a folder.") from None


def _cache_limit() -> float:
    """How many bytes the cache may keep.

    Raises:
        ValueError: SIDE_CACHE_GB is no number of 0 or more.
    """
    wanted = os.environ.get("SIDE_CACHE_GB") or str(_LIMIT_GB)
    try:
        limit = float(wanted)
    except ValueError:
        limit = -1
    if not limit >= 0:
        raise ValueError(f"SIDE_CACHE_GB is '{wanted}': set it to a number of gigabytes, 0 or more.")
    return limit * 1e9


def check_space(wanted: int, what: str) -> None:
    """Raise ValueError where `wanted` bytes for `what` do not fit on the cache's disk."""
    place = cache_folder()
    try:
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
    except OSError as error:
        raise _unusable(cache_folder(), error) from None
    if wanted + SPARE_BYTES > free:
        raise ValueError(
            f"{what} would take {_in_words(wanted)} in '{cache_folder()}', where {_in_words(free)} are free: "
            "free some space, or set SIDE_CACHE to a folder on a larger disk."
        )


def _check_share(wanted: int, what: str) -> None:
    """Raise ValueError where an entry of `wanted` bytes is more than the whole cache may keep."""
    limit = _cache_limit()
    if wanted > limit:
        raise ValueError(
            f"{what} would take {_in_words(wanted)}, and the cache keeps {_in_words(limit)} at most: "
            "take fewer or smaller pictures, or set SIDE_CACHE_GB to more."
        )


def _in_words(size: float) -> str:
    """A number of bytes."""
    unit, name = next((unit for unit in _UNITS if size >= unit[0]), _UNITS[-1])
    return f"{size / unit:.1f} {name}"


def _unusable(folder: Path, error: OSError) -> ValueError:
    """What to say where the disk refuses."""
    return ValueError(
        f"The cache '{folder}' cannot be written ({error.strerror or error}): "
        "free some space, or set SIDE_CACHE to another folder."
    )


@contextmanager
def filling(folder: Path, wanted: int = 0, what: str = "It") -> Iterator[Path]:
    """A folder to fill, renamed to `folder` at the end: whoever finds it finds it whole.

    Room is made first: entries that were used longest ago go. Where another process was quicker, its folder stays and
    ours goes.

    Args:
        folder: what it will be.
        wanted: bytes it will take, as far as that is known before.
        what: is kept in it, for the sentence that says that it is too large.

    Raises:
        ValueError: it cannot be written, or is larger than all that the cache may keep.
    """
    _check_share(wanted, what)
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    try:
        partial.mkdir(parents=True)
        (partial / MARK).write_text(str(wanted))
        _make_room(partial, wanted, what)
        yield partial
        _make_room(partial, _size_of(partial), what)
        (partial / MARK).write_text("")
        try:
            partial.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
        used(folder)
    except OSError as error:
        raise _unusable(folder.parent, error) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def growing(folder: Path, wanted: int, what: str) -> None:
    """Begin or go on with an entry that is filled bit by bit, each file written whole, up to `wanted` bytes.

    Raises:
        ValueError: it cannot be written, or is larger than all that the cache may keep.
    """
    _check_share(wanted, what)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).touch()
        _make_room(folder, wanted, what)
    except OSError as error:
        raise _unusable(folder.parent, error) from None


def used(folder: Path) -> None:
    """Note that an entry was used just now, so that others are pruned before it."""
    with suppress(OSError):  # a cache that may only be read is as good
        (folder / MARK).touch()


def discard(folder: Path) -> None:
    """Delete a damaged entry, so that it can be filled again."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.unlink(missing_ok=True)  # it was no folder


def _make_room(keep: Path, wanted: int, what: str) -> None:
    """Delete entries, those used longest ago first, until there is room for the `wanted` bytes of `keep`.

    What a process has mapped into its memory stays readable there.

    Raises:
        ValueError: it may not, as it is too large or others are being filled.
    """
    _check_share(wanted, what)
    whole, taken, now = [], wanted, time.time()
    for mark in cache_folder().glob(f"*/*/{MARK}"):
        folder = mark.parent
        try:
            last, size = mark.stat().st_mtime, _size_of(folder)
            claimed = _claim(folder) if folder.name.startswith(".") else 0
        except (OSError, ValueError):
            continue  # another process is deleting it too
        if folder == keep:
            continue
        if not folder.name.startswith("."):
            whole.append((last, folder, size))
        elif now - last > ABANDONED:
            discard(folder)
            continue
        taken += max(size, claimed)
    limit = _cache_limit()
    for _, folder, size in sorted(whole):
        if taken > limit:
            discard(folder)
            taken -= size
    if taken > limit:
        raise ValueError(
            f"{what} would take {_in_words(wanted)}, and others are filling the cache: try again in a while."
        )


def _claim(partial: Path) -> int:
    """Bytes that an entry will take that is being filled; 0 where nobody seems to be at it any more."""
    last = max(file.stat().st_mtime for file in partial.iterdir())
    return int((partial / MARK).read_text() or 0) if time.time() - last < STALLED else 0


def _size_of(folder: Path) -> int:
    """Bytes of an entry's files, without its mark."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.name != MARK)
