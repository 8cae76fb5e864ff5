"""The command line: everything the pages do, without a browser.

Exit codes: 0 done, 2 a mistake in what was asked for (one sentence on stderr), 130 interrupted.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from side_core import __version__
from side_core.commands import runs, terminal
from side_core.commands.evaluate import run_evaluate_side
from side_core.commands.extract import run_extract
from side_core.commands.options import add_options
from side_core.commands.prompts.group import add_prompts
from side_core.commands.search import add_search
from side_core.commands.sweep import UNUSED, run_sweep
from side_core.commands.train.clip import run_train_clip
from side_core.commands.train.dpm import run_train_dpm
from side_core.commands.train.surrogate import run_train_surrogate
from side_core.commands.train.text import run_train_text
from side_core.progress import INTERRUPTED, complain
from side_core.settings import (
    PRESETS,
    EvaluateSettings,
    ExtractSettings,
    ScoreSettings,
    SurrogateSettings,
    SweepSettings,
    TrainClipSettings,
    TrainDpmSettings,
    TrainTextSettings,
)

WRONG = 2
DEVICE = "cpu, cuda or mps (default: the best there is)"


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
    kinds = parser.add_subparsers(required=True, metavar="COMMAND")

    extract = kinds.add_parser(
        "extract", help="draw images, match them with training images, score them against a control"
    )
    add_options(extract, ExtractSettings)
    extract.add_argument("--out", type=Path, required=True, help="folder for run.json, tables, images/ and path.gif")
    extract.add_argument(
        "--resume", action="store_true", help="draw only the images that are not in --out yet; the rest may change"
    )
    extract.add_argument("--device", default=None, help=DEVICE)
    extract.add_argument("--json", action="store_true", help="print run.json on stdout")
    add_history(extract, "; pictures that it keeps already are not drawn again")
    extract.set_defaults(run=run_extract)

    describe = kinds.add_parser(
        "describe", help="say what is understood of a model, its training images and control; draws nothing"
    )
    add_subject(describe)
    describe.add_argument("--json", action="store_true", help="print it as JSON on stdout")
    describe.set_defaults(run=terminal.run_describe)

    score = kinds.add_parser("score", help="score pictures that others generated; no model is needed")
    add_options(score, ScoreSettings)
    score.add_argument("--out", type=Path, required=True, help="folder for run.json, tables and grid.png")
    score.add_argument("--device", default=None, help=DEVICE)
    score.add_argument("--json", action="store_true", help="print run.json on stdout")
    add_history(score)
    score.set_defaults(run=terminal.run_score)

    evaluate = kinds.add_parser("evaluate", help="measure a method against its baselines")
    side = evaluate.add_subparsers(required=True, metavar="WHAT").add_parser(
        "side", help="SIDE against plain sampling, its baselines and a twin model, on the same seeds; resumable"
    )
    add_options(side, EvaluateSettings)
    side.add_argument("--out", type=Path, required=True, help="folder for tables, pictures, images and surrogates")
    side.add_argument("--device", default=None, help=DEVICE)
    side.add_argument("--json", action="store_true", help="print table.json on stdout")
    side.set_defaults(run=run_evaluate_side)

    sweep = kinds.add_parser(
        "sweep", help="draw and score again and again while one or two settings vary: table, chart, pictures"
    )
    add_options(sweep, SweepSettings, leave_out=UNUSED)
    sweep.add_argument(
        "--out", type=Path, required=True, help="folder for sweep.csv, .json, .png, grid.png and pictures"
    )
    sweep.add_argument("--resume", action="store_true", help="do only what is not in --out yet; values may be added")
    sweep.add_argument("--device", default=None, help=DEVICE)
    sweep.add_argument("--json", action="store_true", help="print sweep.json on stdout")
    add_history(sweep)
    sweep.set_defaults(run=run_sweep)

    train = kinds.add_parser("train", help="train a model, or a surrogate of one")
    kinds_of_training = train.add_subparsers(required=True, metavar="KIND")
    dpm = kinds_of_training.add_parser("dpm", help="train a small unconditional DPM from scratch; resumable")
    dpm.add_argument("--data", required=True, help="training images, for example 'pixel-faces[0:1000]'")
    dpm.add_argument("--out", type=Path, required=True, help="folder for the model and its checkpoints")
    start = dpm.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="continue from the checkpoint in --out")
    start.add_argument("--init", type=Path, help="a model folder to start from")
    dpm.add_argument("--device", default=None, help=DEVICE)
    add_options(dpm, TrainDpmSettings)
    dpm.set_defaults(run=run_train_dpm)

    text = kinds_of_training.add_parser(
        "text", help="train the small text-to-image model of captioned faces from scratch; resumable"
    )
    text.add_argument("--out", type=Path, required=True, help="folder for the model and its checkpoints")
    text.add_argument("--resume", action="store_true", help="continue from the checkpoints in --out")
    text.add_argument(
        "--init", type=Path, help="a model folder of the same sizes whose U-Net and text encoder to start from"
    )
    text.add_argument("--device", default=None, help=DEVICE)
    add_options(text, TrainTextSettings)
    text.set_defaults(run=run_train_text)

    clip = kinds_of_training.add_parser(
        "clip", help="train the small CLIP model of captioned faces from scratch; resumable"
    )
    clip.add_argument("--out", type=Path, required=True, help="folder for the model and its checkpoints")
    clip.add_argument("--resume", action="store_true", help="continue from the checkpoint in --out")
    clip.add_argument("--device", default=None, help=DEVICE)
    add_options(clip, TrainClipSettings)
    clip.set_defaults(run=run_train_clip)

    surrogate = kinds_of_training.add_parser(
        "surrogate", help="train a surrogate classifier of a model from pictures the model draws itself (SIDE)"
    )
    surrogate.add_argument("--model", default="pixel-faces", help=ExtractSettings.model_fields["model"].description)
    surrogate.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        default="quick",
        help="quick: 90 seconds on two cores. reported: as the shipped ones. Options change single settings of it",
    )
    surrogate.add_argument("--out", type=Path, required=True, help="folder for the surrogate")
    surrogate.add_argument("--device", default=None, help=DEVICE)
    surrogate.add_argument("--json", action="store_true", help="print its card on stdout")
    add_options(surrogate, SurrogateSettings)
    add_history(surrogate)
    surrogate.set_defaults(run=run_train_surrogate)

    add_runs(kinds.add_parser("runs", help="the history: list, compare, rename, export, delete, bring back"))

    add_prompts(
        kinds.add_parser("prompts", help="text-to-image: is a prompt memorised, and which words carry it"), DEVICE
    )

    add_search(kinds.add_parser("search", help="find pictures that fit a text, by a CLIP model"), DEVICE)

    data = kinds.add_parser("data", help="built-in data").add_subparsers(required=True, metavar="WHAT")
    build = data.add_parser("build", help="render the pixel faces anew (needs requirements-dev.txt)")
    build.add_argument("--out", type=Path, default=None, help="the file to write (default: the shipped one)")
    build.set_defaults(run=terminal.run_data_build)

    calibrate = kinds.add_parser("calibrate", help="draw 4,096 plain images of a model and keep their scores beside it")
    add_subject(calibrate)
    calibrate.add_argument("--mode", metavar="exact|fast", help=ExtractSettings.model_fields["mode"].description)
    calibrate.set_defaults(run=terminal.run_calibrate)

    bench = kinds.add_parser("bench", help="measure speed on this machine")
    bench.add_argument("--json", action="store_true", help="print the figures as JSON on stdout")
    bench.add_argument("--skip-browser", action="store_true", help="leave out what needs Chromium")
    bench.add_argument("--large", action="store_true", help="also score against a folder of 200,000 pictures (minutes)")
    bench.set_defaults(run=terminal.run_bench)
    return parser


def add_history(parser: argparse.ArgumentParser, more: str = "") -> None:
    """Whether the run is noted where the app's page History finds it; `more`: what else that does."""
    parser.add_argument(
        "--history",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also keep the run in the workspace (SIDE_WORKSPACE; by default beside the app), where History lists it"
        + more,
    )


def add_runs(parser: argparse.ArgumentParser) -> None:
    """What `runs` can do."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    def action(name: str, about: str, *places: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=about)
        for place in places:
            made.add_argument(place.lower(), metavar=place)
        made.set_defaults(run=getattr(runs, f"run_{name}"))
        return made

    many = action("list", "list runs, the newest first, pinned ones on top")
    many.add_argument("--search", default="", help="words that must all occur in name, note, headline or settings")
    many.add_argument("--sort", default="created", help="created, share, finished, model or name (default: created)")
    many.add_argument("--ascending", action="store_true", help="smallest or oldest first")
    many.add_argument("--deleted", action="store_true", help="those in the bin instead")
    many.add_argument("--most", default="50", metavar="COUNT", help="how many to list (default: 50)")
    one = action("show", "show one run: headline, settings, fingerprints, note, files", "ID")
    compared = action("compare", "compare runs with a baseline, which is the pinned or else the oldest one")
    for reader in (many, one, compared):
        reader.add_argument("--json", action="store_true", help="print it as JSON on stdout")
    action("pin", "keep a run on top; comparisons take it as their baseline", "ID")
    action("unpin", "let a pinned run go", "ID")
    action("rename", "call a run something else; an empty name takes its name away", "ID", "NAME")
    action("note", "write a note about a run in place of the one it has", "ID", "TEXT")
    deleted = action("delete", "put runs into the bin")
    restored = action("restore", "bring runs back from the bin")
    for several in (compared, deleted, restored):
        several.add_argument("ids", metavar="ID", nargs="+")
    export = action("export", "write a run with its pictures, tables and report into one zip", "ID")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="the zip to write")
    clean = action("clean", "delete for good what is in the bin, and pictures that no run shows")
    clean.add_argument("--older-than", default="0", metavar="DAYS", help="only what was deleted so many days ago")
    action("folder", "say where the history is kept and how much room it takes")


def add_subject(parser: argparse.ArgumentParser) -> None:
    """The options that name a model, its training images and its control."""
    for name in ("model", "data", "control"):
        parser.add_argument(f"--{name}", required=name == "model", help=ExtractSettings.model_fields[name].description)
