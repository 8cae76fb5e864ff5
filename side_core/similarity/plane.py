"""A map: training images in two dimensions, and where other pictures land among them."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from side_core.files.cache import cache_folder, discard, filling, used
from side_core.files.whole_file import make_folder, write_whole
from side_core.similarity.neighbours import nearest
from side_core.similarity.vectors import Vectors

MOST = 2000  # images of a map; of more, these many are on it
NEIGHBOURS = 8  # images that say where another picture lands
_SHARP = 4  # power of nearest over other distance: at a ratio of 1/3 the second counts 1/81 of the nearest
_NUMBERS = 150_000_000  # in memory while a map is made
_COMPONENTS = 50  # that t-SNE begins with, as van der Maaten and Hinton 2008, section 4.2, have it (30)
_PERPLEXITY = 30.0
_FEW = 10  # images that t-SNE has nothing to say about
_FILE = "map.json"
_VERSION = 1


@dataclass(frozen=True, eq=False)
class Plane:
    """Some images of a set, each with its place.

    Attributes:
        rows: (m,) growing numbers of the images that are on the map.
        places: (m, 2) float32, 0..1 across and down. Near ones look alike; what is far apart need not differ more than
            what is not so far apart.
        total: how many images there are in all.
    """

    rows: np.ndarray
    places: np.ndarray
    total: int

    @property
    def note(self) -> str:
        """What of the images is missing; empty where all are there."""
        left = self.total - len(self.rows)
        return f"The map shows {len(self.rows):,} of {self.total:,} training images, evenly chosen." if left else ""


def make_plane(vectors: Vectors) -> Plane:
    """Lay images out by t-SNE (van der Maaten and Hinton 2008) of their principal components; the same each time.

    Args:
        vectors: (n, d) of all images. Of more than `MOST` some are taken, at equal distances in their order.
    """
    count, width = vectors.shape
    most = max(2, min(MOST, _NUMBERS // width))
    rows = np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))
    return Plane(rows, _placed(np.asarray(vectors[rows])), count)


def _placed(values: np.ndarray) -> np.ndarray:
    """(m, 2) places of (m, d) vectors, within 0..1. Equal ones lie in one place."""
    from sklearn.decomposition import PCA  # seconds to import
    from sklearn.manifold import TSNE

    different, which = np.unique(values, axis=0, return_inverse=True)
    if len(different) == 1:
        return np.full((len(values), 2), 0.5, np.float32)
    found = PCA(min(_COMPONENTS, *different.shape), random_state=0).fit_transform(different)
    if len(different) >= _FEW:
        perplexity = min(_PERPLEXITY, (len(different) - 1) / 3)
        found = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(found.astype(np.float32))
    found = np.pad(found, ((0, 0), (0, 2)))[:, :2]
    low, high = found.min(axis=0), found.max(axis=0)
    spread = np.where(high > low, high - low, 1)
    inside = np.where(high > low, (found - low) / spread, 0.5)
    return (0.04 + 0.92 * inside).astype(np.float32)[which.reshape(-1)]


def land(queries: np.ndarray, vectors: Vectors, plane: Plane) -> np.ndarray:
    """(n, 2) where pictures land: at the mean place of the nearest images, each weighted by its nearness.

    The weight of image j is (d_1 / d_j)^4: a picture that is far nearer to one image than to all others lands on it,
    one between several lands between them. This is ours, and no property of t-SNE.

    Args:
        queries: (n, d) float32 vectors of the pictures, by the same encoder.
        vectors: of all images.
        plane: of these.
    """
    found = nearest(queries, vectors, NEIGHBOURS, plane.rows)
    distances = found.distances.astype(np.float64)
    first = distances[:, :1]
    weights = np.divide(first, distances, out=np.ones_like(distances), where=distances > 0) ** _SHARP
    weights = np.where(first == 0, distances == 0, weights)  # an exact copy lies on its original
    places = plane.places[np.searchsorted(plane.rows, found.rows)]
    return ((weights[..., None] * places).sum(axis=1) / weights.sum(axis=1)[:, None]).astype(np.float32)


def plane_of(vectors: Vectors, fingerprint: str, shipped: Path | None = None) -> Plane:
    """The map of some images: shipped, made before, or made now and kept in the cache.

    Args:
        vectors: (n, d) of all images.
        fingerprint: names images and encoder.
        shipped: folder of a map that is taken where it is of these.

    Raises:
        ValueError: the cache cannot be written.
    """
    for folder in (shipped, kept := _kept_at(fingerprint)):
        if folder is not None and (plane := read_plane(folder, fingerprint, len(vectors))) is not None:
            if folder == kept:
                used(folder)
            return plane
    plane = make_plane(vectors)
    discard(kept)
    with filling(kept, what="The map") as folder:
        write_plane(plane, fingerprint, folder)
    return plane


def _kept_at(fingerprint: str) -> Path:
    """Where a map is kept in the cache."""
    name = hashlib.sha256(f"{fingerprint}/{_VERSION}/{MOST}".encode()).hexdigest()[:24]
    return cache_folder() / "maps" / name


def write_plane(plane: Plane, fingerprint: str, out: Path) -> None:
    """Write `map.json` into a folder.

    Raises:
        ValueError: it cannot be written.
    """
    make_folder(out)
    places = [[round(float(x), 4), round(float(y), 4)] for x, y in plane.places]
    about = {"fingerprint": fingerprint, "total": plane.total, "rows": plane.rows.tolist(), "places": places}
    write_whole(out / _FILE, (json.dumps(about, separators=(",", ":")) + "\n").encode())


def read_plane(folder: Path, fingerprint: str, count: int) -> Plane | None:
    """The map in a folder; None where there is none of these images."""
    try:
        about = json.loads((folder / _FILE).read_bytes())
        rows, places = np.array(about["rows"], np.int64), np.array(about["places"], np.float32)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    whole = places.shape == (len(rows), 2) and len(rows) and rows.min() >= 0 and rows.max() < count == about["total"]
    if about["fingerprint"] != fingerprint or not whole:
        return None
    return Plane(rows, places, count)
