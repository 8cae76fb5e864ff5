"""Runs of the command line go into the workspace too; trouble there is said once and stops nothing."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from side_core.extraction.run import Extraction
from side_core.progress import complain
from side_core.runs.opening import open_workspace
from side_core.runs.picture_shelf import link_picture
from side_core.runs.recording import begin_run, keep, keep_folder, leave_run
from side_core.runs.run import NewRun, Run
from side_core.runs.workspace import Workspace


class Noting:
    """One run, noted as it begins and kept when it ends.

    Args:
        new: the run.
        wanted: whether to note it at all.
    """

    def __init__(self, new: NewRun, wanted: bool = True):
        self.new = new
        self.workspace: Workspace | None = None
        self.run: Run | None = None
        if wanted:
            self.attempt(self.begin)

    def begin(self) -> None:
        """Open the workspace; a drawn run is noted now, others when they end."""
        self.workspace = open_workspace()
        if self.new.pictures:
            self.run = begin_run(self.workspace, self.new)

    def attempt(self, work: Callable[[], object]) -> None:
        """Do something in the workspace; if it cannot be done, say so and leave the rest out."""
        try:
            work()
        except ValueError as error:
            self.workspace = None
            complain(str(error))

    def pictures(self, folder: Path, seeds: Iterable[int], plain: bool = False) -> None:
        """Keep finished pictures, which are files `<seed>.png` of a folder already."""
        if (here := self.workspace) is None:
            return
        key = self.new.plain if plain else self.new.pictures

        def link() -> None:
            for seed in seeds:
                link_picture(here.pictures / key, seed, folder / f"{seed}.png")

        if key:
            self.attempt(link)

    def leave(self) -> None:
        """The run was interrupted before it could be scored."""
        if (here := self.workspace) is not None and (run := self.run) is not None:
            self.attempt(lambda: leave_run(here, run.id))

    def result(self, extraction: Extraction) -> None:
        """Keep what came out."""
        if (here := self.workspace) is not None:
            self.attempt(lambda: keep(here, extraction))

    def files(self, finished: int, headline: str, write: Callable[[Path], Mapping[str, Any]]) -> None:
        """Keep what `write` puts into the run's folder, and the summary it returns."""
        if (here := self.workspace) is not None:
            self.attempt(lambda: keep_folder(here, self.new, finished, headline, write))
