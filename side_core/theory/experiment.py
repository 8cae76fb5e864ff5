"""What an experiment is: measurements that are made one by one and kept, and the rows they come to."""

import itertools
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from side_core.files.parts import PartStore

Row = dict[str, Any]  # one line of the table: figure, interval, control and count beside what they are of


@dataclass(frozen=True, eq=False)
class Measurement:
    """One of an experiment's measurements.

    Attributes:
        name: stands for all that it depends on.
        words: what is being done.
        evaluations: of the model on all images, in units of one plain evaluation.
        pairs: of an image and one of its set that are compared in closed form.
        steps: how often `make` hands something out.
        make: measures, handing out each step; returns what JSON can say.
    """

    name: str
    words: str
    evaluations: float
    pairs: int
    steps: int
    make: Callable[[], Generator[None, None, Mapping[str, Any]]]


def unbroken(names: Sequence[str], parts: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The finished measurements of these, in their order, up to the first that is missing."""
    return [parts[name] for name in itertools.takewhile(parts.__contains__, names)]


class Experiment(Protocol):
    """Opened and checked; nothing is measured yet."""

    @property
    def measurements(self) -> Sequence[Measurement]:
        """In the order of work."""
        ...

    @property
    def shipped(self) -> PartStore | None:
        """Measurements that come with the app."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the rows."""
        ...

    def rows(self, parts: Mapping[str, Mapping[str, Any]]) -> list[Row]:
        """What the finished measurements come to, by their names."""
        ...

    def headline(self, rows: Sequence[Row]) -> str:
        """In one line, with interval, count and control."""
        ...

    def lines(self, rows: Sequence[Row]) -> list[str]:
        """One for each row, for people."""
        ...

    def remarks(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """A sentence for each thing to know of what came out."""
        ...

    def chart(self, rows: Sequence[Row]) -> np.ndarray:
        """(H, W, 3) uint8."""
        ...
