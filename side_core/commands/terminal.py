"""What commands say in a terminal: progress and sentences on stderr, results on stdout."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from side_core.progress import Part

if TYPE_CHECKING:
    from side_core.extraction.run import Extraction

INTERRUPTED = 130  # the exit code


def complain(sentence: str) -> None:
    """Write a sentence on stderr, on a line of its own."""
    print(f"{chr(10) * Progress.unfinished}side_core: {sentence}", file=sys.stderr)
    Progress.unfinished = False


class Progress:
    """One line on stderr that is rewritten: how much is done and how long the rest will take."""

    unfinished: ClassVar[bool] = False  # whether the cursor stands behind such a line

    def __init__(self, what: str):
        self.what = what
        self.first: tuple[float, float] | None = None  # when it was shown first, and how far it was then
        self.shown = 0.0

    def show(self, fraction: float, note: str = "", seconds_left: float | None = None) -> None:
        """Rewrite the line, at most five times a second."""
        now = time.monotonic()
        if now - self.shown < 0.2 and fraction < 1:
            return
        self.shown = now
        self.first = self.first or (now, fraction)
        start, done = self.first
        if seconds_left is None and fraction > done:
            seconds_left = (now - start) * (1 - fraction) / (fraction - done)
        left = "" if seconds_left is None else f", {seconds_left:.0f} s left"
        end = "\n" if fraction >= 1 else ""
        Progress.unfinished = not end
        print(f"\r{self.what}: {100 * fraction:5.1f} %{left} {note}  ", end=end, file=sys.stderr, flush=True)

    def watch(self, event: Part) -> None:
        """Show an event."""
        self.show(event.done / event.total)


def watch_preparing() -> Callable[[Any], None]:
    """Shows what is done before pictures are compared, each kind of work on a line of its own."""
    from side_core.data.training_set import Reading
    from side_core.similarity.near_duplicates import Grouping

    kinds = {Reading: Progress("reading pictures"), Grouping: Progress("looking for near-duplicates")}
    encoding = Progress("encoding")
    return lambda event: kinds.get(type(event), encoding).watch(event)


def report(extraction: "Extraction", summary: dict[str, Any], options: argparse.Namespace) -> None:
    """What was understood and what came out, on stdout."""
    from side_core.extraction.effect import effect_of

    if options.json:
        print(json.dumps(summary, indent=2))
        return
    for warning in extraction.warnings:
        print(f"Warning: {warning}")
    for note in extraction.notes:
        print(f"Note: {note}")
    print(f"Compared by {extraction.references.encoder.description}")
    if (sentence := extraction.sentence) is not None:
        print(sentence)
    print(extraction.headline() or extraction.withheld())
    if (second := extraction.second()) is not None:
        print(second)
    if (effect := effect_of(extraction)) is not None:
        print(f"The same seeds unsteered: {effect.plain}")
        print(f"Effect: {effect}")
    print(f"Tables and pictures: {options.out}")


def say_lines(title: str, lines: dict[str, str]) -> None:
    """A heading and what stands below it, name by name."""
    print(title)
    for name, value in lines.items():
        print(f"  {name + ':':32} {value}")
