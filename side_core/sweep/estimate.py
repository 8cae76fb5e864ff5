"""How long a sweep will take here, from one measured step, plain and steered."""

import math
from dataclasses import dataclass, replace

import torch

from side_core.dpm.denoiser import Denoiser
from side_core.dpm.timing import PATIENCE, Timing, measure_timing, seconds_of
from side_core.extraction.matching import match
from side_core.extraction.references import References
from side_core.job import Estimate
from side_core.sampling.missing import SampleSet
from side_core.sampling.schedule import schedule_of
from side_core.sampling.store import Store
from side_core.surrogate.steering import Steering
from side_core.sweep.cell import cell_at
from side_core.sweep.plan import Place, Plan
from side_core.wording import are, counted

_SOME = 9  # pictures that are compared at once, where one of them is quick


@dataclass(frozen=True)
class Comparing:
    """How fast pictures are compared here.

    Attributes:
        first: seconds of the first picture.
        each: seconds of every other one at the same time.
    """

    first: float
    each: float

    def seconds(self, count: int) -> float:
        """Estimate for `count` pictures, one or more, at once."""
        return self.first + (count - 1) * self.each


@dataclass(frozen=True)
class SweepEstimate(Estimate):
    """What a sweep will take, before it begins: drawing here, and comparing the pictures of all missing cells.

    Attributes:
        cells: all of them.
        missing: those not measured yet.
        pictures: to be drawn for these.
        steered: how many times as long a steered step takes as a plain one; None where nothing steers.
    """

    cells: int
    missing: int
    pictures: int
    steered: float | None

    def __str__(self) -> str:
        if not self.pictures:
            return f"All pictures of {counted(self.cells, 'cell')} are drawn."
        steered = "" if self.steered is None else f"; a steered step takes {self.steered:.2f} times a plain one"
        return (
            f"{self.missing:,} of {counted(self.cells, 'cell')} {are(self.missing)} to be measured: "
            f"{counted(self.pictures, 'picture')}, about {_in_time(self.seconds)}{steered}."
        )


def _in_time(seconds: float) -> str:
    """A duration for people."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} minutes"


def _missing_places(plan: Plan, store: Store) -> list[Place]:
    """The cells that are not measured yet."""
    return [place for place in plan.places if cell_at(place, store) is None]


def missing_sets(plan: Plan, store: Store) -> list[tuple[SampleSet, int]]:
    """What must still be drawn: of cells that are not measured, each sample set once, with how many of its pictures."""
    wanted = {samples.name: samples for place in _missing_places(plan, store) for samples in place.sets}
    counts = [(samples, len(samples.missing(store.pictures))) for samples in wanted.values()]
    return [(samples, count) for samples, count in counts if count]


def steps_missing(plan: Plan, store: Store) -> int:
    """Batches times steps of what must still be drawn."""
    return sum(samples.batches(count) * samples.settings.steps for samples, count in missing_sets(plan, store))


def estimate_of(plan: Plan, store: Store, timing: Timing | None = None) -> SweepEstimate:
    """Measure a step, a steered step of each surrogate and a comparison, and add up what is missing.

    Args:
        plan: the sweep.
        store: what is there.
        timing: of the model, where it was measured before.
    """
    missing = len(_missing_places(plan, store))
    sets, seconds = missing_sets(plan, store), _seconds_to_compare(plan, store)
    if not sets:
        return SweepEstimate(0, seconds, len(plan.places), missing, 0, None)
    denoiser, (first, count) = plan.shared.denoiser, sets[0]
    timing = timing or measure_timing(denoiser, min(first.settings.batch_size, count))
    extra: dict[str, float] = {}  # seconds that steering adds to a step of a batch
    for samples, count in sets:
        sampling, steering = samples.settings, samples.steering
        seconds += timing.seconds(count, sampling.steps, sampling.evaluations)
        if isinstance(steering, Steering):
            name = steering.surrogate.fingerprint
            if name not in extra:
                extra[name] = _steering_seconds(steering, timing.batch, denoiser)
            timesteps = schedule_of(sampling, denoiser).timesteps
            guided = sum(scale > 0 for scale in steering.strength.on(timesteps))
            seconds += count / timing.batch * guided * extra[name]
    steered = 1 + max(extra.values()) / timing.step if extra else None
    pictures = sum(count for _, count in sets)
    return SweepEstimate(steps_missing(plan, store), seconds, len(plan.places), missing, pictures, steered)


def _steering_seconds(steering: Steering, batch: int, denoiser: Denoiser) -> float:
    """Seconds that a surrogate takes for one step of a batch."""
    x = torch.zeros(batch, *denoiser.shape, device=denoiser.device)
    middle = (steering.strength.first + steering.strength.last) // 2
    guidance = replace(steering, strength=replace(steering.strength, shape="constant")).guide(range(batch))
    return seconds_of(lambda: guidance(x, middle), denoiser.device)


def _seconds_to_compare(plan: Plan, store: Store) -> float:
    """Seconds of comparing the pictures of all missing cells with training and control images."""
    counts = {
        (place.settings.encoder, samples.name): samples.settings.count
        for place in _missing_places(plan, store)
        for samples in place.sets
    }
    paces = {name: measure_comparing(plan.shared.references[name]) for name in {name for name, _ in counts}}
    return sum(paces[encoder].seconds(count) for (encoder, _), count in counts.items())


def measure_comparing(references: References) -> Comparing:
    """Time the comparison of a picture and, where that is quick, of several."""

    def seconds(count: int) -> float:
        images = references.training.images.images[:count]
        return seconds_of(lambda: match(images, tuple(map(str, range(len(images)))), references), torch.device("cpu"))

    one = seconds(1)
    if one > PATIENCE or len(references.training.images) < _SOME:
        return Comparing(one, one)
    return Comparing(one, max(0.0, seconds(_SOME) - one) / (_SOME - 1))


def check_time(plan: Plan, estimate: SweepEstimate) -> None:
    """Raise ValueError where a sweep would take longer than its settings allow."""
    minutes = estimate.seconds / 60
    if minutes <= plan.settings.minutes:
        return
    raise ValueError(
        f"The sweep would take about {minutes:,.1f} minutes here ({counted(estimate.pictures, 'picture')} for "
        f"{counted(estimate.missing, 'cell')}), more than the {plan.settings.minutes:g} it may: name fewer "
        f"values, pictures or steps, or raise minutes to {math.ceil(1.2 * minutes)}."
    )
