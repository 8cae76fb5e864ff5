"""Long work as generators that hand out their progress and return their result."""

from collections.abc import Callable, Generator
from typing import Protocol, TypeVar

Event = TypeVar("Event")
Other = TypeVar("Other")
Result = TypeVar("Result")


def finish(work: Generator[Event, None, Result], watch: Callable[[Event], object] = lambda event: None) -> Result:
    """Run a generator to its end, showing each event to `watch`, and give what it returns."""
    while True:
        try:
            event = next(work)
        except StopIteration as end:
            return end.value
        watch(event)


def mapped(work: Generator[Event, None, Result], change: Callable[[Event], Other]) -> Generator[Other, None, Result]:
    """The same work with each event changed; its result is kept."""
    while True:
        try:
            event = next(work)
        except StopIteration as end:
            return end.value
        yield change(event)


class Part(Protocol):
    """An event of long work: `done` of `total`."""

    @property
    def done(self) -> int: ...

    @property
    def total(self) -> int: ...
