"""`prompts detect`: is a prompt memorised, and how well detectors tell it. Heavy imports wait until needed."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from side_core.commands.options import given
from side_core.commands.prompts.options import add_subject, asked_prompts, opened, say
from side_core.commands.terminal import INTERRUPTED, Progress, complain
from side_core.files.whole_file import make_folder
from side_core.progress import finish
from side_core.settings import DetectorSettings, PromptSettings
from side_core.wording import counted

if TYPE_CHECKING:
    import numpy as np

    from side_core.dpm.text.denoiser import TextDenoiser
    from side_core.prompts.held_out import HeldOut
    from side_core.prompts.named_first import NamedFirst
    from side_core.prompts.norms import Measuring

ABOUT = "score prompts against held-out ones, or evaluate the detectors"
_ONLY_EVALUATED = frozenset(DetectorSettings.model_fields) - frozenset(PromptSettings.model_fields)


def add(parser: argparse.ArgumentParser) -> None:
    """Prompts, settings, and what they are compared with."""
    add_subject(parser, DetectorSettings)
    parser.add_argument(
        "--control", type=Path, metavar="FILE", help="prompts the model was not trained on (default: the model's own)"
    )
    parser.add_argument(
        "--evaluate",
        action="store_true",
        help="take the prompts as memorised ones and measure how well they are told from held-out ones; without "
        "prompts, the most repeated captions of the embedded model",
    )
    parser.add_argument(
        "--training",
        type=Path,
        metavar="FILE",
        help="with --evaluate: training captions that are not repeated (default: the model's own)",
    )
    parser.add_argument("--out", type=Path, default=None, help="folder for tables")


def run(options: argparse.Namespace) -> int:
    """`prompts detect`: the norm of each prompt against held-out ones, or the evaluation."""
    if options.evaluate:
        return _run_evaluate(options)
    for name in (*sorted(_ONLY_EVALUATED), "training"):
        if getattr(options, name, None) is not None:
            raise ValueError(f"--{name.replace('_', '-')} belongs to an evaluation: add --evaluate, or leave it out.")
    settings = PromptSettings.read(given(options, PromptSettings))
    asked = asked_prompts(options)
    from side_core.prompts.detect import detection_json, detection_of, lines_of, write_detection
    from side_core.prompts.norms import norms_of

    denoiser = opened(settings, options.device)
    if options.out is not None:
        make_folder(options.out)
    control = _control_of(denoiser, settings, options.control)
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
        complain(f"interrupted; {len(norms):,} of {counted(len(asked.prompts), 'prompt')} are scored.")
    seconds = time.perf_counter() - start
    detection = detection_of(denoiser, asked.prompts, norms, settings, control, seconds, asked.broken)
    if options.out is not None:
        write_detection(detection, options.out)
    if asked.note:
        complain(asked.note)
    say(detection_json(detection) if options.json else lines_of(detection))
    return code


def _run_evaluate(options: argparse.Namespace) -> int:
    """`prompts detect --evaluate`: the detectors on memorised prompts, held-out ones and training captions."""
    settings = DetectorSettings.read(given(options, DetectorSettings))
    asked = asked_prompts(options) if options.typed or options.prompts else None
    from side_core.prompts.detector_report import evaluation_json, markdown, write_evaluation
    from side_core.prompts.evaluation import Evaluated, evaluate, evaluation_of
    from side_core.prompts.groups import groups_for
    from side_core.prompts.named_first import named_first

    denoiser = opened(settings, options.device)
    if options.out is not None:
        make_folder(options.out)
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


def _control_of(denoiser: "TextDenoiser", settings: PromptSettings, file: Path | None) -> "HeldOut | None":
    """What prompts are held against: those of a file, or the model's own; None where there are neither."""
    from side_core.dpm.folder import model_folder
    from side_core.prompts.held_out import cached_norms, held_out_norms, held_out_prompts, missing_of
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
    try:
        return finish(held_out_norms(denoiser, prompts, settings, name, folder), watch)
    except KeyboardInterrupt:
        kept = len(prompts) - len(missing_of(cached_norms(denoiser, prompts, settings)))
        complain(f"{kept:,} of {len(prompts):,} held-out prompts are scored and kept: the next time goes on there.")
        raise
