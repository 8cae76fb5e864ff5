"""`sweep`: one or two settings against a figure, into a folder."""

import argparse
import json
from pathlib import Path
from typing import Any

from side_core.commands.options import add_device, add_history, add_options, given
from side_core.commands.terminal import INTERRUPTED, Progress, complain
from side_core.progress import finish
from side_core.settings import SweepSettings
from side_core.wording import counted

ABOUT = "draw and score again and again while one or two settings vary: table, chart, pictures"
UNUSED = frozenset({"compare_plain"})  # the metric says whether plain pictures are drawn


def add(parser: argparse.ArgumentParser) -> None:
    """The settings, and a folder."""
    add_options(parser, SweepSettings, leave_out=UNUSED)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for sweep.csv, .json, .png, grid.png and pictures"
    )
    parser.add_argument("--resume", action="store_true", help="do only what is not in --out yet; values may be added")
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="print sweep.json on stdout")
    add_history(parser)


def run(options: argparse.Namespace) -> int:
    """Estimate, draw and measure what is missing in the folder; then tables and pictures of all that is finished."""
    settings = SweepSettings.read(given(options, SweepSettings))
    from side_core.commands.noting import Noting
    from side_core.runs.others import sweep_headline, sweep_run
    from side_core.sweep.cell import Cell
    from side_core.sweep.estimate import Estimate, in_words
    from side_core.sweep.folder import arithmetic_in, open_folder
    from side_core.sweep.plan import make_plan, sharing
    from side_core.sweep.report import lines_of, write_sweep
    from side_core.sweep.sweep import Advance, sweep, sweep_of

    recorded = arithmetic_in(options.out) if options.resume else None
    shared = finish(sharing(settings, options.device, recorded), Progress("reading and encoding").watch)
    plan = make_plan(settings, shared)
    store = open_folder(options.out, plan, options.resume)
    cells, progress, code = [], Progress("sweeping"), 0

    def watch(event: Any) -> None:
        if isinstance(event, Estimate):
            complain(in_words(event))
        elif isinstance(event, Advance):
            words = settings.words_for(event.place.values)
            progress.show(event.done / event.total, f"cell {event.cell} of {event.cells}: {words}")
        elif isinstance(event, Cell):
            cells.append(event)

    try:
        found = finish(sweep(plan, store), watch)
    except KeyboardInterrupt:
        if not cells:
            raise
        code, found = INTERRUPTED, sweep_of(plan, cells)
        complain(f"interrupted; {len(cells)} of {counted(len(plan.places), 'cell')} are finished. Go on with --resume.")
    summary = write_sweep(found, options.out)
    Noting(sweep_run(found), options.history).files(
        len(found.cells), sweep_headline(found), lambda folder: write_sweep(found, folder)
    )
    if options.json:
        print(json.dumps(summary, indent=2))
        return code
    for note in found.notes:
        print(f"Note: {note}")
    for line in lines_of(found):
        print(line)
    print(f"Tables and pictures: {options.out}")
    return code
