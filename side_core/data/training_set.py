"""A set of training images, with what is known about each of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from side_core.data.duplicates import row_digests
from side_core.data.image_file import in_chunks
from side_core.files.paths import printable
from side_core.wording import counted


@dataclass(frozen=True)
class Reading:
    """How far the reading of a source is: `done` of `total` pictures."""

    done: int
    total: int


@dataclass(frozen=True)
class Skipped:
    """A picture that could not be read, and why."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Images of one size and what is known about them.

    Attributes:
        name: where they come from, e.g. `pixel-faces[0:1000]`; opening that source gives the same set.
        images: (n, H, W, 3) uint8, in memory or memory-mapped.
        ids: (n,) stable names, which survive slicing.
        labels: (n,) class names, where there are classes.
        captions: (n,) one sentence each, where there are any; str, or Python objects that are str.
        attributes: for each attribute (e.g. `hair`) its (n,) values, str like the captions.
        skipped: pictures of the source that could not be read; they are not among the images.
        notes: a sentence for each thing to know about how the images were read.
        own_size: height and width that most of them had before they were scaled; None where they are as they were.
    """

    name: str
    images: np.ndarray
    ids: np.ndarray
    labels: np.ndarray | None = None
    captions: np.ndarray | None = None
    attributes: Mapping[str, np.ndarray] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    own_size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.shape[-1] != 3 or self.images.dtype != np.uint8:
            raise ValueError(
                f"Images must be uint8 of shape (n, H, W, 3), not {self.images.dtype} of shape "
                f"{self.images.shape}: convert them to 8-bit RGB."
            )
        columns = {"ids": self.ids, "labels": self.labels, "captions": self.captions, **self.attributes}
        for name, column in columns.items():
            if column is not None and len(column) != len(self.images):
                raise ValueError(
                    f"{counted(len(self.images), 'image')} but {len(column)} {name}: give one for each image."
                )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.images.shape[1], self.images.shape[2]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over shape, pixels and ids, in their order."""
        digest = hashlib.sha256(str(self.images.shape).encode())
        for chunk in in_chunks(self.images):
            digest.update(np.ascontiguousarray(chunk).data)
        digest.update("\n".join(map(str, self.ids)).encode())
        return digest.hexdigest()

    @cached_property
    def digests(self) -> np.ndarray:
        """(n,) a digest of each image, by which equal images are found: see `side_core.data.duplicates`."""
        return row_digests(self.images)

    def slice(self, first: int, stop: int, name: str, step: int = 1) -> "TrainingSet":
        """Rows first..stop-1, each or every `step`-th, under another name.

        Raises:
            ValueError: the slice is empty or reaches outside the set.
        """
        if not 0 <= first < stop <= len(self):
            raise ValueError(
                f"Rows {first}:{stop} do not lie in {printable(self.name)}, which has {counted(len(self), 'image')}: "
                f"choose 0 <= first < stop <= {len(self)}."
            )
        if step < 1:
            raise ValueError(
                f"The step is {step}, but rows of {printable(self.name)} are taken upwards: choose 1 or more."
            )
        rows = slice(first, stop, step)
        return replace(
            self,
            name=name,
            images=self.images[rows],
            ids=self.ids[rows],
            labels=None if self.labels is None else self.labels[rows],
            captions=None if self.captions is None else self.captions[rows],
            attributes={key: values[rows] for key, values in self.attributes.items()},
        )


def by_row(attributes: Mapping[str, np.ndarray]) -> list[dict[str, str]]:
    """The attributes of each picture, from the (n,) values of each attribute."""
    rows = zip(*attributes.values(), strict=True)
    return [dict(zip(attributes, map(str, row), strict=True)) for row in rows]


def with_images(known: TrainingSet, images: np.ndarray, note: str) -> TrainingSet:
    """The same set scaled, and a sentence that says so."""
    return replace(known, images=images, notes=(*known.notes, note), own_size=known.own_size or known.size)
