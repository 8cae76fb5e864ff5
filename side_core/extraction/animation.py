"""The way from noise to image, as a GIF."""

import io

import numpy as np
from PIL import Image

from side_core.dpm.denoiser import Denoiser, to_uint8
from side_core.pictures import PAPER, SIDE, enlarge
from side_core.sampling.drawing import Drawing

FRAME_MILLISECONDS = 120
HOLD = 12  # frames long that the last one stays
IMAGES = 16
FRAMES = 24


def steps_shown(steps: int, frames: int) -> set[int]:
    """Which of the steps a path of at most `frames` pictures shows: the first, the last, and some evenly between."""
    return {round(step) for step in np.linspace(0, steps - 1, min(frames, steps))}


class PathRecorder:
    """Keeps what the model takes the first images to be, step by step, while they are drawn.

    Args:
        denoiser: the model, which decodes them.
        steps: of each image.
    """

    def __init__(self, denoiser: Denoiser, steps: int):
        self.denoiser = denoiser
        self.wanted = steps_shown(steps, FRAMES)
        self.seeds: tuple[int, ...] | None = None
        self.frames: list[np.ndarray] = []

    def see(self, drawing: Drawing) -> None:
        """Take note of a step, if it is one of the first batch."""
        self.seeds = self.seeds or drawing.seeds
        if drawing.seeds == self.seeds and drawing.step.index in self.wanted:
            self.frames.append(to_uint8(self.denoiser.decode(drawing.step.denoised[:IMAGES])))

    def gif(self) -> bytes | None:
        """The recording; None where nothing was drawn."""
        return animate(self.frames) if self.frames else None


def animate(frames: list[np.ndarray], columns: int = 4, side: int = SIDE) -> bytes:
    """A GIF of images in rows.

    Args:
        frames: each (n, H, W, 3) uint8, the same n images as they become clearer.
        columns: images in a row.
        side: about how many pixels high an image is; small ones are enlarged.
    """
    pages = []
    for frame in frames:
        cells = [enlarge(image, side) for image in frame]
        wide = min(columns, len(cells))
        cells += [np.full_like(cells[0], PAPER)] * (-len(cells) % wide)
        rows = [np.concatenate(cells[i : i + wide], axis=1) for i in range(0, len(cells), wide)]
        pages.append(Image.fromarray(np.concatenate(rows)))
    buffer = io.BytesIO()
    durations = [FRAME_MILLISECONDS] * (len(pages) - 1) + [HOLD * FRAME_MILLISECONDS]
    pages[0].save(buffer, "GIF", save_all=True, append_images=pages[1:], duration=durations, loop=0)
    return buffer.getvalue()
