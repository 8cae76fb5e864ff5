"""Where things that can be made again are kept: decoded picture folders, embeddings."""

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SPARE_BYTES = 2**30  # left free on the disk
LIMIT_GB = 20.0  # kept in all, unless SIDE_CACHE_GB says otherwise
MARK = ".last-used"  # an empty file in each entry: its time says when it was used, and nothing without it is deleted
ABANDONED = 24 * 3600  # seconds after which a half-filled entry is taken for the rest of a process that died


def cache_folder() -> Path:
    """`SIDE_CACHE`, or `side-explorer` in the user's cache folder. It may be deleted whenever nothing runs."""
    own = os.environ.get("SIDE_CACHE")
    return expanded(own) if own else expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "side-explorer"


def expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError(f"The cache folder '{path}' is in no home folder: set SIDE_CACHE to a folder.") from None


def cache_limit() -> float:
    """How many bytes the cache may keep.

    Raises:
        ValueError: SIDE_CACHE_GB is no number of 0 or more.
    """
    wanted = os.environ.get("SIDE_CACHE_GB") or str(LIMIT_GB)
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
        raise unusable(cache_folder(), error) from None
    if wanted + SPARE_BYTES > free:
        raise ValueError(
            f"{what} would take {wanted / 1e9:.1f} GB in '{cache_folder()}', where {free / 1e9:.1f} GB are free: "
            "free some space, or set SIDE_CACHE to a folder on a larger disk."
        )


def unusable(folder: Path, error: OSError) -> ValueError:
    """What to say where the disk refuses."""
    return ValueError(
        f"The cache '{folder}' cannot be written ({error.strerror or error}): "
        "free some space, or set SIDE_CACHE to another folder."
    )


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """A folder to fill, renamed to `folder` at the end: whoever finds it finds it whole.

    Where another process was quicker, its folder stays and ours goes. Then the cache is pruned.

    Raises:
        ValueError: it cannot be written.
    """
    limit = cache_limit()
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    try:
        partial.mkdir(parents=True)
        (partial / MARK).touch()
        yield partial
        try:
            partial.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
        used(folder)
        prune(folder, limit)
    except OSError as error:
        raise unusable(folder.parent, error) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def growing(folder: Path) -> None:
    """Begin or go on with an entry that is filled bit by bit, each file written whole. Then the cache is pruned.

    Raises:
        ValueError: it cannot be written.
    """
    limit = cache_limit()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).touch()
    except OSError as error:
        raise unusable(folder.parent, error) from None
    prune(folder, limit)


def used(folder: Path) -> None:
    """Note that an entry was used just now, so that others are pruned before it."""
    with suppress(OSError):  # a cache that may only be read is as good
        (folder / MARK).touch()


def discard(folder: Path) -> None:
    """Delete a damaged entry, so that it can be filled again."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.unlink(missing_ok=True)  # it was no folder


def prune(keep: Path, limit: float) -> None:
    """Delete entries, those used longest ago first, until no more than `limit` bytes are kept; never `keep`.

    What a process has mapped into its memory stays readable there.
    """
    entries = []
    for mark in cache_folder().glob(f"*/*/{MARK}"):
        folder = mark.parent
        try:
            last, size = mark.stat().st_mtime, sum(file.stat().st_size for file in folder.iterdir())
        except OSError:
            continue  # another process is pruning too
        if not folder.name.startswith("."):
            entries.append((last, folder, size))
        elif time.time() - last > ABANDONED:
            discard(folder)
    total = sum(size for *_, size in entries)
    for _, folder, size in sorted(entries):
        if total > limit and folder != keep:
            discard(folder)
            total -= size
