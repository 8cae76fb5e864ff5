"""The command line: everything the pages do, without a browser.

Exit codes: 0 done, 2 a mistake in what was asked for (one sentence on stderr), 130 interrupted.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from side_core import __version__
from side_core.options import add_options, given
from side_core.settings import ExtractSettings, TrainDpmSettings

INTERRUPTED = 130
WRONG = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = make_parser().parse_args(arguments)
    try:
        return options.run(options)
    except ValueError as error:
        complain(str(error))
        return WRONG
    except OSError as error:
        place = f"'{error.filename}' cannot be used ({error.strerror}): choose another place."
        complain(place if error.filename else " ".join(str(error).split()))
        return WRONG
    except KeyboardInterrupt:
        complain("interrupted; what was finished is kept.")
        return INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """All commands with their options; imports nothing heavy."""
    parser = argparse.ArgumentParser(
        prog="python -m side_core", description="Show what a diffusion model has memorised."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    extract = commands.add_parser(
        "extract", help="draw images, match them with training images, score them against a control"
    )
    add_options(extract, ExtractSettings)
    extract.add_argument(
        "--out", type=Path, required=True, help="folder for run.json, samples.csv, images/ and grid.png"
    )
    extract.add_argument("--json", action="store_true", help="print run.json on stdout")
    extract.set_defaults(run=run_extract)

    train = commands.add_parser("train", help="train a model").add_subparsers(required=True, metavar="KIND")
    dpm = train.add_parser("dpm", help="train a small unconditional DPM from scratch; resumable")
    dpm.add_argument("--data", required=True, help="training images, for example 'pixel-faces[0:1000]'")
    dpm.add_argument("--out", type=Path, required=True, help="folder for the model and its checkpoints")
    start = dpm.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="continue from the checkpoint in --out")
    start.add_argument("--init", type=Path, help="a model folder to start from")
    dpm.add_argument("--device", default=None, help="cpu, cuda or mps (default: the best there is)")
    add_options(dpm, TrainDpmSettings)
    dpm.set_defaults(run=run_train_dpm)

    data = commands.add_parser("data", help="built-in data").add_subparsers(required=True, metavar="WHAT")
    build = data.add_parser("build", help="render the pixel faces anew (needs requirements-dev.txt)")
    build.add_argument("--out", type=Path, default=None, help="the file to write (default: the shipped one)")
    build.set_defaults(run=run_data_build)

    calibrate = commands.add_parser(
        "calibrate", help="draw 4,096 plain images of a model and keep their scores beside it"
    )
    calibrate.add_argument("--model", required=True, help=ExtractSettings.model_fields["model"].description)
    calibrate.add_argument("--data", help=ExtractSettings.model_fields["data"].description)
    calibrate.add_argument("--control", help=ExtractSettings.model_fields["control"].description)
    calibrate.add_argument("--mode", metavar="exact|fast", help=ExtractSettings.model_fields["mode"].description)
    calibrate.set_defaults(run=run_calibrate)

    bench = commands.add_parser("bench", help="measure speed on this machine")
    bench.add_argument("--json", action="store_true", help="print the figures as JSON on stdout")
    bench.add_argument("--skip-browser", action="store_true", help="leave out what needs Chromium")
    bench.set_defaults(run=run_bench)
    return parser


def complain(sentence: str) -> None:
    """Write a sentence on stderr, on a line of its own."""
    print(f"{chr(10) * Progress.unfinished}side_core: {sentence}", file=sys.stderr)
    Progress.unfinished = False


class Progress:
    """One line on stderr that is rewritten: how much is done and how long the rest will take."""

    unfinished: ClassVar[bool] = False  # whether the cursor stands behind such a line

    def __init__(self, what: str):
        self.what = what
        self.start = time.monotonic()
        self.shown = 0.0

    def show(self, fraction: float, note: str = "", seconds_left: float | None = None) -> None:
        """Rewrite the line, at most five times a second."""
        now = time.monotonic()
        if now - self.shown < 0.2 and fraction < 1:
            return
        self.shown = now
        left = (now - self.start) * (1 - fraction) / max(fraction, 1e-9) if seconds_left is None else seconds_left
        end = "\n" if fraction >= 1 else ""
        Progress.unfinished = not end
        print(
            f"\r{self.what}: {100 * fraction:5.1f} %, {left:.0f} s left {note}  ", end=end, file=sys.stderr, flush=True
        )


def run_extract(options: argparse.Namespace) -> int:
    """`extract`: a run into a folder."""
    settings = ExtractSettings.read(given(options, ExtractSettings))
    from side_core.extraction.files import prepare_folder, write_images, write_results
    from side_core.extraction.run import Extraction, extract, open_subject, score_images

    subject = open_subject(settings)
    prepare_folder(options.out, settings)
    progress, finished, extraction, code = Progress("drawing"), [], None, 0
    try:
        for event in extract(settings, subject):
            if isinstance(event, Extraction):
                extraction = event
            else:
                progress.show(event.done / event.total)
                if event.images is not None:
                    write_images(options.out, event.images, event.seeds)
                    finished.append((event.images, event.seeds))
    except KeyboardInterrupt:
        code = INTERRUPTED
        complain("interrupted; scoring what is finished.")
        if not finished:
            return code
        import numpy as np

        images = np.concatenate([images for images, _ in finished])
        extraction = score_images(settings, subject, images, tuple(seed for _, seeds in finished for seed in seeds))
    assert extraction is not None  # the generator's last event
    summary = write_results(options.out, extraction)
    if options.json:
        print(json.dumps(summary, indent=2))
    else:
        print(extraction.headline())
        print(f"Pictures and tables: {options.out}")
    return code


def run_train_dpm(options: argparse.Namespace) -> int:
    """`train dpm`: a model folder with checkpoints."""
    settings = TrainDpmSettings.read(given(options, TrainDpmSettings))
    from side_core.data.source import open_training_set
    from side_core.dpm.folder import best_device, check_pipeline
    from side_core.dpm.training import train_dpm

    data = open_training_set(options.data)
    if options.init is not None:
        check_pipeline(options.init)
    progress = Progress("training")
    for step in train_dpm(data, settings, options.out, options.resume, options.init, options.device or best_device()):
        progress.show(step.fraction, f"step {step.step:,}, loss {step.loss:.4f}", step.seconds_left)
    print(f"The model is in {options.out}")
    return 0


def run_data_build(options: argparse.Namespace) -> int:
    """`data build`: the pixel faces."""
    from side_core.assets import PIXEL_FACES
    from side_core.data.render import render_pixel_faces

    out = options.out or PIXEL_FACES
    progress = Progress("rendering")
    for step in render_pixel_faces(out):
        progress.show(step.done / step.total)
    print(f"The faces are in {out}")
    return 0


def run_calibrate(options: argparse.Namespace) -> int:
    """`calibrate`: the table beside a model."""
    settings = ExtractSettings.read(given(options, ExtractSettings))
    from side_core.dpm.folder import model_folder
    from side_core.extraction.calibration import FILE, PLAIN, calibrate
    from side_core.extraction.run import open_subject

    subject = open_subject(settings)
    folder = model_folder(settings.model)
    progress = Progress("calibrating")
    plain = PLAIN.model_copy(update={"mode": settings.mode})
    for drawing in calibrate(subject.denoiser, subject.data, subject.control, folder, plain):
        progress.show(drawing.done / drawing.total)
    print(f"The table is {folder / FILE}")
    return 0


def run_bench(options: argparse.Namespace) -> int:
    """`bench`: figures of speed."""
    from side_core.bench import measure

    figures = measure(browser=not options.skip_browser)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:32} {value}")
    return 0
