"""What came of one prompt without and with a method, or what there is of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from side_core.extraction.summary import rate_json, versions
from side_core.extraction.tables import table
from side_core.mitigation.judged import SCORE, Judged
from side_core.mitigation.opened import Opened
from side_core.settings.mitigation import MitigationSettings
from side_core.settings.mitigation_methods import MITIGATIONS, strength_of
from side_core.stats.rate import Rate
from side_core.wording import rounded

_GAP = 2  # pixels between pictures of the sheet
_COLUMNS = ("seed", "side", "ratio", "control_ratio", "nearest", "clip_score")


@dataclass(frozen=True, eq=False)
class Compared:
    """Pictures of one prompt; a `Report`.

    Attributes:
        settings: what was asked for.
        opened: the model and what its pictures are held against.
        judged: without, then with; as many as there are.
        images: (k, H, W, 3) uint8 of each.
        score: of the prompt, before anything was done; None where it is not known yet.
        treated: whether the method was applied; not where it is gated and the prompt does not stand out.
        about: model, images and arithmetic, as the job says them.
    """

    settings: MitigationSettings
    opened: Opened
    judged: tuple[Judged, ...]
    images: tuple[np.ndarray, ...]
    score: float | None
    treated: bool
    about: Mapping[str, Any]

    @property
    def done(self) -> int:
        """How many of both sides there are."""
        return len(self.judged)

    @property
    def title(self) -> str:
        """The method with its strength."""
        strength = strength_of(self.settings.method, self.settings.strength)
        return MITIGATIONS[self.settings.method].title + ("" if strength is None else f" ({strength:g})")

    @property
    def headline(self) -> str:
        """Copies without and with, with control and CLIP score."""
        words = ("without", "with " + self.title)
        parts = [
            f"{side} {_copies_in_words(found.copies)} look copied{_fit_in_words(found)}"
            for side, found in zip(words, self.judged, strict=False)
        ]
        control = f"; control {_copies_in_words(self.judged[-1].of_control)}" if self.judged else ""
        return "; ".join(parts) + control if parts else "nothing is drawn yet"

    @property
    def higher(self) -> Rate | None:
        """How many prompts that the model never saw pull as hard as this one."""
        gate = self.opened.gate
        return None if gate is None or self.score is None else gate.held_out.at_or_above(self.score)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing to know."""
        found = list(self.opened.subject.notes)
        if self.done == 2 and not self.treated and self.settings.method != "none":
            found.append("The prompt does not stand out from prompts the model never saw, so it was left alone.")
        if self.opened.clip is None:
            found.append(
                "No CLIP model is named that knows such pictures, so how well they fit the prompt is not said."
            )
        if MITIGATIONS[self.settings.method].training_images:
            found.append("This method looks at the training images while it draws: only who has them can use it.")
        return tuple(found)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each picture."""
        ids, found = self.opened.subject.data.ids, []
        for side, judged in zip(("without", "with"), self.judged, strict=False):
            for place, seed in enumerate(self.settings.seeds):
                fit = judged.fits[place] if judged.fits else None
                near = str(ids[judged.rows[place]])
                values = (seed, side, judged.ratios[place], judged.control[place], near, fit)
                found.append(dict(zip(_COLUMNS, values, strict=True)))
        return found

    def lines(self) -> list[str]:
        """For people: the score of the prompt, and one for each side."""
        if self.score is None:
            return ["nothing is drawn yet"]
        reach = "no held-out prompts to hold it against" if self.higher is None else f"{self.higher} held-out reach it"
        found = [f"pull of the prompt {rounded(self.score)}: {reach}"]
        for side, judged in zip(("without", f"with {self.title}"), self.judged, strict=False):
            fit = _fit_in_words(judged)
            found.append(f"{side}: {judged.copies} look copied ({_RULE}), control {judged.of_control}{fit}")
        return found

    def table(self) -> str:
        """CSV: a row for each picture."""
        return table(list(_COLUMNS), (list(row.values()) for row in self.rows()))

    def summary(self) -> dict[str, Any]:
        """All of it as JSON."""
        gate = self.opened.gate
        sides = {
            side: {
                "copies": rate_json(judged.copies),
                "control": rate_json(judged.of_control),
                "clip_score": float(np.mean(judged.fits)) if judged.fits else None,
            }
            for side, judged in zip(("without", "with"), self.judged, strict=False)
        }
        return {
            "complete": self.done == 2,
            **self.about,
            "strength": strength_of(self.settings.method, self.settings.strength),
            "usual_norm": self.opened.usual_norm,
            "pull": self.score,
            "held_out_that_reach_it": None if self.higher is None else rate_json(self.higher),
            "threshold": None if gate is None else gate.threshold.value,
            "treated": self.treated,
            "score": _RULE,
            **sides,
            "pictures": self.rows(),
            "notes": list(self.notes),
            "versions": versions(),
        }

    def pictures(self) -> dict[str, np.ndarray]:
        """A sheet: pictures without, with, and the training pictures that the first are nearest to."""
        if not self.images:
            return {"mitigation.png": np.full((8, 8, 3), 255, np.uint8)}
        data = self.opened.subject.data.images
        nearest = np.stack([data[row] for row in self.judged[0].rows])
        rows = [_row_of(images) for images in (*self.images, nearest)]
        return {"mitigation.png": np.concatenate(rows)}

    def renamed(self, named: Callable[[Any], Any]) -> "Compared":
        """The same with other names of model and images."""
        settings = MitigationSettings.read(named(self.settings.model_dump(mode="json")))
        return replace(self, settings=settings, about=named(dict(self.about)))


_RULE = f"{SCORE.symbol} {SCORE.sign} {rounded(SCORE.threshold)}"


def _row_of(images: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: pictures side by side on white."""
    framed = np.pad(images, ((0, 0), (_GAP, _GAP), (_GAP, _GAP), (0, 0)), constant_values=255)
    return np.concatenate(list(framed), axis=1)


def _copies_in_words(found: Rate) -> str:
    """So many of so many, with the interval."""
    return f"{found.beat} of {found.count} ({found.interval})"


def _fit_in_words(judged: Judged) -> str:
    """The mean CLIP score, where there is one."""
    return f", CLIP score {np.mean(judged.fits):.3f}" if judged.fits else ""
