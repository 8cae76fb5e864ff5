"""The pictures by which people know a surrogate's clusters, as one image."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from side_core.data.picture import BadPictureError, read_picture
from side_core.files.images import thumbnail
from side_core.files.paths import check_allowed

_ACROSS = 16  # clusters in a line of the sheet
PICTURES = 3  # of each cluster that are shown
_LARGEST_SIDE = 48  # pixels of such a picture: a sheet of 5,000 clusters can still be read


def sheet_of(pictures: np.ndarray) -> np.ndarray:
    """(k, p, h, w, 3) pictures as one image, the pictures of ACROSS clusters in each line; the rest is white."""
    k, p, h, w, _ = pictures.shape
    lines = -(-k // _ACROSS)
    padded = np.full((lines * _ACROSS, p, h, w, 3), 255, np.uint8)
    padded[:k] = pictures
    cells = padded.reshape(lines, _ACROSS * p, h, w, 3).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(cells.reshape(lines * h, _ACROSS * p * w, 3))


def pictures_of(sheet: Path, count: int) -> np.ndarray:
    """The pictures of a sheet of `count` clusters, (count, PICTURES, h, w, 3); ValueError if it is damaged."""
    try:
        pixels = read_picture(check_allowed(sheet, str(sheet))).pixels
    except BadPictureError as error:
        raise ValueError(f"'{sheet}' cannot be read ({error}): train the surrogate again.") from None
    (height, width, _), lines, cells = pixels.shape, -(-count // _ACROSS), _ACROSS * PICTURES
    if height % lines or width % cells:
        raise ValueError(f"'{sheet}' has no place for each of {count} clusters: train the surrogate again.")
    h, w = height // lines, width // cells
    parts = pixels.reshape(lines, h, cells, w, 3).transpose(0, 2, 1, 3, 4)
    return parts.reshape(lines * _ACROSS, PICTURES, h, w, 3)[:count]


def cluster_pictures(images: np.ndarray, members: Iterator[np.ndarray]) -> np.ndarray:
    """(k, PICTURES, h, w, 3) the first images of each cluster, small; white where it has fewer.

    Args:
        images: (n, H, W, 3) uint8.
        members: for each cluster positions of its images, the best first.
    """
    sample = thumbnail(images[0], _LARGEST_SIDE)
    rows = []
    for positions in members:
        row = np.full((PICTURES, *sample.shape), 255, np.uint8)
        for place, position in enumerate(positions[:PICTURES]):
            row[place] = thumbnail(images[position], _LARGEST_SIDE)
        rows.append(row)
    return np.stack(rows)
