"""Where a sweep keeps finished pictures and cells: here in memory; in a folder, see `sweep_folder`."""

import threading
from collections import OrderedDict
from typing import Protocol

from side_core.sweep.cell import Cell
from side_core.sweep.plan import Place
from side_core.sweep.sample_set import Pictures

LARGEST_BYTES = 256 * 2**20  # of pictures in memory


class SampleStore(Protocol):
    """Finished work, by the names that stand for what it depends on."""

    def pictures(self, name: str) -> Pictures | None:
        """The pictures of a sample set, if they are there."""
        ...

    def keep_pictures(self, name: str, pictures: Pictures) -> None:
        """Keep the pictures of a sample set."""
        ...

    def cell(self, place: Place) -> Cell | None:
        """A measured cell, if it is there."""
        ...

    def keep_cell(self, place: Place, cell: Cell) -> None:
        """Keep a measured cell."""
        ...


class MemoryStore:
    """Of pictures, those unused longest go first. Safe to use from several sessions at once."""

    def __init__(self, largest: int = LARGEST_BYTES, most_cells: int = 5000):
        self.largest, self.most_cells = largest, most_cells
        self.sets: OrderedDict[str, Pictures] = OrderedDict()
        self.cells: OrderedDict[str, Cell] = OrderedDict()
        self.lock = threading.Lock()

    def pictures(self, name: str) -> Pictures | None:
        """The pictures of a sample set, if they are still there."""
        with self.lock:
            if name in self.sets:
                self.sets.move_to_end(name)
            return self.sets.get(name)

    def keep_pictures(self, name: str, pictures: Pictures) -> None:
        """Keep the pictures of a sample set."""
        with self.lock:
            self.sets[name] = pictures
            while len(self.sets) > 1 and sum(samples.images.nbytes for samples in self.sets.values()) > self.largest:
                self.sets.popitem(last=False)

    def cell(self, place: Place) -> Cell | None:
        """A measured cell, if it is still there."""
        with self.lock:
            return self.cells.get(place.name)

    def keep_cell(self, place: Place, cell: Cell) -> None:
        """Keep a measured cell."""
        with self.lock:
            self.cells[place.name] = cell
            while len(self.cells) > self.most_cells:
                self.cells.popitem(last=False)
