"""Drawn pictures by the batch, where nobody looks at single files: `KEY/FIRST-LAST-COUNT.npz`, without their paths."""

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from side_core.files.whole_file import make_folder, write_whole
from side_core.sampling.drawing import Damage
from side_core.sampling.picture import Picture, alone

_ODD = (OSError, ValueError, EOFError, KeyError, BadZipFile)  # of damaged files


class ArrayStore:
    """A folder of batches, each there whole or not at all; what guidance has lost is noted, too.

    Args:
        folder: made when the first batch is written.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.known: dict[tuple[Path, int], frozenset[int]] = {}  # seeds by file and when it was written

    def seeds(self, key: str) -> Collection[int]:
        """The seeds whose pictures are there."""
        return set().union(*(seeds for _, seeds in self._files(key)))

    def found(self, key: str, seeds: Sequence[int]) -> dict[int, Picture]:
        """Those of these seeds that are there; damaged files are as good as none."""
        wanted, found = set(seeds), dict[int, Picture]()
        for file, held in self._files(key):
            if not held.isdisjoint(wanted):
                found |= {seed: picture for seed, picture in _read(file).items() if seed in wanted}
        return found

    def put(self, key: str, pictures: Mapping[int, Picture]) -> None:
        """Write pictures as one batch.

        Raises:
            ValueError: they cannot be written.
        """
        if not pictures:
            return
        make_folder(self.folder / key)
        seeds, content = sorted(pictures), io.BytesIO()
        damage = [(d.seed, d.step, d.lost) for seed in seeds if (d := pictures[seed].damage) is not None]
        np.savez_compressed(
            content,
            seeds=np.array(seeds, np.int64),
            images=np.stack([pictures[seed].image for seed in seeds]),
            damage=np.array(damage, np.int64).reshape(-1, 3),
        )
        write_whole(self.folder / key / f"{seeds[0]}-{seeds[-1]}-{len(seeds)}.npz", content.getvalue())

    def _files(self, key: str) -> Iterator[tuple[Path, frozenset[int]]]:
        """The batches of a key that can be read, with their seeds."""
        for file in sorted((self.folder / key).glob("*.npz")):
            try:
                own = file, file.stat().st_mtime_ns
                if own not in self.known:
                    with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as opened:
                        self.known[own] = frozenset(opened["seeds"].tolist())
            except _ODD:
                continue
            yield file, self.known[own]


def _read(file: Path) -> dict[int, Picture]:
    """The pictures of a batch by their seeds; none where it is damaged."""
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as opened:
            seeds, images = opened["seeds"].tolist(), opened["images"]
            damage = {seed: Damage(seed, step, bool(lost)) for seed, step, lost in opened["damage"].tolist()}
        return {seed: alone(image, damage.get(seed)) for seed, image in zip(seeds, images, strict=True)}
    except _ODD:
        return {}
