"""The ways in which a picture is looked at: as it is, mirrored, shifted, with a crop undone.

A mirrored, shifted or cropped copy is far from its original, pixel by pixel. So a picture is compared in several views
and each training picture at the one in which it is nearest. Training and control pictures are seen through one and the
same window, which leaves a margin free, and the picture's own window moves: no view has an edge that is not its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

_MOST = 4  # pixels of a shift
_LEAST = 8  # pixels of a window's side
_LARGEST_ALIGNED = 128  # side of pictures above which so many views would take hours


@dataclass(frozen=True)
class View:
    """One way to look at a picture.

    Attributes:
        mirrored: left to right.
        shrunk: by how many pixels each side was brought in, which undoes a crop by as many that was enlarged again.
        down: by how many pixels the picture appears moved against the window, of what was shrunk, and
        right: the same to the right.
    """

    mirrored: bool = False
    shrunk: int = 0
    down: int = 0
    right: int = 0

    def __str__(self) -> str:
        """In words, for people; empty for the picture as it is."""
        parts = ["mirrored"] if self.mirrored else []
        if self.shrunk:
            parts.append(f"cropped by {self.shrunk}")
        if self.down or self.right:
            parts.append(f"shifted by {self.right}, {self.down}")
        return ", ".join(parts)


AS_IT_IS = View()


def views_of(mirror: bool, align: int) -> tuple[View, ...]:
    """All views: first the picture as it is, then those of one size after each other.

    Args:
        mirror: also mirrored.
        align: pixels; shifts of up to so many in both directions, and crops of up to so many from each side, wherever
            the crop was.
    """
    found = [
        View(mirrored, shrunk, down, right)
        for shrunk in range(align + 1)
        for mirrored in (False, True)[: 1 + mirror]
        for down in _reach(shrunk or align)
        for right in _reach(shrunk or align)
    ]
    return tuple(sorted(found, key=lambda view: (view.shrunk, view != AS_IT_IS)))


def _reach(pixels: int) -> range:
    """From so many pixels one way to as many the other way."""
    return range(-pixels, pixels + 1)


def check_align(align: int, size: tuple[int, int]) -> None:
    """Raise ValueError where pictures are too small or too large to be shifted by `align` pixels.

    Args:
        align: pixels.
        size: height and width.
    """
    if not align:
        return
    height, width = size
    if min(size) < 4 * align + _LEAST:
        raise ValueError(f"align is {align}, but of {width} x {height} pixels too few would be left: choose less.")
    if max(size) > _LARGEST_ALIGNED:
        raise ValueError(
            f"align is {align}, but for {width} x {height} pixels shifts would take hours: choose 0, or pictures of at "
            f"most {_LARGEST_ALIGNED} pixels."
        )


def align_of(views: tuple[View, ...]) -> int:
    """By how many pixels they are shifted at most."""
    return max(abs(view.down) for view in views)


def most_align(size: tuple[int, int] | None) -> int:
    """By how many pixels pictures of a height and width may be shifted; the most there is where it is not known."""
    if size is None:
        return _MOST
    return 0 if max(size) > _LARGEST_ALIGNED else max(0, min(_MOST, (min(size) - _LEAST) // 4))


def window(images: np.ndarray, align: int) -> np.ndarray:
    """What is seen of training and control images: all but a margin of 2 * align pixels. A view, no copy.

    Args:
        images: (n, H, W, 3) uint8.
        align: pixels.
    """
    margin = 2 * align
    return images[:, margin : images.shape[1] - margin, margin : images.shape[2] - margin]


def seen(images: np.ndarray, views: tuple[View, ...]) -> Iterator[np.ndarray]:
    """(n, h, w, 3) uint8 of the images through each view, all of the window's size.

    Args:
        images: (n, H, W, 3) uint8.
        views: from `views_of`.
    """
    size = window(images, align_of(views)).shape[1:3]
    shrunk, whole = 0, images
    for view in views:
        if view.shrunk != shrunk:
            shrunk, whole = view.shrunk, _smaller(images, view.shrunk)
        yield _look(whole, view, size)


def _look(whole: np.ndarray, view: View, size: tuple[int, ...]) -> np.ndarray:
    """(n, h, w, 3) uint8: what a window of a size shows of (n, H, W, 3) images that are shrunk as the view says."""
    height, width = size
    top = (whole.shape[1] - height) // 2 + view.down
    left = (whole.shape[2] - width) // 2 + view.right
    return (whole[:, :, ::-1] if view.mirrored else whole)[:, top : top + height, left : left + width]


def as_compared(
    image: np.ndarray, training: np.ndarray, view: View, views: tuple[View, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Two (h, w, 3) uint8: an image and a training image as they were compared in one of some views."""
    original = window(training[None], align_of(views))
    return _look(_smaller(image[None], view.shrunk), view, original.shape[1:3])[0], original[0]


def _smaller(images: np.ndarray, pixels: int) -> np.ndarray:
    """(n, H - 2p, W - 2p, 3) uint8 of the whole images, bicubic."""
    if not pixels:
        return images
    size = (images.shape[2] - 2 * pixels, images.shape[1] - 2 * pixels)
    made = [
        np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize(size, Image.Resampling.BICUBIC))
        for image in images
    ]
    return np.stack(made) if made else np.empty((0, size[1], size[0], 3), np.uint8)
