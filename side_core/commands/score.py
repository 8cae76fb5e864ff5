"""`score`: pictures that others generated, into a folder."""

import argparse
from pathlib import Path

from side_core.commands.options import add_device, add_history, add_options, given
from side_core.commands.terminal import report, watch_preparing
from side_core.progress import finish
from side_core.settings import ScoreSettings

ABOUT = "score pictures that others generated; no model is needed"


def add(parser: argparse.ArgumentParser) -> None:
    """The settings, and a folder."""
    add_options(parser, ScoreSettings)
    parser.add_argument("--out", type=Path, required=True, help="folder for run.json, tables and grid.png")
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="print run.json on stdout")
    add_history(parser)


def run(options: argparse.Namespace) -> int:
    """`score`: a run into a folder, of pictures that others generated."""
    settings = ScoreSettings.read(given(options, ScoreSettings))
    from side_core.commands.noting import Noting
    from side_core.extraction.files import prepare_folder, write_results
    from side_core.extraction.run import score
    from side_core.runs.identity import new_run

    prepare_folder(options.out, settings)
    extraction = finish(score(settings, options.device), watch_preparing())
    report(extraction, write_results(options.out, extraction), options)
    new = new_run(settings, extraction.subject, extraction.references, extraction.samples)
    Noting(new, options.history).result(extraction)
    return 0
