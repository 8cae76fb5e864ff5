"""The vectors of a whole training set: encoded once, kept in the cache, resumed wherever an earlier run stopped."""

import hashlib
import time
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from side_core.data.training_set import TrainingSet
from side_core.files.cache import cache_folder, check_space, growing, used
from side_core.similarity.encoder import Encoder
from side_core.similarity.store import VectorStore
from side_core.similarity.vectors import MappedVectors, PixelVectors, Vectors

CHUNK = 1024  # images whose vectors are checked, and if need be made again, together
BATCH = 32  # images encoded at once, counted from the chunk's first: the same batches however often a run is stopped
SECONDS = 1.0  # of work that a kill can cost, and between two reports of progress


@dataclass(frozen=True)
class Embedding:
    """How far the encoding of a set is: `done` of `total` images have vectors on the disk."""

    done: int
    total: int


def embed(images: TrainingSet, encoder: Encoder) -> Generator[Embedding, None, Vectors]:
    """Encode a set of images, handing out the progress, and return their (n, d) vectors.

    Pixels are returned at once and computed where they are used. Other vectors are kept in the cache under the
    fingerprints of encoder and images. What was encoded is on the disk before the progress says so: whoever closes the
    generator, at any point, and calls again, encodes no image twice. Damaged files are noticed and made again. Two
    processes may do the same at once; each takes over what the other has written.

    Raises:
        ValueError: no images, images that the encoder cannot take, no space on the disk, or more vectors than the cache
            may keep.
    """
    if encoder.name == "pixel":
        return PixelVectors(images.images)
    total = len(images)
    if not total:
        raise ValueError(f"'{images.name}' has 0 images to encode: choose a larger slice.")
    folder, what = cache_folder() / "embeddings" / _embedding_key(images, encoder), f"The vectors of '{images.name}'"
    begun = False
    with VectorStore(folder, total) as store:
        for first in range(0, total, CHUNK):
            rows = images.images[first : first + CHUNK]
            done = store.known(first, len(rows))
            while done < len(rows):
                new = _encode_on(rows, done, encoder, store.width)
                row = new.shape[1] * new.itemsize
                check_space((total - first - done) * row, what)
                if not begun:
                    growing(folder, total * row, what)
                    begun = True
                done = store.append(first, len(rows), done, new)
                if done < len(rows):
                    yield Embedding(first + done, total)
            yield Embedding(first + len(rows), total)
        assert store.rows is not None
        used(folder)
        return MappedVectors(store.rows)


def _embedding_key(images: TrainingSet, encoder: Encoder) -> str:
    """Names the vectors of these images by this encoder, and how they are kept."""
    own = f"chunks of {CHUNK}\n{encoder.fingerprint}\n{images.fingerprint}"
    return hashlib.sha256(own.encode()).hexdigest()[:32]


def _encode_on(rows: np.ndarray, done: int, encoder: Encoder, width: int | None) -> np.ndarray:
    """(k, width) vectors of the images after the first `done`: as many batches as a second has room for.

    Raises:
        ValueError: the images cannot be encoded, or their vectors are not as long as those before.
    """
    parts: list[np.ndarray] = []
    start = time.monotonic()
    while done < len(rows) and (not parts or time.monotonic() - start < SECONDS):
        batch = rows[done : done - done % BATCH + BATCH]
        new = encoder(batch)
        width = width or new.shape[1]
        if new.shape != (len(batch), width):
            raise ValueError(
                f"Encoder '{encoder.name}' turned {len(batch)} images into {new.shape} numbers instead of "
                f"{(len(batch), width)}: name a network that gives every image one vector of the same length."
            )
        parts.append(new)
        done += len(batch)
    return np.concatenate(parts, dtype=np.float32)
