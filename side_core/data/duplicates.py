"""Which images of a set are equal, pixel for pixel."""

import hashlib

import numpy as np

from side_core.data.image_file import in_chunks

_DIGEST = "V16"  # sixteen bytes


def row_digests(images: np.ndarray) -> np.ndarray:
    """A digest of each image's size and pixels; equal images have equal ones.

    Args:
        images: (n, H, W, 3) uint8, in memory or memory-mapped; read in chunks.

    Returns:
        (n,) of 16 bytes each: the first half of a SHA-256.
    """
    start = hashlib.sha256(f"{images.shape[1:]} {images.dtype} ".encode())
    digests = bytearray()
    for chunk in in_chunks(images):
        for row in np.ascontiguousarray(chunk):
            digest = start.copy()
            digest.update(row)
            digests += digest.digest()[:16]
    return np.frombuffer(bytes(digests), _DIGEST)


def first_of_each(digests: np.ndarray) -> np.ndarray:
    """Row numbers, ascending, of the first of each group of equal images."""
    return np.sort(np.unique(digests, return_index=True)[1])


def copies(digests: np.ndarray) -> np.ndarray:
    """(n,) how many rows are equal to this one, itself among them: 1 says that it is unique."""
    _, group, counts = np.unique(digests, return_inverse=True, return_counts=True)
    return counts[group]


def overlap(digests: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n,) bool: which images of the first set are also in the second."""
    return np.isin(digests, others)
