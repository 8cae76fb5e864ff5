"""`evaluate side`: SIDE against its baselines, into a folder."""

import argparse
import json
from pathlib import Path
from typing import Any

from side_core.commands.options import add_device, add_options, given
from side_core.commands.terminal import Progress
from side_core.progress import finish
from side_core.settings import EvaluateSettings

ABOUT = "SIDE against plain sampling, its baselines and a twin model, on the same seeds; resumable"


def add(parser: argparse.ArgumentParser) -> None:
    """The settings, and a folder."""
    add_options(parser, EvaluateSettings)
    parser.add_argument("--out", type=Path, required=True, help="folder for tables, pictures, images and surrogates")
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="print table.json on stdout")


def run(options: argparse.Namespace) -> int:
    """All methods, all seeds -> one table and the pictures; what is in the folder is not done again."""
    settings = EvaluateSettings.read(given(options, EvaluateSettings))
    from side_core.evaluation.evaluation import Stage, evaluate_side
    from side_core.evaluation.report import markdown, write_report

    lines: dict[str, Progress] = {}

    def watch(event: Any) -> None:
        what = event.what if isinstance(event, Stage) else "reading and encoding"
        lines.setdefault(what, Progress(what)).watch(event)

    evaluation = finish(evaluate_side(settings, options.out, options.device), watch)
    found = write_report(evaluation, options.out)
    print(json.dumps(found, indent=2) if options.json else markdown(evaluation))
    if not options.json:
        print(f"Tables and pictures: {options.out}")
    return 0
