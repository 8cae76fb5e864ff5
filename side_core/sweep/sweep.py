"""A sweep: one or two settings of an extraction vary, the seeds stay, one figure is measured in each cell."""

from collections import OrderedDict
from collections.abc import Generator, Sequence

from side_core.extraction.matching import Match
from side_core.extraction.run import Extraction, match_pictures
from side_core.job import Advance
from side_core.progress import mapped
from side_core.sampling.drawing import Drawing
from side_core.sampling.missing import SampleSet, damage_of, draw_missing, images_of
from side_core.sampling.picture import Picture
from side_core.sampling.store import Store
from side_core.sweep.cell import SHOWN, Cell, cell_at, cell_json
from side_core.sweep.estimate import steps_missing
from side_core.sweep.measure import measure
from side_core.sweep.plan import Place, Plan
from side_core.sweep.report import Sweep

_MATCHES = 4  # of the last sample sets that are kept: cells of the same pictures follow each other


def _sweep_of(plan: Plan, cells: Sequence[Cell]) -> Sweep:
    """The finished cells, in any order, as a sweep."""
    known = {(cell.curve, cell.values): cell for cell in cells}
    keys = [(place.curve, place.values) for place in plan.places]
    return Sweep(plan, tuple(known[key] for key in keys if key in known))


def finished(plan: Plan, store: Store) -> Sweep:
    """What the store holds of a sweep."""
    return _sweep_of(plan, [cell for place in plan.places if (cell := cell_at(place, store)) is not None])


def sweep(plan: Plan, store: Store) -> Generator[Advance | Sweep, None, Sweep]:
    """Measure all cells, handing out every step of drawing and, as soon as a cell is measured, all there are.

    What is in the store is neither drawn nor measured again. Whoever stops early keeps the cells handed out; the store
    has them, too.

    Args:
        plan: from `make_plan`.
        store: where finished work is kept.

    Raises:
        ValueError: the model returns no numbers.
    """
    work = Work(plan, store)
    cells: list[Cell] = []
    for number, place in enumerate(plan.in_order_of_work, 1):
        cell = cell_at(place, store)
        if cell is None:
            for samples in place.sets:
                yield from work.drawing(samples, place, number)
            cell = work.measured(place)
            store.parts.keep_part(place.name, cell_json(cell))
        cells.append(cell)
        yield _sweep_of(plan, cells)
    return _sweep_of(plan, cells)


class Work:
    """The present state of a sweep: how many steps are done, and the matches of the last pictures."""

    def __init__(self, plan: Plan, store: Store):
        self.plan, self.store = plan, store
        self.done, self.total = 0, steps_missing(plan, store)
        self.present: dict[
            str, dict[int, Picture]
        ] = {}  # of the cell that is being measured, whatever the store forgets
        self.matches: OrderedDict[tuple[str, str], Match] = OrderedDict()

    def drawing(self, samples: SampleSet, place: Place, number: int) -> Generator[Advance, None, None]:
        """Draw what is missing of a sample set, handing out the steps."""
        words = f"Cell {number} of {len(self.plan.places)}, {self.plan.settings.words_for(place.values)}"

        def advance(_: Drawing) -> Advance:
            self.done += 1
            total = max(self.total, self.done)  # more than planned, where the store has forgotten some
            return Advance(self.done, total, words)

        pictures = yield from mapped(draw_missing(samples, self.store.pictures), advance)
        keep = {other.name for other in place.sets}
        self.present = {name: known for name, known in self.present.items() if name in keep} | {samples.name: pictures}

    def measured(self, place: Place) -> Cell:
        """A cell whose pictures are drawn."""
        shared, pictures = self.plan.shared, self.present[place.samples.name]
        images, damaged = images_of(pictures), damage_of(pictures)
        lost = sum(item.lost for item in damaged)
        about = (place.curve, place.values, place.settings, self.plan.settings.metric)
        if not images:
            return Cell(*about, None, 0, lost, len(damaged) - lost)
        extraction = Extraction(
            place.settings,
            shared.subject,
            shared.references[place.settings.encoder],
            self.match(place.samples, place),
            plain=None if place.plain is None else self.match(place.plain, place),
        )
        shown = {seed: images[seed] for seed in place.settings.seeds[:SHOWN] if seed in images}
        found = measure(extraction, self.plan.settings.metric)
        return Cell(*about, found, len(images), lost, len(damaged) - lost, shown)

    def match(self, samples: SampleSet, place: Place) -> Match:
        """A sample set against training images and control; cells that differ in scoring alone share it."""
        key, pictures = (samples.name, place.settings.encoder), self.present[samples.name]
        if key not in self.matches:
            there = {seed: picture for seed, picture in pictures.items() if not picture.lost}
            self.matches[key] = match_pictures(samples.key, there, self.plan.shared.references[place.settings.encoder])
        self.matches.move_to_end(key)
        while len(self.matches) > _MATCHES:
            self.matches.popitem(last=False)
        return self.matches[key]
