"""What a search for triggers has found so far; a `Report`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from side_core.extraction.summary import rate_json, versions
from side_core.extraction.tables import table
from side_core.mitigation.finds import Find, Merged, Truth, merged, truth_of
from side_core.mitigation.judged import SCORE, Judged, judge
from side_core.mitigation.opened import Opened
from side_core.prompts.held_out import CAPTIONED
from side_core.settings.mitigation import MitigationSettings
from side_core.stats.rate import Rate, rate
from side_core.wording import counted, rounded

_COLUMNS = ("prompt", "score", "held_out_that_reach_it", "round", "copies", "pictures", "control", "nearest", "same_as")
_SHEET = 40  # finds on the sheet


@dataclass(frozen=True, eq=False)
class Triggers:
    """Finds with their pictures.

    Attributes:
        settings: what was asked for.
        opened: the model and what finds are held against.
        done: finished rounds.
        finds: different ones, the highest score first.
        drawn: (k, H, W, 3) uint8 by the prompt of a find; those that are drawn.
        evaluations: of the model, by the search.
        about: model, images and arithmetic, as the job says them.
    """

    settings: MitigationSettings
    opened: Opened
    done: int
    finds: tuple[Find, ...]
    drawn: Mapping[str, np.ndarray]
    evaluations: int
    about: Mapping[str, Any]

    @cached_property
    def seen(self) -> tuple[Find, ...]:
        """Finds whose pictures are drawn."""
        return tuple(find for find in self.finds if find.prompt in self.drawn)

    @cached_property
    def stack(self) -> np.ndarray:
        """(n, k, H, W, 3) uint8 of these."""
        if not self.seen:
            return np.empty((0, 1, *self.opened.denoiser.image_size, 3), np.uint8)
        return np.stack([self.drawn[find.prompt] for find in self.seen])

    @cached_property
    def judged(self) -> Judged | None:
        """How near their pictures are to training images and control; None where there are none."""
        if not self.seen:
            return None
        return judge(self.stack, [find.prompt for find in self.seen], self.opened.references, None)

    @cached_property
    def groups(self) -> tuple[Merged, ...]:
        """Finds with the same picture made one."""
        return merged(self.seen, self.stack)

    @cached_property
    def truth(self) -> Truth | None:
        """What they are worth where it is known what the model has memorised."""
        if self.opened.subject.data.name != CAPTIONED:
            return None
        return truth_of(self.seen, self.judged)

    @property
    def copied(self) -> Rate | None:
        """How many finds have a picture that looks copied; None where there are none."""
        if self.judged is None:
            return None
        return rate(int(self.judged.hits.reshape(len(self.seen), -1).any(axis=1).sum()), len(self.seen))

    @property
    def of_control(self) -> Rate | None:
        """How many would from images that the model never saw."""
        if self.judged is None:
            return None
        control = SCORE.beats(np.array(self.judged.control), SCORE.threshold)
        return rate(int(control.reshape(len(self.seen), -1).any(axis=1).sum()), len(self.seen))

    @property
    def headline(self) -> str:
        """What was found, and how much of it is true."""
        if self.copied is None or self.of_control is None:
            return f"{counted(self.done, 'round')}, nothing found"
        said = (
            f"{counted(len(self.seen), 'find')} of {counted(len(self.groups), 'different picture')} in "
            f"{counted(self.done, 'round')}: {self.copied.beat} bring a training picture back, "
            f"{self.copied.count - self.copied.beat} do not; control {self.of_control.beat}"
        )
        if self.truth is None:
            return said
        return f"{said}; {self.truth.many.beat} of the {self.truth.many.count} repeated captions' pictures"

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing to know."""
        found = (
            f"The search looked at {self.evaluations:,} prompts, so that a threshold for one prompt promises nothing "
            "here: a find counts by its pictures.",
        )
        return (*self.opened.subject.notes, *(found if self.evaluations else ()))

    def rows(self) -> list[dict[str, Any]]:
        """A row for each find."""
        if self.judged is None:
            return []
        first = {find.prompt: group.finds[0].prompt for group in self.groups for find in group.finds}
        hits = self.judged.hits.reshape(len(self.seen), -1)
        control = SCORE.beats(np.array(self.judged.control), SCORE.threshold).reshape(hits.shape)
        near = np.array(self.judged.rows).reshape(hits.shape)
        ratios = np.array(self.judged.ratios).reshape(hits.shape)
        found = []
        for place, find in enumerate(self.seen):
            row = near[place, ratios[place].argmin()]
            values = (
                *(find.prompt, find.score, find.higher.share, find.round, int(hits[place].sum()), hits.shape[1]),
                *(int(control[place].sum()), str(self.opened.subject.data.ids[row])),
                "" if first[find.prompt] == find.prompt else first[find.prompt],
            )
            found.append(dict(zip(_COLUMNS, values, strict=True)))
        return found

    def lines(self) -> list[str]:
        """The headline, then one for each find."""
        return [self.headline] + [
            f"{rounded(row['score'])}  {row['copies']} of {row['pictures']} look copied  {row['prompt']}"
            for row in self.rows()
        ]

    def table(self) -> str:
        """CSV: a row for each find."""
        return table(list(_COLUMNS), (list(row.values()) for row in self.rows()))

    def summary(self) -> dict[str, Any]:
        """All of it as JSON."""
        truth = self.truth
        rates = {"copied": self.copied, "control": self.of_control}
        if truth is not None:
            rates |= {
                "many": truth.many,
                "templates": truth.templates,
                "false": truth.false,
                "captions": truth.captions,
            }
        return {
            "complete": self.done == self.settings.rounds,
            **self.about,
            "rounds": self.done,
            "evaluations": self.evaluations,
            "pictures": len(self.groups),
            **{name: None if found is None else rate_json(found) for name, found in rates.items()},
            "finds": self.rows(),
            "notes": list(self.notes),
            "versions": versions(),
        }

    def pictures(self) -> dict[str, np.ndarray]:
        """A sheet: a picture of each find above the training picture that it is nearest to."""
        if self.judged is None:
            return {"mitigation.png": np.full((8, 8, 3), 255, np.uint8)}
        rows = np.array(self.judged.rows).reshape(len(self.seen), -1)[:_SHEET, 0]
        nearest = self.opened.subject.data.images[rows]
        return {
            "mitigation.png": np.concatenate(
                [np.concatenate(list(part), axis=1) for part in (self.stack[:_SHEET, 0], nearest)]
            )
        }

    def renamed(self, named: Callable[[Any], Any]) -> "Triggers":
        """The same with other names of model and images."""
        settings = MitigationSettings.read(named(self.settings.model_dump(mode="json")))
        return replace(self, settings=settings, about=named(dict(self.about)))
