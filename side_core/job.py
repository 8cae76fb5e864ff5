"""What a method does once its settings are checked and its model is open: estimate, run, stop, go on, report."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from side_core.dpm.denoiser import Denoiser
from side_core.dpm.formats.config import read_json
from side_core.dpm.timing import Timing
from side_core.files.images import png
from side_core.files.parts import FolderParts
from side_core.files.whole_file import make_folder, write_json, write_whole
from side_core.sampling.picture_arrays import ArrayStore
from side_core.sampling.store import Store
from side_core.settings import Settings
from side_core.wording import are, counted

ABOUT, _PARTS, _PICTURES = "about.json", "parts", "pictures"


@dataclass(frozen=True)
class Estimate:
    """What is still to do, before it begins; a method's own says so in a sentence, as its text.

    Attributes:
        steps: as `Advance` counts them.
        seconds: of all that is missing, here.
    """

    steps: int
    seconds: float


@dataclass(frozen=True)
class CountedEstimate(Estimate):
    """What is still to do, in parts of one kind.

    Attributes:
        missing: parts.
        total: all of them.
        part: what one is.
        done: what becomes of it: `made`, `done`.
    """

    missing: int
    total: int
    part: str
    done: str

    def __str__(self) -> str:
        if not self.missing:
            return f"All {counted(self.total, self.part)} {are(self.total)} {self.done}."
        time = f"{self.seconds:.0f} s" if self.seconds < 90 else f"{self.seconds / 60:.1f} minutes"
        all_of_them = counted(self.total, self.part)
        return f"{self.missing:,} of {all_of_them} {are(self.missing)} to be {self.done}, about {time}."


@dataclass(frozen=True)
class Advance:
    """A step: `done` of `total`.

    Attributes:
        words: what is being done.
    """

    done: int
    total: int
    words: str


class Report(Protocol):
    """What came out, or what there is of it. Each figure has its control, its count and its interval."""

    @property
    def done(self) -> int:
        """How much of the job's `total` there is."""
        ...

    @property
    def headline(self) -> str:
        """In one line."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """A sentence for each thing to know."""
        ...

    def lines(self) -> Sequence[str]:
        """One line for each of what the method counts, for people."""
        ...

    def table(self) -> str:
        """The same as CSV."""
        ...

    def summary(self) -> dict[str, Any]:
        """All figures, settings, fingerprints and versions, as JSON has them."""
        ...

    def pictures(self) -> Mapping[str, np.ndarray]:
        """(H, W, 3) uint8 by the names that `Method.pictures` has."""
        ...

    def renamed(self, named: Callable[[Any], Any]) -> "Report":
        """The same, as it may leave this machine.

        Args:
            named: takes JSON and puts names in the place of paths.
        """
        ...


class Job(Protocol):
    """Checked settings with all that they name opened; nothing is computed before it runs.

    Attributes:
        total: how much there is of what the method counts.
        key: names all that the result depends on.
        fingerprints: of model, arithmetic, images and whatever else the result depends on, by what they are of.
        denoiser: the model.
        batch: pictures that are drawn at once.
    """

    @property
    def settings(self) -> Settings: ...

    @property
    def total(self) -> int: ...

    @property
    def key(self) -> str: ...

    @property
    def fingerprints(self) -> Mapping[str, str]: ...

    @property
    def denoiser(self) -> Denoiser: ...

    @property
    def batch(self) -> int: ...

    def about(self) -> dict[str, Any]:
        """What a folder says of whose results it holds: `settings`, `model` with its `fingerprint`, `arithmetic`, …"""
        ...

    def found(self, store: Store) -> Report:
        """What the store holds; nothing is computed."""
        ...

    def estimate(self, store: Store, timing: Timing | None = None) -> Estimate:
        """What is missing, and how long it will take.

        Args:
            store: what is there.
            timing: of the model, where it was measured before.
        """
        ...

    def check(self, estimate: Any) -> None:
        """Raise ValueError where it would take longer than the settings allow."""
        ...

    def work(self, store: Store) -> Generator[Advance | Report, None, Report]:
        """Do what is missing, handing out each step and, as soon as one more of what is counted is there, the report.

        What is in the store is not done again. Whoever stops early keeps what was handed out; the store has it, too.
        """
        ...


def run_job(
    job: Job, store: Store, estimate: Estimate | None = None
) -> Generator[Estimate | Advance | Report, None, Report]:
    """First the estimate, then every step and the report so far; the last part is the report.

    Args:
        job: what to do.
        store: where finished work is kept.
        estimate: where it was made before.

    Raises:
        ValueError: it would take longer than the settings allow; the model returns no numbers.
    """
    estimate = estimate or job.estimate(store)
    yield estimate
    job.check(estimate)
    return (yield from job.work(store))


def open_folder(out: Path, job: Job, resume: bool) -> Store:
    """The store of a job in a folder: pictures and parts, each under the name of all it depends on.

    Args:
        out: made if there is none.
        job: what is done there.
        resume: take up what is there. It may have been another job of the same model.

    Raises:
        ValueError: it holds results already and is not resumed, results of another model, or cannot be written.
    """
    file, about = out / ABOUT, job.about()
    make_folder(out)
    if file.is_file() and any(any((out / part).iterdir()) for part in (_PARTS, _PICTURES) if (out / part).is_dir()):
        known = read_json(file)
        model = known.get("model")
        found = model.get("fingerprint", "") if isinstance(model, Mapping) else ""
        if found != job.denoiser.fingerprint:
            raise ValueError(
                f"'{out}' holds results of another model (fingerprint {str(found)[:12]}, not "
                f"{job.denoiser.fingerprint[:12]}): results of two models are not mixed, choose another folder."
            )
        if known.get("arithmetic") != about["arithmetic"]:
            raise ValueError(
                f"'{out}' holds results in {known.get('arithmetic')}, and here it would go on in "
                f"{about['arithmetic']}: pictures of two arithmetics are not mixed. Choose the mode (exact or fast) "
                "and device it began with, or another folder."
            )
        if not resume:
            raise ValueError(f"'{out}' holds results already: resume them, or choose another folder.")
    write_json(file, about)
    return Store(ArrayStore(out / _PICTURES), FolderParts(out / _PARTS))


def arithmetic_in(out: Path, about: str = ABOUT) -> str | None:
    """The text of the arithmetic that a folder's work was begun in; None where there is none, or it does not say.

    Args:
        out: the folder.
        about: the file in it that says whose results it holds.
    """
    found = read_json(out / about).get("arithmetic") if (out / about).is_file() else None
    return found if isinstance(found, str) else None


def write_report(report: Report, name: str, out: Path) -> dict[str, Any]:
    """Write NAME.csv, the pictures and, last, NAME.json into a folder; returns what it says."""
    write_whole(out / f"{name}.csv", report.table().encode())
    for file, image in report.pictures().items():
        write_whole(out / file, png(image))
    summary = {"method": name} | report.summary()
    write_json(out / f"{name}.json", summary)
    return summary
