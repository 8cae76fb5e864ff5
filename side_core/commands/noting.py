"""Runs of the command line go into the workspace too; trouble there is said once and stops nothing."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from side_core.commands.terminal import complain
from side_core.extraction.run import Extraction
from side_core.files.whole_file import write_whole
from side_core.runs.opening import open_workspace
from side_core.runs.reading import seeds_of
from side_core.runs.recording import begin_run, keep, keep_folder, leave_run
from side_core.runs.run import NewRun, Run
from side_core.runs.store import equal, showing
from side_core.runs.workspace import Workspace, animation_file
from side_core.sampling.picture import Picture
from side_core.sampling.picture_files import link_picture, read_pictures, seeds_in
from side_core.wording import counted


class Noting:
    """One run, noted as it begins and kept when it ends; a `SampleStore` of pictures that lie in the run's own folder.

    Args:
        new: the run.
        wanted: whether to note it at all.
        folders: where its pictures lie, by what they depend on.
    """

    def __init__(self, new: NewRun, wanted: bool = True, folders: Mapping[str, Path] | None = None):
        self.new, self.folders = new, folders or {}
        self.workspace: Workspace | None = None
        self.run: Run | None = None
        self.others: list[Run] = []  # whose pictures may be reused: an equal one first, then the newest
        if wanted:
            self.attempt(self.begin)

    def begin(self) -> None:
        """Open the workspace; a drawn run is noted now, others when they end."""
        self.workspace = open_workspace()
        if self.new.pictures:
            known, keys = equal(self.workspace, self.new), filter(None, (self.new.pictures, self.new.plain))
            others = [run for key in keys for run in showing(self.workspace, key)]
            self.others = others if known is None else [known, *others]
            self.run = begin_run(self.workspace, self.new)

    def attempt(self, work: Callable[[], object]) -> None:
        """Do something in the workspace; if it cannot be done, say so and leave the rest out."""
        try:
            work()
        except ValueError as error:
            self.workspace = None
            complain(str(error))

    def seeds(self, key: str) -> Collection[int]:
        """The seeds whose pictures the workspace keeps."""
        return set() if self.workspace is None else seeds_in(self.workspace.pictures / key)

    def put(self, key: str, pictures: Mapping[int, Picture]) -> None:
        """Keep finished pictures, which are files of the run's folder already; lost ones are none."""
        self.link(key, [seed for seed, picture in pictures.items() if not picture.lost])

    def link(self, key: str, seeds: Iterable[int]) -> None:
        """Keep the files `SEED.png` of the run's folder."""
        if (here := self.workspace) is None:
            return

        def link() -> None:
            for seed in seeds:
                link_picture(here.pictures / key, seed, self.folders[key] / f"{seed}.png")

        self.attempt(link)

    def animation(self, seeds: Sequence[int], content: bytes) -> None:
        """Keep the animated path of these seeds, which can be made again where it cannot be kept."""
        if (here := self.workspace) is not None:
            with suppress(ValueError):
                write_whole(animation_file(here.pictures / self.new.pictures, seeds), content)

    def found(self, key: str, seeds: Sequence[int]) -> dict[int, Picture]:
        """The pictures of these seeds that the workspace keeps, whatever run they were drawn for; says of which."""
        if self.workspace is None or not seeds:
            return {}
        found = read_pictures(self.workspace.pictures / key, seeds)
        if found:
            same = (run for run in self.others if key in (run.pictures, run.plain))
            source = next((run for run in same if not found.keys().isdisjoint(seeds_of(run))), None)
            of = "that no run shows any more" if source is None else f"of run {source.id}"
            what = "plain picture" if key == self.new.plain else "picture"
            complain(f"reused {counted(len(found), what)} {of}.")
        return found

    def kept_animation(self, seeds: Sequence[int]) -> bytes | None:
        """The animated path of these seeds, where the workspace keeps it."""
        if self.workspace is None:
            return None
        try:
            return animation_file(self.workspace.pictures / self.new.pictures, seeds).read_bytes()
        except OSError:
            return None

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
