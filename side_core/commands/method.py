"""The command of a method: its settings, a folder, what is there already."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from side_core.commands.options import add_device, add_history, add_options, given
from side_core.commands.terminal import INTERRUPTED, Progress, complain
from side_core.method import Method
from side_core.progress import finish

if TYPE_CHECKING:
    from side_core.job import Job, Report
    from side_core.sampling.store import Store


@dataclass(frozen=True)
class MethodCommand:
    """`NAME`: a method into a folder, as a file of commands has it."""

    method: Method

    @property
    def ABOUT(self) -> str:
        """For the list of commands."""
        return self.method.about

    def add(self, parser: argparse.ArgumentParser) -> None:
        """The settings, and a folder."""
        name = self.method.name
        files = ", ".join([f"{name}.csv", f"{name}.json", *self.method.pictures])
        add_options(parser, self.method.settings, leave_out=self.method.unused)
        parser.add_argument(
            "--out", type=Path, default=None, help=f"folder for {files} and what is finished (default: nothing is kept)"
        )
        parser.add_argument(
            "--resume", action="store_true", help="do only what is not in --out yet; settings may change"
        )
        add_device(parser)
        parser.add_argument("--json", action="store_true", help=f"print {name}.json on stdout")
        add_history(parser)

    def run(self, options: argparse.Namespace) -> int:
        """Estimate and do what is missing in the folder; then tables and pictures of all that is finished."""
        method = self.method
        settings = method.settings.read(given(options, method.settings))
        if options.resume and options.out is None:
            raise ValueError("--resume goes on in a folder: name it with --out, or leave --resume out.")
        from side_core.commands.noting import Noting
        from side_core.job import arithmetic_in, open_folder, write_report
        from side_core.runs.identity import job_run
        from side_core.sampling.store import in_memory

        recorded = arithmetic_in(options.out) if options.resume else None
        job = finish(method.open(settings, options.device, recorded), Progress("reading and encoding").watch)
        store = in_memory() if options.out is None else open_folder(options.out, job, options.resume)
        end = "Give --out to keep them." if options.out is None else "Go on with --resume."
        report, code = do(job, store, method.name, f"{method.amount(job.total)} are finished. {end}")
        if options.out is None:
            summary = {"method": method.name} | report.summary()
        else:
            summary = write_report(report, method.name, options.out)
        Noting(job_run(method, job), options.history).files(
            report.done, report.headline, lambda folder: write_report(report, method.name, folder)
        )
        _print_report(report, json.dumps(summary, indent=2) if options.json else "", options.out)
        return code


def do(job: "Job", store: "Store", name: str, kept: str) -> "tuple[Report, int]":
    """Run a job with its progress on stderr; what came out, and the exit code.

    Args:
        job: opened.
        store: where finished work is kept.
        name: of what is done.
        kept: what is said behind `interrupted; N of`.
    """
    from side_core.job import Advance, Estimate, run_job

    progress, report = Progress(name), job.found(store)

    def watch(part: Any) -> None:
        nonlocal report
        if isinstance(part, Estimate):
            complain(str(part))
        elif isinstance(part, Advance):
            progress.show(part.done / part.total, part.words)
        else:
            report = part

    try:
        return finish(run_job(job, store), watch), 0
    except KeyboardInterrupt:
        if not report.done:
            raise
        complain(f"interrupted; {report.done:,} of {kept}")
        return report, INTERRUPTED


def _print_report(report: "Report", summary: str, out: Path | None) -> None:
    """What came out, on stdout: as JSON where that was asked for."""
    if summary:
        print(summary)
        return
    for note in report.notes:
        print(f"Note: {note}")
    for line in report.lines():
        print(line)
    if out is not None:
        print(f"Tables and pictures: {out}")
