"""Finished pictures, kept for everybody, in memory and in the workspace: equal settings and seed are drawn once."""

from collections.abc import Mapping
from contextlib import suppress

from pages._parts.runtime.workspace import picture_folder
from side_core.files.assets import STRIPS
from side_core.sampling.picture import Picture
from side_core.sampling.picture_files import PngStore
from side_core.sampling.store import Layered, MemoryStore
from side_core.sampling.strips import StripStore

FILES = PngStore(picture_folder)  # raises where they cannot be written


class _Lenient(PngStore):
    """The same files; what cannot be written is kept in memory alone, which is said when the run is kept."""

    def put(self, key: str, pictures: Mapping[int, Picture]) -> None:
        """Write those that are not there yet, as far as that goes."""
        with suppress(ValueError):
            super().put(key, pictures)


MEMORY = MemoryStore()
SHIPPED = StripStore(STRIPS.values())
PICTURES = Layered(MEMORY, SHIPPED, _Lenient(picture_folder))
