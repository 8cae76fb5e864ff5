"""`evaluate side`: SIDE against its baselines, into a folder."""

import argparse
import json
from typing import Any

from side_core.commands.options import given
from side_core.progress import Progress, finish
from side_core.settings import EvaluateSettings


def run_evaluate_side(options: argparse.Namespace) -> int:
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
