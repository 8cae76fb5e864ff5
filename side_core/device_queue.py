"""Whose turn it is on a device that many share: who has used it least, by slices of time, at the ends of steps."""

import math
import threading
import time
from collections.abc import Callable, Hashable

_SLICE = 1.0  # seconds that one works before another does, where others wait
ASKING = 1.0  # seconds since who last asked still waits; who has been silent for longer is passed over


class DeviceQueue:
    """A line before one device, fair by the time that each has used it (Goyal et al. 1996, start-time fair queuing).

    A turn lasts for `slice_seconds`; at the end of a step it goes to who has used the device least, of those who ask.
    Who is new, or comes back, starts level with the least served of those who are there: nobody saves up turns, and
    nobody pays for what the others did not miss. Who forgets its ticket, or dies without leaving, blocks nobody.

    Args:
        slice_seconds: how long a turn lasts where others wait.
        clock: seconds since whenever.
    """

    def __init__(self, slice_seconds: float = _SLICE, clock: Callable[[], float] = time.monotonic):
        self.slice_seconds, self.clock = slice_seconds, clock
        self.changed = threading.Condition()
        self.line: list[Ticket] = []  # who has the turn, then the others as they came
        self.busy = False  # whether the first is within a step
        self.since = self.begun = 0.0  # when the first became first, and began its step
        self.used: dict[Hashable, float] = {}  # seconds, by account
        self.level = 0.0  # that the least served of those in the line has used

    def ticket(self, account: Hashable = None) -> "Ticket":
        """A new place in the line.

        Args:
            account: who pays for it, with all the tickets it has had before; left out: this ticket alone.
        """
        ticket = Ticket(self, object() if account is None else account)
        with self.changed:
            self.used[ticket.account] = max(self.used.get(ticket.account, 0.0), self.level)
            self.line.append(ticket)
            if len(self.line) == 1:
                self.give(ticket)
        return ticket

    def may_begin(self, ticket: "Ticket") -> bool:
        """Note that a ticket asks; whether it has the turn. To be called with `changed` held."""
        ticket.asked = self.clock()
        if self.busy or ticket not in self.line:
            return False
        self.pass_on()
        return self.line[0] is ticket

    def pass_on(self) -> None:
        """Where the turn is over, it goes to the least served of those who ask, which may be the same again."""
        if self.busy or self.clock() - self.since < self.slice_seconds:
            return
        if (following := self.least_served(asking=True)) is not None:
            self.give(following)

    def least_served(self, asking: bool) -> "Ticket | None":
        """Who has used the device least; of equal ones who waits the longest, and not who had the turn."""
        now = self.clock()
        among = [ticket for ticket in self.line[1:] + self.line[:1] if not asking or now - ticket.asked < ASKING]
        return min(among, key=lambda ticket: self.used[ticket.account], default=None)

    def give(self, ticket: "Ticket") -> None:
        """Give a ticket the turn; who had it comes last."""
        if self.line[0] is not ticket:
            self.line.append(self.line.pop(0))
            self.line.remove(ticket)
            self.line.insert(0, ticket)
        self.since = self.clock()

    def charge(self) -> None:
        """End the step of the first, who pays for it."""
        self.busy = False
        self.used[self.line[0].account] += self.clock() - self.begun
        self.level = max(self.level, min(self.used[ticket.account] for ticket in self.line))

    def remove(self, ticket: "Ticket") -> None:
        """Free a place; if it had the turn, the least served of the others has it at once."""
        if ticket not in self.line:
            return
        first = self.line[0] is ticket
        if first and self.busy:
            self.charge()
        self.line.remove(ticket)
        if first and self.line:
            self.give(self.least_served(asking=True) or self.line[0])
        self.forget()

    def forget(self) -> None:
        """Drop accounts that would start at the level anyway; all of them where nobody is left to be fair to."""
        if not self.line:
            self.level = max(self.used.values())
        here = {ticket.account for ticket in self.line}
        self.used = {who: used for who, used in self.used.items() if who in here or used > self.level}

    @property
    def order(self) -> "list[Ticket]":
        """Who has the turn, then the others, the least served first."""
        return self.line[:1] + sorted(self.line[1:], key=lambda ticket: self.used[ticket.account])


class Ticket:
    """A place in the line of `queue`; whoever holds it works in steps.

    Between a `take` that succeeds and `end` the device is its own. `leave` belongs into a `finally`.

    Attributes:
        account: who pays for the time it uses.
        left: seconds of own work that are left, as far as `tell` was told.
    """

    def __init__(self, queue: DeviceQueue, account: Hashable):
        self.queue, self.account = queue, account
        self.asked = -math.inf
        self.left: float | None = None
        self.users = 1

    def take(self, timeout: float) -> bool:
        """Begin a step, if it can be begun within `timeout` seconds. Asks once: whoever wants to wait asks again."""
        queue = self.queue
        with queue.changed:
            if not queue.may_begin(self):
                queue.changed.wait(timeout)
                if not queue.may_begin(self):
                    return False
            queue.busy, queue.begun = True, queue.clock()
            return True

    def end(self) -> None:
        """End a step; where the turn is over, it goes to the least served of those who ask."""
        with self.queue.changed:
            if self.working:
                self.queue.charge()
                self.asked = self.queue.clock()
                self.queue.pass_on()
                self.queue.changed.notify_all()

    def tell(self, left: float | None) -> None:
        """Say how many seconds of own work are left, without waiting; None: that is not known."""
        with self.queue.changed:
            self.left = None if left is None else max(left, 0.0)

    def again(self) -> bool:
        """Share this place with one more user, who leaves for itself; False where the place is no more."""
        with self.queue.changed:
            if self not in self.queue.line:
                return False
            self.users += 1
            return True

    def leave(self) -> None:
        """Free the place, if this is its last user, also within a step."""
        with self.queue.changed:
            self.users -= 1
            if self.users <= 0:
                self.queue.remove(self)
                self.queue.changed.notify_all()

    @property
    def working(self) -> bool:
        """Whether it is within a step."""
        with self.queue.changed:
            return self.queue.busy and self.queue.line[0] is self

    @property
    def place(self) -> int:
        """1 for who has the turn; 0 after leaving."""
        with self.queue.changed:
            return self.queue.order.index(self) + 1 if self in self.queue.line else 0

    @property
    def of(self) -> int:
        """How many there are in the line."""
        with self.queue.changed:
            return len(self.queue.line)

    @property
    def eta(self) -> float | None:
        """Seconds until its own work is done; None where that is not known.

        Its own, and of each other the turns it gets before this one's last: those in which it has used no more than
        this one will have then, but no more than the other has left.
        """
        with self.queue.changed:
            if self.left is None or self not in self.queue.line:
                return None
            turn, used, order = self.queue.slice_seconds, self.queue.used, self.queue.order
            last = used[self.account] + (max(1, math.ceil(self.left / turn)) - 1) * turn  # used when that begins
            seconds, own = self.left, order.index(self)
            for place, other in enumerate(order):
                if other is not self:
                    behind = round((last - used[other.account]) / turn, 6)
                    between = max(0, math.floor(behind) + 1 if place < own else math.ceil(behind)) * turn
                    seconds += between if other.left is None else min(other.left, between)
            return seconds
