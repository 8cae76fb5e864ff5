"""Images of one size in a .npy file: written one after another, memory-mapped ever after."""

from pathlib import Path
from typing import BinaryIO

import numpy as np

NAME = "images.npy"  # in an entry of the cache


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
