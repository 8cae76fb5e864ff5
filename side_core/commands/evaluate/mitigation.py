"""`evaluate mitigation`: all methods by strengths, on triggers and on general prompts, into a folder."""

import argparse
import json
from pathlib import Path
from typing import Any

from side_core.commands.options import add_device, add_options, given
from side_core.commands.terminal import INTERRUPTED, Progress, complain
from side_core.progress import finish
from side_core.settings.mitigation import EvaluateMitigationSettings

ABOUT = "what helps against copies and what it costs: methods by strengths, gated and not, and an attacker; resumable"


def add(parser: argparse.ArgumentParser) -> None:
    """The settings, and a folder."""
    add_options(parser, EvaluateMitigationSettings)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for table, chart, pictures and what is finished"
    )
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="print table.json on stdout")


def run(options: argparse.Namespace) -> int:
    """All rows that are not in the folder yet; then table and chart of all that is finished."""
    settings = EvaluateMitigationSettings.read(given(options, EvaluateMitigationSettings))
    from side_core.files.whole_file import write_whole
    from side_core.job import Advance, Estimate, arithmetic_in, open_folder, run_job, write_report
    from side_core.mitigation.table import open_table_job
    from side_core.mitigation.table_report import Table, markdown

    recorded = arithmetic_in(options.out)
    job = finish(open_table_job(settings, options.device, recorded), Progress("reading and encoding").watch)
    store = open_folder(options.out, job, resume=True)
    progress, code, report = Progress("mitigation"), 0, job.found(store)

    def watch(part: Any) -> None:
        nonlocal report
        if isinstance(part, Estimate):
            complain(str(part))
        elif isinstance(part, Advance):
            progress.show(part.done / part.total, part.words)
        elif isinstance(part, Table):
            report = part

    try:
        finish(run_job(job, store), watch)
    except KeyboardInterrupt:
        if not report.done:
            raise
        code = INTERRUPTED
        complain(f"interrupted; {report.done:,} of {job.total:,} rows are finished: the same command goes on there.")
    summary = write_report(report, "table", options.out)
    write_whole(options.out / "table.md", f"{markdown(report)}\n".encode())
    if options.json:
        print(json.dumps(summary, indent=2))
        return code
    for note in report.notes:
        print(f"Note: {note}")
    for line in (report.headline, *report.lines()):
        print(line)
    print(f"Table, chart and pictures: {options.out}")
    return code
