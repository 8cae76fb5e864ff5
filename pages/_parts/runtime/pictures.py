"""Finished pictures, kept for everybody, in memory and in the workspace: equal settings and seed are drawn once."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from side_core.runs.picture_store import Picture, keep_picture, kept_pictures

LARGEST_BYTES = 256 * 2**20


class PictureStore:
    """Pictures by what they depend on and their seed; in memory the longest unused go first.

    Safe to use from several sessions at once.

    Args:
        largest: bytes in memory.
        folder: says where they are also kept as files; None where they are not.
    """

    def __init__(self, largest: int = LARGEST_BYTES, folder: Callable[[], Path | None] = lambda: None):
        self.largest, self.folder = largest, folder
        self.held = 0
        self.pictures: OrderedDict[tuple[str, int], Picture] = OrderedDict()
        self.lock = threading.Lock()

    def found(self, key: str, seeds: Sequence[int]) -> dict[int, Picture]:
        """The pictures of these seeds that are kept, in memory or as files."""
        known = {seed: picture for seed in seeds if (picture := self.get(key, seed)) is not None}
        folder, missing = self.folder(), [seed for seed in seeds if seed not in known]
        if folder is not None and missing:
            for seed, picture in kept_pictures(folder / key, missing).items():
                self.remember(key, seed, picture)
                known[seed] = picture
        return known

    def put(self, key: str, seed: int, picture: Picture) -> None:
        """Keep a picture, at once also as a file; one that cannot be written is kept in memory: see `write`."""
        self.remember(key, seed, picture)
        with suppress(ValueError):
            self.write(key, {seed: picture})

    def write(self, key: str, pictures: Mapping[int, Picture]) -> None:
        """Keep pictures as files; those that are there are not written again.

        Raises:
            ValueError: they cannot be written.
        """
        if (folder := self.folder()) is not None:
            for seed, picture in pictures.items():
                keep_picture(folder / key, seed, picture)

    def get(self, key: str, seed: int) -> Picture | None:
        """A picture, if it is still in memory."""
        with self.lock:
            picture = self.pictures.get((key, seed))
            if picture is not None:
                self.pictures.move_to_end((key, seed))
            return picture

    def remember(self, key: str, seed: int, picture: Picture) -> None:
        """Keep a picture in memory."""
        with self.lock:
            old = self.pictures.pop((key, seed), None)
            self.held += picture.size - (old.size if old else 0)
            self.pictures[key, seed] = picture
            while self.held > self.largest and len(self.pictures) > 1:
                _, gone = self.pictures.popitem(last=False)
                self.held -= gone.size
