"""Pictures for people: small images enlarged without blur, pairs side by side, grids of pairs."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SIDE = 128  # pixels; smaller images are enlarged to about this
_GAP = 8  # pixels between the two of a pair
PAPER = 255


def enlarge(image: np.ndarray, side: int = SIDE) -> np.ndarray:
    """(H, W, 3) uint8 repeated by a whole factor until it is about `side` pixels high; larger ones are left alone."""
    factor = max(1, round(side / image.shape[0]))
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def thumbnail(image: np.ndarray, side: int) -> np.ndarray:
    """(H, W, 3) uint8 scaled down until neither side has more than `side` pixels; smaller ones are left alone."""
    if max(image.shape[:2]) <= side:
        return image
    small = Image.fromarray(np.ascontiguousarray(image))
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(small)


def in_a_row(images: list[np.ndarray], side: int = SIDE, gap: int = _GAP) -> np.ndarray:
    """Images of one size, enlarged, side by side: (H, W, 4) uint8 with clear gaps, fit for light and dark pages."""
    cells = []
    for image in images:
        large = enlarge(image, side)
        opaque = np.dstack([large, np.full(large.shape[:2], 255, np.uint8)])
        cells += [opaque, np.zeros((large.shape[0], gap, 4), np.uint8)]
    return np.concatenate(cells[:-1], axis=1)


def grid_of_rows(rows: Sequence[Sequence[np.ndarray]], columns: int = 4, side: int = 64) -> np.ndarray:
    """Groups of images that belong together, as (generated, nearest), `columns` of them a line: (H, W, 3) uint8."""
    cells = [in_a_row(list(row), side, gap=2) for row in rows]
    height, width = cells[0].shape[:2]
    margin = 12
    lines = -(-len(cells) // columns)
    paper = np.full((lines * (height + margin) + margin, columns * (width + margin) + margin, 3), PAPER, np.uint8)
    for number, cell in enumerate(cells):
        top = margin + number // columns * (height + margin)
        left = margin + number % columns * (width + margin)
        seen = cell[..., 3:] > 0
        here = paper[top : top + height, left : left + width]
        here[:] = np.where(seen, cell[..., :3], here)
    return paper


def webp(image: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as a small WebP file with losses: for illustrations, never for what is scored."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="WEBP", quality=50, method=6)
    return buffer.getvalue()


def png(image: np.ndarray, texts: Mapping[str, str] | None = None) -> bytes:
    """(H, W, 3 or 4) uint8 as a PNG file; texts go into chunks of its own, by keyword."""
    buffer, chunks = io.BytesIO(), PngInfo()
    for keyword, text in (texts or {}).items():
        chunks.add_itxt(keyword, text)
    Image.fromarray(image).save(buffer, format="PNG", pnginfo=chunks)
    return buffer.getvalue()
