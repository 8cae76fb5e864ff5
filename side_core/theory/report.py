"""What came out of an experiment, or what there is of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from side_core.extraction.summary import versions
from side_core.extraction.tables import table
from side_core.settings.theory import TheorySettings
from side_core.theory.experiment import Experiment, Row


@dataclass(frozen=True, eq=False)
class Theory:
    """Rows with their intervals; a `Report`.

    Attributes:
        settings: what was asked for.
        experiment: which.
        parts: finished measurements by their names.
        about: model, images and arithmetic, as the job says them.
        known: sentences on the images.
    """

    settings: TheorySettings
    experiment: Experiment
    parts: Mapping[str, Mapping[str, Any]]
    about: Mapping[str, Any]
    known: tuple[str, ...]

    @property
    def done(self) -> int:
        """How many measurements there are."""
        return len(self.parts)

    @cached_property
    def rows(self) -> list[Row]:
        """What they come to."""
        return self.experiment.rows(self.parts)

    @property
    def headline(self) -> str:
        """In one line, with count and control."""
        return self.experiment.headline(self.rows)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing to know."""
        return (*self.known, *self.experiment.remarks(self.rows))

    def lines(self) -> list[str]:
        """One for each row; before there is any, how far it is."""
        return self.experiment.lines(self.rows) or [f"{self.done} of {len(self.experiment.measurements)} measurements"]

    def table(self) -> str:
        """CSV: a row each."""
        columns = self.experiment.columns
        return table(list(columns), ([row[name] for name in columns] for row in self.rows))

    def summary(self) -> dict[str, Any]:
        """All of it as JSON; the rows stand under the name of the experiment."""
        return {
            "complete": self.done == len(self.experiment.measurements),
            "settings": self.settings.model_dump(mode="json"),
            **self.about,
            "notes": list(self.notes),
            "versions": versions(),
            self.settings.experiment: self.rows,
        }

    def pictures(self) -> dict[str, np.ndarray]:
        """The chart."""
        return {"theory.png": self.experiment.chart(self.rows)}

    def renamed(self, named: Callable[[Any], Any]) -> "Theory":
        """The same with other names of model and images."""
        settings = TheorySettings.read(named(self.settings.model_dump(mode="json")))
        return replace(self, settings=settings, about=named(dict(self.about)))
