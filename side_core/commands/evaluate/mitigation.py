"""`evaluate mitigation`: all methods by strengths, on triggers and on general prompts, into a folder."""

import argparse
import json
from pathlib import Path

from side_core.commands.method import do
from side_core.commands.options import add_device, add_options, given
from side_core.commands.terminal import Progress
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
    from side_core.job import arithmetic_in, open_folder, write_report
    from side_core.mitigation.table import open_table_job

    recorded = arithmetic_in(options.out)
    job = finish(open_table_job(settings, options.device, recorded), Progress("reading and encoding").watch)
    store = open_folder(options.out, job, resume=True)
    kept = f"{job.total:,} rows are finished: the same command goes on there."
    report, code = do(job, store, "mitigation", kept)
    summary = write_report(report, "table", options.out)
    lines = report.lines()
    write_whole(options.out / "table.md", "\n".join([*lines, ""]).encode())
    if options.json:
        print(json.dumps(summary, indent=2))
        return code
    for note in report.notes:
        print(f"Note: {note}")
    for line in (report.headline, *lines):
        print(line)
    print(f"Table, chart and pictures: {options.out}")
    return code
