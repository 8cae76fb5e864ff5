"""How long the rest of some work takes, by the pace it has now and not by the one that was hoped for."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from side_core.progress import Part

_STEPS, _SECONDS = 20, 10.0  # how far the average looks back, whichever is longer
_LATEST_STEPS, _LATEST_SECONDS = 3, 0.5  # the latest steps, whichever is longer: the average stays within their paces


@dataclass(frozen=True)
class Phase:
    """A part of some work, whose steps take equally long.

    Attributes:
        steps: as the events of the work count them; 0 of what follows the last event.
        seconds: that all of it should take here.
    """

    steps: int
    seconds: float


class Rest:
    """Follows the pace of some work: real seconds for each that was expected, or for each step where nothing was.

    The pace is an exponential average, but no quicker and no slower than all of the latest steps were: one step that
    hangs changes little, and a machine that has become slow is followed after three steps.

    Args:
        clock: seconds of work since whenever.
        phases: all of the work, until its result; empty where nobody knows how long it takes.
    """

    def __init__(self, clock: Callable[[], float], phases: Sequence[Phase] = ()):
        self.clock = clock
        self.phases = tuple(phases) if any(phase.steps and phase.seconds > 0 for phase in phases) else ()
        self.at, self.done = clock(), 0
        self.forget()
        if self.phases:  # counts as one step, until there are others
            first = next(phase for phase in self.phases if phase.steps and phase.seconds > 0)
            self.learn(first.seconds / first.steps, first.seconds / first.steps)

    def forget(self) -> None:
        """Know no pace."""
        self.kind: type | None = None
        self.spent = self.made = 0.0
        self.latest: deque[tuple[float, float]] = deque()  # seconds of a step, its pace

    def after(self, event: Part, kept: bool = False) -> float | None:
        """Seconds of work that are left; None where nothing tells yet.

        Args:
            event: just now. One of another kind, or with less done, begins work of its own, unless there are phases.
            kept: whether what it adds was there from an earlier run, which says nothing of the pace.
        """
        if not self.phases and (event.done < self.done or self.kind not in (None, type(event))):
            self.forget()
            self.done = 0
        self.kind = type(event)
        made, self.done = self.amount(event.done) - self.amount(self.done), event.done
        if made > 0 or kept:
            spent, self.at = self.clock() - self.at, self.clock()
            if not kept:
                self.learn(spent, made)
        if not self.latest:
            return None
        whole = sum(phase.seconds for phase in self.phases) if self.phases else event.total
        return self.pace * max(0.0, whole - self.amount(event.done))

    def after_step(self, event: Part) -> float | None:
        """The same of work that hands out every step: more than one at once was there from an earlier run."""
        return self.after(event, kept=event.done - self.done > 1)

    def learn(self, spent: float, made: float) -> None:
        """Note how long a step took, of which so much was expected."""
        fade = math.exp(-min(1 / _STEPS, spent / _SECONDS))
        self.spent, self.made = fade * self.spent + spent, fade * self.made + made
        self.latest.append((spent, spent / made))
        while len(self.latest) > _LATEST_STEPS and sum(step for step, _ in self.latest) - self.latest[0][0] >= (
            _LATEST_SECONDS
        ):
            self.latest.popleft()

    @property
    def pace(self) -> float:
        """Real seconds for each that was expected, or for each step."""
        paces = [pace for _, pace in self.latest]
        return min(max(self.spent / self.made, min(paces)), max(paces))

    def amount(self, done: float) -> float:
        """How much of the work so many steps are: seconds that were expected of them, or the steps themselves."""
        if not self.phases:
            return done
        amount = 0.0
        for phase in self.phases:
            if phase.steps:
                amount += phase.seconds * min(1.0, max(0.0, done) / phase.steps)
                done -= phase.steps
        return amount
