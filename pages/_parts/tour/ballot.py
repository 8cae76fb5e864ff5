"""What a class votes: for each room the votes of all who opened its link, and whether the answers are shown."""

import secrets
import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

COPY, INVENTION = "Copy", "Invention"
_ROOMS, _VOTERS = 200, 1000  # of a server, and of a room; older rooms are forgotten
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that looks like another
_LONGEST = 12  # letters of a room that a link names


@dataclass
class _Room:
    """Votes by voter and pair."""

    votes: dict[str, dict[int, str]] = field(default_factory=dict)
    answered: bool = False


@dataclass(frozen=True)
class Count:
    """How a room has voted.

    Attributes:
        voters: who has voted on anything.
        pairs: for each pair, how often each answer was given.
        answered: whether the answers are shown.
    """

    voters: int
    pairs: Mapping[int, Mapping[str, int]]
    answered: bool


_OPEN: OrderedDict[str, _Room] = OrderedDict()
_LOCK = threading.Lock()


def new_room() -> str:
    """The name of a room that nobody has."""
    return "".join(secrets.choice(_LETTERS) for _ in range(4))


def checked(room: str) -> str:
    """A room as a link names it: letters and digits alone, few and large."""
    return "".join(letter for letter in room.upper() if letter in _LETTERS)[:_LONGEST]


def vote(room: str, voter: str, pair: int, answer: str | None) -> None:
    """Take down what a voter says of a pair; None takes it back. After the answers are shown it is too late."""
    with _LOCK:
        votes = _room(room).votes
        if _room(room).answered or (voter not in votes and len(votes) >= _VOTERS):
            return
        if answer is None:
            votes.get(voter, {}).pop(pair, None)
        else:
            votes.setdefault(voter, {})[pair] = answer


def answer(room: str, shown: bool) -> None:
    """Show the answers to the whole room, or begin anew without any vote."""
    with _LOCK:
        if shown:
            _room(room).answered = True
        else:
            _OPEN[room] = _Room()


def count(room: str) -> Count:
    """How a room has voted."""
    with _LOCK:
        known = _room(room)
        pairs: dict[int, Counter[str]] = {}
        for votes in known.votes.values():
            for pair, said in votes.items():
                pairs.setdefault(pair, Counter())[said] += 1
        return Count(sum(bool(votes) for votes in known.votes.values()), pairs, known.answered)


def _room(name: str) -> _Room:
    """A room, made where there is none; the one that nobody has asked for longest makes place."""
    room = _OPEN.setdefault(name, _Room())
    _OPEN.move_to_end(name)
    while len(_OPEN) > _ROOMS:
        _OPEN.popitem(last=False)
    return room
