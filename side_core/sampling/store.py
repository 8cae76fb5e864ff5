"""Where finished pictures are kept: the contract, memory, and several places one behind the other."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from side_core.files.parts import MemoryParts, PartStore
from side_core.sampling.picture import Picture

_LARGEST_BYTES = 256 * 2**20  # of pictures in memory


class SampleStore(Protocol):
    """Finished pictures, by what they depend on (`picture_key`) and their seed."""

    def seeds(self, key: str) -> Collection[int]:
        """The seeds whose pictures are there; none is read."""
        ...

    def found(self, key: str, seeds: Sequence[int]) -> dict[int, Picture]:
        """Those of these seeds that are there whole."""
        ...

    def put(self, key: str, pictures: Mapping[int, Picture]) -> None:
        """Keep pictures by their seeds.

        Raises:
            ValueError: they cannot be written.
        """
        ...


class MemoryStore:
    """Pictures in memory; those unused longest go first. Safe to use from several threads at once.

    Args:
        largest: bytes.
    """

    def __init__(self, largest: int = _LARGEST_BYTES):
        self.largest, self.held = largest, 0
        self.pictures: OrderedDict[tuple[str, int], Picture] = OrderedDict()
        self.by_key: dict[str, set[int]] = {}
        self.lock = threading.Lock()

    def seeds(self, key: str) -> Collection[int]:
        """The seeds whose pictures are there."""
        with self.lock:
            return set(self.by_key.get(key, ()))

    def found(self, key: str, seeds: Sequence[int]) -> dict[int, Picture]:
        """Those of these seeds that are there; also what guidance has lost, so that it is not drawn again."""
        with self.lock:
            there = self.by_key.get(key, set())
            known = {seed: self.pictures[key, seed] for seed in seeds if seed in there}
            for seed in known:
                self.pictures.move_to_end((key, seed))
            return known

    def put(self, key: str, pictures: Mapping[int, Picture]) -> None:
        """Keep pictures."""
        with self.lock:
            for seed, picture in pictures.items():
                old = self.pictures.pop((key, seed), None)
                self.held += picture.size - (old.size if old else 0)
                self.pictures[key, seed] = picture
                self.by_key.setdefault(key, set()).add(seed)
            while self.held > self.largest and len(self.pictures) > 1:
                (of, seed), gone = self.pictures.popitem(last=False)
                self.by_key[of].discard(seed)
                self.held -= gone.size

    def clear(self) -> None:
        """Forget all."""
        with self.lock:
            self.pictures.clear()
            self.by_key.clear()
            self.held = 0


class Layered:
    """Several stores: each picture is kept in all of them and found in the first that has it.

    Args:
        stores: the quickest first; what a later one finds, earlier ones keep.
    """

    def __init__(self, *stores: SampleStore):
        self.stores = stores

    def seeds(self, key: str) -> Collection[int]:
        """The seeds whose pictures are in one of them."""
        return set().union(*(store.seeds(key) for store in self.stores))

    def found(self, key: str, seeds: Sequence[int]) -> dict[int, Picture]:
        """Those of these seeds that are in one of them."""
        known: dict[int, Picture] = {}
        for place, store in enumerate(self.stores):
            missing = [seed for seed in seeds if seed not in known]
            if not missing:
                break
            more = store.found(key, missing)
            if more:
                for earlier in self.stores[:place]:
                    earlier.put(key, more)
            known |= more
        return known

    def put(self, key: str, pictures: Mapping[int, Picture]) -> None:
        """Keep pictures in all of them.

        Raises:
            ValueError: one of them cannot be written.
        """
        for store in self.stores:
            store.put(key, pictures)


@dataclass(frozen=True, eq=False)
class Store:
    """Where a method keeps what is finished.

    Attributes:
        pictures: drawn ones.
        parts: anything else that JSON can say.
    """

    pictures: SampleStore
    parts: PartStore


def in_memory() -> Store:
    """A store that ends with this process."""
    return Store(MemoryStore(), MemoryParts())
