"""Images of one size in a .npy file: written one after another, memory-mapped ever after."""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

NAME = "images.npy"  # in an entry of the cache
CHUNK, CHUNK_BYTES = 4096, 2**26  # images that are read at once, at most


class ImageFile:
    """A .npy file that takes (H, W, 3) uint8 images one after another; how many there will be need not be known.

    It is written as files are, not through a memory map: a full disk raises OSError there and kills the process here.
    """

    def __init__(self, file: Path, size: tuple[int, int]):
        self.size = size
        self.count = 0
        self.out: BinaryIO = file.open("wb")
        self.write_header()

    def write_header(self) -> None:
        """The header; NumPy leaves room in it for a larger count."""
        self.out.seek(0)
        header = {"descr": "|u1", "fortran_order": False, "shape": (self.count, *self.size, 3)}
        np.lib.format.write_array_header_1_0(self.out, header)

    def append(self, image: np.ndarray) -> None:
        """One more image."""
        self.out.write(np.ascontiguousarray(image).data)
        self.count += 1

    def __enter__(self) -> "ImageFile":
        return self

    def __exit__(self, *error: object) -> None:
        with self.out:
            self.write_header()


def map_images(file: Path, count: int, size: tuple[int, int]) -> np.ndarray | None:
    """(count, H, W, 3) uint8 memory-mapped; None where there is no such file or it is damaged."""
    try:
        images = np.load(file, mmap_mode="r", allow_pickle=False)
    except Exception:  # damaged headers raise anything
        return None
    fits = isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.shape == (count, *size, 3)
    return images if fits else None


def in_chunks(images: np.ndarray) -> Iterator[np.ndarray]:
    """(n, H, W, 3) images, in memory or memory-mapped, a few at a time; what was read is let go."""
    size = max(1, min(CHUNK, CHUNK_BYTES // max(1, images[:1].nbytes)))
    for start in range(0, len(images), size):
        yield images[start : start + size]
        release(images)


def release(images: np.ndarray) -> None:
    """Count what was read of a memory-mapped file, or of a part of it, no longer as memory of this process.

    It stays in the system's cache for as long as there is room. Images in memory are left alone, and so are files that
    are mapped to be written to.
    """
    base: object = images
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    mapping = getattr(base, "_mmap", None)
    if mapping is not None and getattr(base, "mode", None) == "r" and hasattr(mmap, "MADV_DONTNEED"):
        mapping.madvise(mmap.MADV_DONTNEED)
