"""`prompts`: is a prompt memorised, which words carry it, how well detectors do. Heavy imports wait until needed."""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from side_core.options import add_options, given
from side_core.progress import INTERRUPTED, Progress, complain, finish
from side_core.settings import DetectorSettings, PromptSettings
from side_core.truth_command import add_truth

if TYPE_CHECKING:
    import numpy as np

    from side_core.dpm.text.denoiser import TextDenoiser
    from side_core.prompts.held_out import HeldOut
    from side_core.prompts.named_first import NamedFirst
    from side_core.prompts.norms import Measuring
    from side_core.prompts.prompt_file import PromptFile

OWN = frozenset({"prompt", "first"})  # options that are written otherwise here
ONLY_EVALUATED = frozenset(DetectorSettings.model_fields) - frozenset(PromptSettings.model_fields)


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


def run_detect(options: argparse.Namespace) -> int:
    """`prompts detect`: the norm of each prompt against held-out ones, or the evaluation."""
    if options.evaluate:
        return run_evaluate(options)
    for name in (*sorted(ONLY_EVALUATED), "training"):
        if getattr(options, name, None) is not None:
            raise ValueError(f"--{name.replace('_', '-')} belongs to an evaluation: add --evaluate, or leave it out.")
    settings = PromptSettings.read(given(options, PromptSettings))
    asked = asked_prompts(options)
    from side_core.prompts.detect import detection_json, detection_of, lines_of, write_detection
    from side_core.prompts.norms import norms_of

    denoiser = opened(settings, options.device)
    prepare(options.out)
    control = control_of(denoiser, settings, options.control)
    norms: dict[int, np.ndarray] = {}
    progress, code, start = Progress("scoring prompts"), 0, time.perf_counter()

    def watch(event: "Measuring") -> None:
        norms.update({place: found.copy() for place, found in event.finished.items()})
        progress.watch(event)

    try:
        finish(norms_of(denoiser, asked.prompts, settings), watch)
    except KeyboardInterrupt:
        if not norms:
            raise
        code = INTERRUPTED
        complain(f"interrupted; {len(norms):,} of {len(asked.prompts):,} prompts are scored.")
    seconds = time.perf_counter() - start
    detection = detection_of(denoiser, asked.prompts, norms, settings, control, seconds, asked.broken)
    if options.out is not None:
        write_detection(detection, options.out)
    if asked.note:
        complain(asked.note)
    say(detection_json(detection) if options.json else lines_of(detection))
    return code


def run_evaluate(options: argparse.Namespace) -> int:
    """`prompts detect --evaluate`: the detectors on memorised prompts, held-out ones and training captions."""
    settings = DetectorSettings.read(given(options, DetectorSettings))
    asked = asked_prompts(options) if options.typed or options.prompts else None
    from side_core.prompts.detector_report import evaluation_json, markdown, write_evaluation
    from side_core.prompts.evaluation import Evaluated, evaluate, evaluation_of
    from side_core.prompts.groups import groups_for
    from side_core.prompts.named_first import named_first

    denoiser = opened(settings, options.device)
    prepare(options.out)
    prompts = asked.prompts if asked else ()
    groups = groups_for(settings.model, prompts, options.control, options.training, settings.held_out_count)
    lines: dict[str, Progress] = {}
    finished: list[Evaluated] = []
    named: tuple[NamedFirst, ...] = ()
    code = 0

    def watch(event: Any) -> None:
        if isinstance(event, Evaluated):
            finished.append(event)
        else:
            lines.setdefault(event.what, Progress(event.what)).watch(event)

    try:
        finish(evaluate(denoiser, groups, settings), watch)
        named = finish(named_first(denoiser, groups, settings), watch)
    except KeyboardInterrupt:
        if not finished:
            raise
        code = INTERRUPTED
        complain(f"interrupted; {len(finished)} of {len(settings.detectors)} detectors are finished.")
    evaluation = evaluation_of(denoiser, settings, finished)
    if options.out is not None:
        write_evaluation(evaluation, options.out, named)
    if asked and asked.note:
        complain(asked.note)
    say(evaluation_json(evaluation, named) if options.json else markdown(evaluation, named).splitlines())
    return code


def run_explain(options: argparse.Namespace) -> int:
    """`prompts explain`: the words of each prompt, the most significant first."""
    settings = PromptSettings.read(given(options, PromptSettings))
    asked = asked_prompts(options)
    from dataclasses import asdict

    from side_core.prompts.explain import explaining

    denoiser = opened(settings, options.device)
    progress, found, lines = Progress("explaining"), [], []
    for place, prompt in enumerate(asked.prompts):
        significance = finish(explaining(denoiser, prompt, settings))
        progress.show((place + 1) / len(asked.prompts))
        cut = denoiser.tokens(prompt).cut
        found.append({"prompt": prompt, "cut": cut, **asdict(significance)})
        most = significance.ranked[0].value
        lines.append(prompt)
        lines += [
            f"{word.rank:4}  {word.value:9.4f}  {'#' * round(30 * word.value / most) if most else '':30}  {word.text}"
            for word in significance.ranked
        ]
        lines += [f"      cut off, as the model reads no more: {cut}"] if cut else []
    about = {"settings": settings.model_dump(mode="json", exclude={"prompt"}), "fingerprint": denoiser.fingerprint}
    if asked.note:
        complain(asked.note)
    say(about | {"prompts": found} if options.json else lines)
    return 0


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


def asked_prompts(options: argparse.Namespace) -> "PromptFile":
    """The prompts of --prompt and of the file of --prompts.

    Raises:
        ValueError: there is none, or one of --prompt cannot be used.
    """
    from side_core.prompts.prompt_file import PromptFile, prompt_of, read_prompts

    if not options.typed and options.prompts is None:
        raise ValueError("No prompt was given: give one with --prompt, or a file of them with --prompts.")
    typed = []
    for number, text in enumerate(options.typed or (), 1):
        try:
            typed.append(prompt_of(text))
        except ValueError as error:
            raise ValueError(f"Prompt {number} cannot be used ({error}): type what the picture shall show.") from None
    if options.prompts is None:
        return PromptFile(tuple(typed), (0,) * len(typed), ())
    read = read_prompts(options.prompts)
    return PromptFile((*typed, *read.prompts), (*(0 for _ in typed), *read.lines), read.broken)


def opened(settings: PromptSettings, device: str | None) -> "TextDenoiser":
    """The text-to-image model.

    Raises:
        ValueError: it cannot be opened, or draws without a text.
    """
    from side_core.dpm.folder import open_denoiser
    from side_core.dpm.text.denoiser import need_text

    return need_text(open_denoiser(settings.model, settings.mode, device))


def control_of(denoiser: "TextDenoiser", settings: PromptSettings, file: Path | None) -> "HeldOut | None":
    """What prompts are held against: those of a file, or the model's own; None where there are neither."""
    from side_core.dpm.folder import model_folder
    from side_core.prompts.held_out import held_out_norms, held_out_prompts
    from side_core.prompts.prompt_file import read_prompts

    prompts: Sequence[str] | None
    if file is None:
        prompts, name, folder = held_out_prompts(settings.model), "held-out captions", model_folder(settings.model)
        if prompts is None:
            return None
    else:
        read = read_prompts(file)
        if read.note:
            complain(f"control: {read.note}")
        prompts, name, folder = read.prompts, f"prompts of {file.name}", None
    watch = Progress("scoring held-out prompts").watch
    return finish(held_out_norms(denoiser, prompts, settings, name, folder), watch)


def prepare(out: Path | None) -> None:
    """Make the folder for the tables, if one was asked for, before anything is measured."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)


def say(about: Any) -> None:
    """Print lines, or JSON."""
    if isinstance(about, dict):
        print(json.dumps(about, indent=2))
        return
    from side_core.roots import printable

    for line in about:
        print(printable(line))
