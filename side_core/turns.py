"""Whose turn it is on a device that many share: round robin by slices of time, at the ends of steps."""

import math
import threading
import time
from collections.abc import Callable

SLICE = 1.0  # seconds that one works before the next does, where others wait
ASKING = 1.0  # seconds since who last asked still waits; who has been silent for longer is passed over


class Turns:
    """A line before one device. The first has the turn and works step by step; the others ask again and again.

    The device is held within a step alone. A turn lasts for `slice_seconds`, then it goes to the next who asks: at the
    end of a step, or between two. Who forgets its ticket, or dies without leaving, blocks nobody for longer than that.

    Args:
        slice_seconds: how long a turn lasts where others wait.
        clock: seconds since whenever.
    """

    def __init__(self, slice_seconds: float = SLICE, clock: Callable[[], float] = time.monotonic):
        self.slice_seconds, self.clock = slice_seconds, clock
        self.changed = threading.Condition()
        self.line: list[Ticket] = []
        self.busy = False  # whether the first is within a step
        self.since = 0.0  # when the first became first

    def ticket(self) -> "Ticket":
        """A new place at the end of the line."""
        ticket = Ticket(self)
        with self.changed:
            if not self.line:
                self.since = self.clock()
            self.line.append(ticket)
        return ticket

    def may_begin(self, ticket: "Ticket") -> bool:
        """Note that a ticket asks; whether it has the turn. To be called with `changed` held."""
        ticket.asked = self.clock()
        if self.busy or ticket not in self.line:
            return False
        self.pass_on()
        return self.line[0] is ticket

    def pass_on(self) -> None:
        """Where the turn is over, the first goes to the end, and the next who asks comes first."""
        if self.busy or self.clock() - self.since < self.slice_seconds:
            return
        if (following := self.first_asking(self.line[1:])) is not None:
            self.line.append(self.line.pop(0))
            self.bring_forward(following)

    def first_asking(self, among: list["Ticket"]) -> "Ticket | None":
        """The first of some tickets that waits; None where none does."""
        now = self.clock()
        return next((ticket for ticket in among if now - ticket.asked < ASKING), None)

    def bring_forward(self, ticket: "Ticket") -> None:
        """Give a ticket the turn."""
        self.line.remove(ticket)
        self.line.insert(0, ticket)
        self.since = self.clock()

    def remove(self, ticket: "Ticket") -> None:
        """Free a place; if it had the turn, the next who asks has it at once."""
        if ticket not in self.line:
            return
        first = self.line[0] is ticket
        self.line.remove(ticket)
        if first:
            self.busy = False
            if self.line:
                self.bring_forward(self.first_asking(self.line) or self.line[0])


class Ticket:
    """A place in the line of `turns`; whoever holds it works in steps.

    Between a `take` that succeeds and `end` the device is its own. `leave` belongs into a `finally`.

    Attributes:
        left: seconds of own work that are left, as far as `tell` was told.
    """

    def __init__(self, turns: Turns):
        self.turns = turns
        self.asked = -math.inf
        self.left: float | None = None
        self.users = 1

    def take(self, timeout: float) -> bool:
        """Begin a step, if it can be begun within `timeout` seconds. Asks once: whoever wants to wait asks again."""
        changed = self.turns.changed
        with changed:
            if not self.turns.may_begin(self):
                changed.wait(timeout)
                if not self.turns.may_begin(self):
                    return False
            self.turns.busy = True
            return True

    def end(self) -> None:
        """End a step; where the turn is over, it goes to the next who asks."""
        with self.turns.changed:
            if self.working:
                self.turns.busy = False
                self.turns.pass_on()
                self.turns.changed.notify_all()

    def tell(self, left: float | None) -> None:
        """Say how many seconds of own work are left, without waiting; None: that is not known."""
        with self.turns.changed:
            self.left = None if left is None else max(left, 0.0)

    def again(self) -> bool:
        """Share this place with one more user, who leaves for itself; False where the place is no more."""
        with self.turns.changed:
            if self not in self.turns.line:
                return False
            self.users += 1
            return True

    def leave(self) -> None:
        """Free the place, if this is its last user, also within a step."""
        with self.turns.changed:
            self.users -= 1
            if self.users <= 0:
                self.turns.remove(self)
                self.turns.changed.notify_all()

    @property
    def working(self) -> bool:
        """Whether it is within a step."""
        with self.turns.changed:
            return self.turns.busy and self.turns.line[0] is self

    @property
    def place(self) -> int:
        """1 for who has the turn; 0 after leaving."""
        with self.turns.changed:
            return self.turns.line.index(self) + 1 if self in self.turns.line else 0

    @property
    def of(self) -> int:
        """How many there are in the line."""
        with self.turns.changed:
            return len(self.turns.line)

    @property
    def eta(self) -> float | None:
        """Seconds until its own work is done; None where that is not known.

        Its own, and of each other as much as round robin lets come in between: as many turns as it takes itself (those
        behind it one fewer), but no more than the other has left.
        """
        with self.turns.changed:
            if self.left is None or self not in self.turns.line:
                return None
            turns, own = max(1, math.ceil(self.left / self.turns.slice_seconds)), self.turns.line.index(self)
            seconds = self.left
            for place, other in enumerate(self.turns.line):
                if other is not self:
                    between = (turns if place < own else turns - 1) * self.turns.slice_seconds
                    seconds += between if other.left is None else min(other.left, between)
            return seconds
