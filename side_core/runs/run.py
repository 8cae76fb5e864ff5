"""One run as the history lists it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from side_core.methods import METHODS
from side_core.settings import ExtractSettings, ScoreSettings, Settings, SurrogateSettings
from side_core.wording import shortened

State = Literal["running", "finished", "cancelled", "interrupted"]
_LONGEST_PROMPT = 80  # characters of it that are part of a title: both its ends
SETTINGS: dict[str, type[Settings]] = {
    "extract": ExtractSettings,
    "score": ScoreSettings,
    "surrogate": SurrogateSettings,
    **{name: method.settings for name, method in METHODS.items()},
}


@dataclass(frozen=True)
class Run:
    """A run that was begun.

    Attributes:
        id: number that no other run of the workspace has or had.
        kind: what was done.
        digest: of settings and fingerprints: equal ones have equal results.
        state: running; finished; cancelled by a person; interrupted, as its process died.
        name: what a person called it, else empty.
        note: what a person wrote about it.
        pinned: whether it stays on top and is the baseline of comparisons.
        model: name of the model; of scored pictures, where they came from.
        settings: as JSON says them.
        fingerprints: of model, arithmetic, data, control, encoder, surrogate, as far as there are any.
        versions: of what the numbers depend on.
        pictures: key of its pictures in the workspace; empty where they are kept otherwise.
        plain: the same for the same seeds drawn without the surrogate.
        asked: how many pictures (cells of a sweep, steps of a training) were asked for.
        finished: how many there are.
        headline: what came out in one line, with its control, count and interval; empty before.
        share: of pictures that beat the threshold, to sort by; None before, and without a control.
        created: seconds since 1970.
        ended: the same; None before.
        deleted: when it was put into the bin; None where it was not.
    """

    id: int
    kind: str
    digest: str
    state: State
    name: str
    note: str
    pinned: bool
    model: str
    settings: Mapping[str, Any]
    fingerprints: Mapping[str, str]
    versions: Mapping[str, str]
    pictures: str
    plain: str
    asked: int
    finished: int
    headline: str
    share: float | None
    created: float
    ended: float | None
    deleted: float | None

    @property
    def title(self) -> str:
        """Its name, or what it is."""
        return self.name or self.own_title

    @property
    def own_title(self) -> str:
        """What it is: kind, number and model, and of a prompt both ends."""
        return self.titled(_LONGEST_PROMPT)

    @property
    def whole_title(self) -> str:
        """What it is, with the whole prompt."""
        return self.titled(len(str(self.settings.get("prompt"))))

    def titled(self, most: int) -> str:
        """Kind, number, model, and so many characters of a prompt."""
        prompt = self.settings.get("prompt")
        said = f', "{shortened(str(prompt), most)}"' if prompt else ""
        return f"{self.kind} {self.id}: {self.model}{said}"

    @property
    def touched(self) -> bool:
        """Whether a person has done something to it that must not be lost."""
        return self.pinned or bool(self.name) or bool(self.note)


@dataclass(frozen=True)
class NewRun:
    """A run before it begins; its attributes are those of `Run`."""

    kind: str
    model: str
    settings: Mapping[str, Any]
    fingerprints: Mapping[str, str]
    asked: int
    pictures: str = ""
    plain: str = ""

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that stand for settings and fingerprints."""
        about = json.dumps([self.kind, dict(self.settings), dict(self.fingerprints)], sort_keys=True)
        return hashlib.sha256(about.encode()).hexdigest()[:32]


def settings_of(run: Run) -> Settings:
    """The settings of a run, checked again.

    Raises:
        ValueError: another version wrote them.
    """
    return SETTINGS[run.kind].read(run.settings)
