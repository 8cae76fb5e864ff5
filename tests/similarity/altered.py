"""Pictures like photographs, and copies of them that were altered in known ways."""

import io

import numpy as np
from PIL import Image

from side_core.data.training_set import TrainingSet

SIDE = 32


def photographs(count: int, seed: int, side: int = SIDE) -> np.ndarray:
    """(n, side, side, 3) uint8: large shapes, smaller ones on them, a little texture; no two alike."""
    random = np.random.default_rng(seed)
    total = np.zeros((count, side, side, 3), np.float32)
    for grid, strength in ((3, 70), (7, 35), (15, 15)):
        coarse = random.normal(0, strength, (count, grid, grid, 3)).clip(-127, 127)
        for image, part in zip(total, (coarse + 128).astype(np.uint8), strict=True):
            image += np.asarray(Image.fromarray(part).resize((side, side), Image.Resampling.BICUBIC), np.float32) - 128
    return (total + 128).clip(0, 255).astype(np.uint8)


def set_of(images: np.ndarray, name: str = "photographs") -> TrainingSet:
    return TrainingSet(name, images, np.arange(len(images)).astype(str))


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Stored as JPEG and read again."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def brighter(image: np.ndarray) -> np.ndarray:
    """By 8 %."""
    return (image.astype(float) * 1.08).clip(0, 255).round().astype(np.uint8)


def shifted(image: np.ndarray, right: int, down: int) -> np.ndarray:
    """Moved, its edge repeated."""
    most = max(abs(right), abs(down))
    padded = np.pad(image, ((most, most), (most, most), (0, 0)), mode="edge")
    top, left = most - down, most - right
    return padded[top : top + len(image), left : left + image.shape[1]]


def cropped(image: np.ndarray, left: int, top: int, side: int) -> np.ndarray:
    """A part of it, enlarged to its size."""
    part = Image.fromarray(np.ascontiguousarray(image[top : top + side, left : left + side]))
    return np.asarray(part.resize(image.shape[1::-1], Image.Resampling.BICUBIC))
