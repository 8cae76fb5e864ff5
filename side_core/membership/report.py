"""What came out: how well each score tells the two sets apart, beside who never asks the model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from side_core.charts.palette import look_of
from side_core.charts.static import paper, pixels
from side_core.evidence.blind import Blind, blind
from side_core.evidence.scores import against
from side_core.extraction.summary import versions
from side_core.extraction.tables import table
from side_core.membership.sides import Side
from side_core.settings.membership import ATTACKS, BLIND, MembershipSettings
from side_core.stats.roc import Roc, Separation, roc, separation

_WIDTH, _HEIGHT = 620, 560
_RARE = 0.05  # a p value below it is said
_COLUMNS = (
    "score",
    "reference",
    "auc",
    "auc_low",
    "auc_high",
    "tpr_at_1_fpr",
    "tpr_low",
    "tpr_high",
    "found",
    "alarms",
)
_COUNTS = ("members", "non_members", "access")


class Key(NamedTuple):
    """Names a measurement: which score, by `model` or `reference`, of `members` or `non_members`."""

    score: str
    model: str
    side: str


@dataclass(frozen=True, eq=False)
class Told:
    """How well one score tells the sets apart.

    Attributes:
        score: its name; `blind` of the baseline.
        reference: whether it is held against a reference model.
        members: (n,) scores; `others` of the pictures that the model never saw.
        found: AUC and rate at few false alarms, with intervals.
    """

    score: str
    reference: bool
    members: np.ndarray
    others: np.ndarray
    found: Separation

    @property
    def title(self) -> str:
        """For people."""
        if self.score == BLIND:
            return "Blind (never asks the model)"
        return ATTACKS[self.score].title + (" against the reference" if self.reference else "")

    @property
    def curve(self) -> Roc:
        """Its ROC curve."""
        return roc(self.members, self.others)

    @property
    def row(self) -> dict[str, Any]:
        """As JSON and CSV have it."""
        found = self.found
        return {
            "score": self.score,
            "reference": self.reference,
            "auc": found.auc.value,
            "auc_low": found.auc.low,
            "auc_high": found.auc.high,
            "tpr_at_1_fpr": found.tpr.value,
            "tpr_low": found.tpr.low,
            "tpr_high": found.tpr.high,
            "found": found.found.beat,
            "alarms": found.alarms.beat,
            "members": len(self.members),
            "non_members": len(self.others),
            "access": "none" if self.score == BLIND else ATTACKS[self.score].access,
        }


@lru_cache(maxsize=256)
def _separated(members: tuple[float, ...], others: tuple[float, ...]) -> Separation:
    """Measured once for the same scores, as a report is made anew with each of them."""
    return separation(np.array(members), np.array(others))


@dataclass(frozen=True, eq=False)
class Membership:
    """Scores of both sides; a `Report`.

    Attributes:
        settings: what was asked for.
        sides: pictures in question, and others.
        parts: the measured scores of each side's pictures.
        total: measurements in all.
        about: model, images and arithmetic, as the job says them.
        known: sentences on the images.
    """

    settings: MembershipSettings
    sides: tuple[Side, Side]
    parts: Mapping[Key, tuple[float, ...]]
    total: int
    about: Mapping[str, Any]
    known: tuple[str, ...]

    @property
    def done(self) -> int:
        """How many measurements there are."""
        return len(self.parts)

    @cached_property
    def told(self) -> list[Told]:
        """A row for each score that is whole, alone and against the reference."""
        found = []
        for score in dict.fromkeys(key.score for key in self.parts):
            own, other = (
                [self.parts.get(Key(score, model, side.name)) for side in self.sides]
                for model in ("model", "reference")
            )
            if own[0] is None or own[1] is None:
                continue
            found.append(_told(score, False, own[0], own[1]))
            if other[0] is not None and other[1] is not None:
                held = [tuple(against(score, mine, its)) for mine, its in ((own[0], other[0]), (own[1], other[1]))]
                found.append(_told(score, True, *held))
        return found

    @cached_property
    def blind(self) -> Told | None:
        """The baseline; None before any score is there."""
        if not self.told:
            return None
        seen = self._seen_blindly
        return _told(BLIND, False, tuple(seen.members.tolist()), tuple(seen.others.tolist()))

    @cached_property
    def _seen_blindly(self) -> Blind:
        """What the pictures alone say."""
        return blind(*(side.pictures for side in self.sides))

    @property
    def compared(self) -> list[Told]:
        """All of them, the baseline last."""
        return [*self.told, *([] if self.blind is None else [self.blind])]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The same as JSON and CSV have it."""
        return [item.row for item in self.compared]

    @property
    def best(self) -> Told | None:
        """The score with the largest AUC."""
        return max(self.told, key=lambda item: item.found.auc.value, default=None)

    @property
    def headline(self) -> str:
        """The best score beside the baseline, with counts."""
        best, blind = self.best, self.blind
        if best is None or blind is None:
            return "no score is measured yet"
        return (
            f"{best.title}: AUC {best.found.auc.as_ratio}, {best.found.found} found at {best.found.alarms.beat} false "
            f"alarms of {best.found.alarms.count:,}; blind: AUC {blind.found.auc.as_ratio}"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing to know."""
        said = list(self.known)
        count = len(self.sides[1].rows)
        if count <= 100:
            said.append(
                f"With {count} pictures of each side, a rate of false alarms below 1 % means none at all: "
                "give more than 100."
            )
        if self.told and self._seen_blindly.p < _RARE:
            said.append(
                f"The two sets differ by themselves (p = {self._seen_blindly.p:.3f}): somebody who never asks the "
                "model tells them apart, so a score that does so, too, may have seen no more than that."
            )
        said.append(
            "The best of several scores is a little too good. A score alone proves nothing to others, as nobody can "
            "try models that were trained without these pictures."
        )
        return tuple(said)

    def lines(self) -> list[str]:
        """One for each score; before there is any, how far it is."""
        return [
            f"{item.title}: AUC {item.found.auc.as_ratio}, TPR@1%FPR {item.found.tpr.as_ratio}, "
            f"{len(item.members):,} + {len(item.others):,} pictures"
            for item in self.compared
        ] or [f"{self.done} of {self.total} measurements"]

    def table(self) -> str:
        """CSV: a row each."""
        columns = [*_COLUMNS, *_COUNTS]
        return table(columns, ([row[name] for name in columns] for row in self.rows))

    def summary(self) -> dict[str, Any]:
        """All of it as JSON: `scores` has the rows, `blind` the baseline."""
        return {
            "complete": self.done == self.total,
            "settings": self.settings.model_dump(mode="json"),
            **self.about,
            "notes": list(self.notes),
            "versions": versions(),
            "scores": [item.row for item in self.told],
            "blind": None if self.blind is None else self.blind.row | {"p": self._seen_blindly.p},
        }

    def pictures(self) -> dict[str, np.ndarray]:
        """The ROC curves."""
        return {"membership.png": roc_chart(self.compared)}

    def renamed(self, named: Callable[[Any], Any]) -> "Membership":
        """The same with other names of model and images."""
        settings = MembershipSettings.read(named(self.settings.model_dump(mode="json")))
        return replace(self, settings=settings, about=named(dict(self.about)))


def _told(score: str, reference: bool, members: tuple[float, ...], others: tuple[float, ...]) -> Told:
    """One row.

    Raises:
        ValueError: a score is not a number.
    """
    return Told(score, reference, np.array(members), np.array(others), _separated(members, others))


def place_of(item: Told) -> int:
    """Of its look in a chart; the baseline's is always the same."""
    return 4 if item.score == BLIND else [0, 1, 2, 3, 5][list(ATTACKS).index(item.score)]


def roc_chart(items: list[Told]) -> np.ndarray:
    """(H, W, 3) uint8: a ROC curve for each, on logarithmic false alarms."""
    figure, (plot,) = paper(_WIDTH, _HEIGHT)
    least = 0.5 / max((len(item.others) for item in items), default=100)
    for item in items:
        look = look_of(place_of(item))
        style = (0, (3, 2)) if item.reference or item.score == BLIND else "solid"
        at = np.clip(item.curve.false_positives, least, 1)
        plot.step(at, item.curve.true_positives, where="post", color=look.color, linestyle=style, label=item.title)
    diagonal = np.geomspace(least, 1, 50)
    plot.plot(diagonal, diagonal, color="#999", linewidth=0.8, label="chance")
    plot.set_xscale("log")
    plot.set_xlabel("false alarms (share of pictures never seen)")
    plot.set_ylabel("share of the pictures in question that is found")
    plot.legend(frameon=False, fontsize=8)
    return pixels(figure)
