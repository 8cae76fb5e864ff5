"""A method that measures something of a model: what its page, its command, the history and links know of it."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from side_core.settings import Settings
from side_core.settings.ability import ABILITIES, Ability
from side_core.wording import counted, listed

if TYPE_CHECKING:
    from side_core.job import Advance, Estimate, Job, Report
    from side_core.sampling.store import Store


@dataclass(frozen=True)
class Method:
    """An entry of `side_core.methods.METHODS`. Importing it imports nothing heavy.

    Attributes:
        name: of the command, the page and its path, and the kind of its runs: one word.
        title: of the page in the navigation.
        icon: of Material Symbols.
        about: what it does, for the list of commands.
        settings: frozen, with bounds; their field `model` names what is examined.
        counted: what its progress counts, in the plural.
        module: has `open_job(settings, device, recorded)`, a generator of progress that returns a `Job`; imported when
            it is opened.
        example: settings of a run that takes seconds; left out is what has a default.
        needs: of a model.
        pictures: file names of what it draws, with what they show.
        unused: settings that it shares with others and that change nothing here.
        patience: settings that change no result, only how long it may take.
    """

    name: str
    title: str
    icon: str
    about: str
    settings: type[Settings]
    counted: str
    module: str
    example: Mapping[str, Any]
    needs: frozenset[Ability] = frozenset()
    pictures: Mapping[str, str] = field(default_factory=dict)
    unused: frozenset[str] = frozenset()
    patience: frozenset[str] = frozenset()

    def open(
        self, settings: Settings, device: str | None = None, recorded: str | None = None
    ) -> "Generator[Advance, None, Job]":
        """Open what the settings name, handing out the progress.

        Args:
            settings: of this method.
            device: left out: the best there is.
            recorded: text of the arithmetic that it was begun in, see `open_denoiser`.

        Raises:
            ValueError: something cannot be opened, does not go together, or the model lacks what the method needs.
        """
        self.check(str(dict(settings)["model"]))
        job: Job = yield from import_module(self.module).open_job(settings, device, recorded)
        return job

    def run(
        self, settings: Settings, store: "Store", device: str | None = None
    ) -> "Generator[Advance | Estimate | Report, None, Report]":
        """All of it: opening, the estimate, every step and what there is so far; the last part is the report.

        Raises:
            ValueError: see `open` and `run_job`.
        """
        from side_core.job import run_job

        job = yield from self.open(settings, device)
        return (yield from run_job(job, store))

    def amount(self, count: int) -> str:
        """So many of what it counts, in words."""
        return counted(count, self.counted.removesuffix("s"), self.counted)

    def check(self, model: str) -> None:
        """Raise ValueError where a model lacks what the method needs; only its description is read."""
        if not self.needs:
            return
        from side_core.dpm.description import describe

        if lacking := self.needs - describe(model).abilities:
            wanted = listed([words for ability, words in ABILITIES.items() if ability in lacking])
            raise ValueError(f"{self.title} needs a model that {wanted}, and '{model}' is none: choose another model.")
