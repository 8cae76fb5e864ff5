"""Sweep as a method: what it opens, and how it runs."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from side_core.dpm.denoiser import Denoiser
from side_core.dpm.timing import Timing
from side_core.job import Advance
from side_core.progress import Part
from side_core.sampling.store import Store
from side_core.settings import SweepSettings
from side_core.sweep.estimate import SweepEstimate, check_time, estimate_of
from side_core.sweep.plan import Plan, make_plan, sharing
from side_core.sweep.report import Sweep
from side_core.sweep.sweep import finished, sweep


@dataclass(frozen=True, eq=False)
class SweepJob:
    """A planned sweep; a `Job`."""

    plan: Plan

    @property
    def settings(self) -> SweepSettings:
        """What was asked for."""
        return self.plan.settings

    @property
    def total(self) -> int:
        """How many cells there are."""
        return len(self.plan.places)

    @property
    def key(self) -> str:
        """All cells by what they depend on."""
        return " ".join(place.name for place in self.plan.places)

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """Of all that the cells depend on."""
        shared, subject = self.plan.shared, self.plan.shared.subject
        prints = {
            "data": subject.data.fingerprint,
            "model": shared.denoiser.fingerprint,
            "arithmetic": str(shared.denoiser.arithmetic),
            **{f"encoder {name}": item.encoder.fingerprint for name, item in shared.references.items()},
            **{f"surrogate {name}": item.surrogate.fingerprint for name, item in shared.steerings.items()},
        }
        return prints if subject.control is None else prints | {"control": subject.control.fingerprint}

    @property
    def denoiser(self) -> Denoiser:
        """The model."""
        return self.plan.shared.denoiser

    @property
    def batch(self) -> int:
        """Pictures that are drawn at once."""
        sampling = self.plan.places[0].samples.settings
        return min(sampling.batch_size, sampling.count)

    def about(self) -> dict[str, Any]:
        """Which model, images and surrogates the cells are of."""
        return self.plan.about()

    def found(self, store: Store) -> Sweep:
        """The cells that are measured."""
        return finished(self.plan, store)

    def estimate(self, store: Store, timing: Timing | None = None) -> SweepEstimate:
        """What the missing cells will take."""
        return estimate_of(self.plan, store, timing)

    def check(self, estimate: SweepEstimate) -> None:
        """Raise ValueError where it would take longer than `minutes`."""
        check_time(self.plan, estimate)

    def work(self, store: Store) -> Generator[Advance | Sweep, None, Sweep]:
        """Measure what is missing."""
        return sweep(self.plan, store)


def open_job(
    settings: SweepSettings, device: str | None = None, recorded: str | None = None
) -> Generator[Part, None, SweepJob]:
    """Open the model, its images, the surrogates and the encoders, and plan the cells.

    Raises:
        ValueError: see `sharing` and `make_plan`.
    """
    shared = yield from sharing(settings, device, recorded)
    return SweepJob(make_plan(settings, shared))
