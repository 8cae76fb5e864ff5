"""`prompts`: is a prompt memorised, which words carry it, how well detectors do. Heavy imports wait until needed."""

import argparse
from pathlib import Path

from side_core.commands.options import add_options
from side_core.commands.prompts.detect import run_detect
from side_core.commands.prompts.explain import run_explain
from side_core.commands.prompts.options import opened
from side_core.commands.prompts.truth import add_truth
from side_core.progress import Progress, finish
from side_core.settings import DetectorSettings, PromptSettings

OWN = frozenset({"prompt", "first"})  # options that are written otherwise here


def add_prompts(parser: argparse.ArgumentParser, device: str) -> None:
    """What `prompts` can do.

    Args:
        parser: of the command.
        device: help text of --device.
    """
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    detect = actions.add_parser("detect", help="score prompts against held-out ones, or evaluate the detectors")
    add_subject(detect, DetectorSettings, device)
    detect.add_argument(
        "--control", type=Path, metavar="FILE", help="prompts the model was not trained on (default: the model's own)"
    )
    detect.add_argument(
        "--evaluate",
        action="store_true",
        help="take the prompts as memorised ones and measure how well they are told from held-out ones; without "
        "prompts, the most repeated captions of the embedded model",
    )
    detect.add_argument(
        "--training",
        type=Path,
        metavar="FILE",
        help="with --evaluate: training captions that are not repeated (default: the model's own)",
    )
    detect.add_argument("--out", type=Path, default=None, help="folder for tables")
    detect.set_defaults(run=run_detect)

    explain = actions.add_parser("explain", help="say which words of a prompt carry it")
    add_subject(explain, PromptSettings, device)
    explain.set_defaults(run=run_explain)

    calibrate = actions.add_parser("calibrate", help="measure the model's own held-out prompts and keep them beside it")
    calibrate.add_argument("--model", required=True, help=PromptSettings.model_fields["model"].description)
    calibrate.add_argument("--device", default=None, help=device)
    calibrate.set_defaults(run=run_calibrate)
    add_truth(actions, device)


def add_subject(parser: argparse.ArgumentParser, settings: type[PromptSettings], device: str) -> None:
    """The options that `detect` and `explain` share."""
    parser.add_argument(
        "--prompt",
        dest="typed",
        metavar="PROMPT",
        action="extend",
        nargs="+",
        default=None,
        help="one prompt or several, each in quotes",
    )
    parser.add_argument(
        "--prompts",
        type=Path,
        metavar="FILE",
        help="one prompt a line, or a .csv, .tsv or .jsonl file with a column prompt, text or caption",
    )
    first = settings.model_fields["first"]
    parser.add_argument(
        "--steps", "--first", dest="first", metavar="STEPS", help=f"{first.title}. {first.description} (default: 1)"
    )
    add_options(parser, settings, leave_out=OWN)
    parser.add_argument("--device", default=None, help=device)
    parser.add_argument("--json", action="store_true", help="print the result as JSON on stdout")


def run_calibrate(options: argparse.Namespace) -> int:
    """`prompts calibrate`: the file of held-out norms in a model's folder."""
    from side_core.dpm.folder import model_folder
    from side_core.prompts.held_out import SHIPPED, calibrate, held_out_prompts

    settings = SHIPPED.model_copy(update={"model": options.model})
    denoiser = opened(settings, options.device)
    prompts = held_out_prompts(options.model)
    if prompts is None:
        raise ValueError(
            f"'{options.model}' has no held-out prompts of its own: score prompts with --control FILE instead; "
            "what is measured is kept in the cache."
        )
    file = finish(calibrate(denoiser, prompts, model_folder(options.model), settings), Progress("calibrating").watch)
    print(f"The norms of {len(prompts):,} held-out prompts are in {file}")
    return 0
