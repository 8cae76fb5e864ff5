"""Finished pictures, kept for everybody: equal settings and seed are drawn once."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from side_core.sampling.drawing import Damage

LARGEST_BYTES = 256 * 2**20


@dataclass(frozen=True, eq=False)
class Picture:
    """One drawn image.

    Attributes:
        image: (H, W, 3) uint8.
        path: (k, H, W, 3) uint8, the estimate of the clean image at `path_timesteps`, the last is the image.
        path_timesteps: (k,) of the path.
        damage: what guidance did to it, where it was too strong. A lost one is kept too, so that it is not drawn again
            and again, but there is nothing to see in it.
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
        """Bytes."""
        return self.image.nbytes + self.path.nbytes


class PictureStore:
    """Pictures by (model fingerprint, arithmetic, picture settings, what steers), seed; the longest unused go first.

    Safe to use from several sessions at once.
    """

    def __init__(self, largest: int = LARGEST_BYTES):
        self.largest = largest
        self.held = 0
        self.pictures: OrderedDict[tuple[str, int], Picture] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key: str, seed: int) -> Picture | None:
        """A picture, if it is still kept."""
        with self.lock:
            picture = self.pictures.get((key, seed))
            if picture is not None:
                self.pictures.move_to_end((key, seed))
            return picture

    def put(self, key: str, seed: int, picture: Picture) -> None:
        """Keep a picture."""
        with self.lock:
            old = self.pictures.pop((key, seed), None)
            self.held += picture.size - (old.size if old else 0)
            self.pictures[key, seed] = picture
            while self.held > self.largest and len(self.pictures) > 1:
                _, gone = self.pictures.popitem(last=False)
                self.held -= gone.size
