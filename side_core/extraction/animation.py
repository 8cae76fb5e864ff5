"""The way from noise to image, as a GIF."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from side_core.dpm.denoiser import Denoiser, to_uint8
from side_core.files.images import PAPER, SIDE, enlarge
from side_core.sampling.drawing import Drawing
from side_core.sampling.picture import steps_shown
from side_core.settings import SamplingSettings

FRAME_MILLISECONDS = 120
HOLD = 12  # frames long that the last one stays
IMAGES = 16
FRAMES = 24


def _seeds_shown(settings: SamplingSettings) -> tuple[int, ...]:
    """The seeds of the images that a run's path shows: the first ones of its first batch."""
    return tuple(settings.seeds[: min(IMAGES, settings.batch_size)])


class PathRecorder:
    """Keeps what the model takes the first images to be, step by step, while they are drawn.

    Args:
        denoiser: the model, which decodes them.
        settings: of the run.

    Attributes:
        gif: the recording; empty until it is whole.
    """

    def __init__(self, denoiser: Denoiser, settings: SamplingSettings):
        self.denoiser, self.seeds = denoiser, _seeds_shown(settings)
        self.wanted = steps_shown(settings.steps, FRAMES)
        self.frames: list[np.ndarray] = []
        self.gif = b""

    def see(self, drawing: Drawing) -> bool:
        """Take note of a step of the batch that begins with these images; whether `gif` is whole by it."""
        count = len(self.seeds)
        if drawing.seeds[:count] != self.seeds:
            return False
        if drawing.step.index in self.wanted:
            self.frames.append(to_uint8(self.denoiser.decode(drawing.step.denoised[:count])))
        if drawing.images is not None:
            self.gif = animate(self.frames, comment=_comment_of(self.seeds))
        return bool(self.gif)


def _comment_of(seeds: Sequence[int]) -> str:
    """What a GIF says of the seeds that it shows."""
    return f"seeds {seeds[0]} to {seeds[-1]}"


def is_path_of(file: Path, seeds: Sequence[int]) -> bool:
    """Whether a file is the recording of these seeds, as far as it says itself."""
    try:
        with Image.open(file, formats=("GIF",)) as opened:
            said: object = opened.info.get("comment")
    except (OSError, ValueError):
        return False
    return said == _comment_of(seeds).encode()


def animate(frames: list[np.ndarray], columns: int = 4, side: int = SIDE, comment: str = "") -> bytes:
    """A GIF of images in rows.

    Args:
        frames: each (n, H, W, 3) uint8, the same n images as they become clearer.
        columns: images in a row.
        side: about how many pixels high an image is; small ones are enlarged.
        comment: what it says of itself.
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
    about = {"duration": durations, "loop": 0, "comment": comment.encode()}
    pages[0].save(buffer, "GIF", save_all=True, append_images=pages[1:], **about)
    return buffer.getvalue()
