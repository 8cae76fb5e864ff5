"""The vectors of a set of images, of which a few rows at a time are in memory."""

import math
from typing import Protocol, runtime_checkable

import numpy as np

from side_core.similarity.encoder import colours


@runtime_checkable
class Vectors(Protocol):
    """(n, d) float32 numbers, read by rows; a plain array is one too.

    Attributes:
        shape: n and d.
    """

    @property
    def shape(self) -> tuple[int, int]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """(k, d) float32 of the rows `first:stop`, or of those whose numbers are given."""
        ...


class PixelVectors:
    """The colours of images, 0..1, computed when they are asked for.

    Args:
        images: (n, H, W, 3) uint8, in memory or memory-mapped.
    """

    def __init__(self, images: np.ndarray):
        self.images = images

    @property
    def shape(self) -> tuple[int, int]:
        """n and H * W * 3."""
        return len(self.images), math.prod(self.images.shape[1:])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """(k, H*W*3) float32 in 0..1."""
        return colours(self.images[rows])


class MappedVectors:
    """Vectors in a memory-mapped file, of which a few rows at a time are copied into memory.

    Args:
        rows: (n, d) float32.
    """

    def __init__(self, rows: np.ndarray):
        self.rows = rows

    @property
    def shape(self) -> tuple[int, int]:
        """n and d."""
        return len(self.rows), self.rows.shape[1]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """(k, d) float32, a copy: PyTorch warns of read-only arrays."""
        return np.array(self.rows[rows])
