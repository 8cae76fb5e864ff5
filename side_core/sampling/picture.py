"""A finished picture with its way from noise, and how many steps of that way are kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from side_core.sampling.drawing import Damage, Drawing

FRAMES = 8  # of a picture's way from noise, as pages and strips keep it


@dataclass(frozen=True, eq=False)
class Picture:
    """One drawn image.

    Attributes:
        image: (H, W, 3) uint8.
        path: (k, H, W, 3) uint8, the estimate of the clean image at `path_timesteps`, the last is the image.
        path_timesteps: (k,) of the path.
        damage: what guidance did to it, where it was too strong. A lost one is kept in memory too, so that it is not
            drawn again and again, but there is nothing to see in it.
    """

    image: np.ndarray
    path: np.ndarray
    path_timesteps: tuple[int, ...]
    damage: Damage | None = None

    @property
    def lost(self) -> bool:
        """Whether guidance has driven it to NaN or infinity."""
        return self.damage is not None and self.damage.lost

    @property
    def size(self) -> int:
        """Bytes; of a picture that is the whole of its path they are counted once."""
        return self.image.nbytes + (self.path.nbytes if len(self.path) > 1 else 0)


def alone(image: np.ndarray, damage: Damage | None = None, timestep: int = 0) -> Picture:
    """A picture without its way from noise."""
    return Picture(image, image[None], (timestep,), damage)


def pictures_of(drawing: Drawing, frames: Sequence[np.ndarray], timesteps: Sequence[int]) -> dict[int, Picture]:
    """The pictures of a finished batch by seed, those that guidance has lost as well.

    Args:
        drawing: the last step of the batch.
        frames: each (n, H, W, 3) uint8, what was kept of the way, its last step included; none where nothing was.
        timesteps: of the frames.
    """
    finished, damaged = drawing.finished, {item.seed: item for item in drawing.damaged}
    assert drawing.images is not None  # it is the last step
    nothing = np.zeros(drawing.images.shape[1:], np.uint8)
    found = {}
    for place, seed in enumerate(drawing.seeds):
        image = finished.get(seed, frames[-1][place] if frames else nothing)
        if frames:
            path = np.stack([*(frame[place] for frame in frames[:-1]), image])
            found[seed] = Picture(image, path, tuple(timesteps), damaged.get(seed))
        else:
            found[seed] = alone(image, damaged.get(seed), drawing.step.timestep)
    return found


def steps_shown(steps: int, frames: int) -> set[int]:
    """Which of the steps a path of at most `frames` pictures shows: the first, the last, and some evenly between."""
    return {round(step) for step in np.linspace(0, steps - 1, min(frames, steps))}
