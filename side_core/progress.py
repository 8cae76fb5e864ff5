"""Long work as generators that hand out their progress and return their result."""

from collections.abc import Callable, Generator
from typing import Protocol, TypeVar

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
