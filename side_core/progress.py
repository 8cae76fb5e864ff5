"""Long work as generators that hand out their progress and return their result: how one is run, how it is shown."""

import sys
import time
from collections.abc import Callable, Generator
from typing import ClassVar, Protocol, TypeVar

INTERRUPTED = 130  # the exit code

Event = TypeVar("Event")
Result = TypeVar("Result")


def finish(work: Generator[Event, None, Result], watch: Callable[[Event], object] = lambda event: None) -> Result:
    """Run a generator to its end, showing each event to `watch`, and give what it returns."""
    while True:
        try:
            event = next(work)
        except StopIteration as end:
            return end.value
        watch(event)


class Part(Protocol):
    """An event of long work: `done` of `total`."""

    @property
    def done(self) -> int: ...

    @property
    def total(self) -> int: ...


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
