"""`train surrogate`: from pictures that the model draws itself (SIDE). Heavy imports wait until needed."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from side_core.commands.options import add_device, add_history, add_options, given
from side_core.commands.terminal import INTERRUPTED, Progress, complain
from side_core.progress import Part, finish
from side_core.settings import PRESETS, ExtractSettings, SurrogateSettings
from side_core.wording import counted

if TYPE_CHECKING:
    from side_core.dpm.denoiser import Denoiser
    from side_core.surrogate.building import Record
    from side_core.surrogate.surrogate import Surrogate
    from side_core.surrogate.training import SurrogateStep


ABOUT = "train a surrogate classifier of a model from pictures the model draws itself (SIDE)"


def add(parser: argparse.ArgumentParser) -> None:
    """Model, preset, folder and settings."""
    parser.add_argument("--model", default="pixel-faces", help=ExtractSettings.model_fields["model"].description)
    parser.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        default="quick",
        help="quick: 90 seconds on two cores. reported: as the shipped ones. Options change single settings of it",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the surrogate")
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="print its card on stdout")
    add_options(parser, SurrogateSettings)
    add_history(parser)


def run(options: argparse.Namespace) -> int:
    """Train it and write a folder with classifier, card and pictures of its clusters."""
    preset = PRESETS[options.preset].model_dump(exclude_unset=True)
    settings = SurrogateSettings.read(preset | given(options, SurrogateSettings))
    from side_core.dpm.folder import open_denoiser
    from side_core.extraction.subject import training_images
    from side_core.files.whole_file import make_folder
    from side_core.surrogate.building import Record, finished, gather, learn, lesson_of
    from side_core.surrogate.folder import save_surrogate
    from side_core.surrogate.surrogate import Surrogate

    make_folder(options.out)
    denoiser = open_denoiser(options.model, settings.mode, options.device)
    training = finish(training_images(options.model, denoiser)) if settings.synthetic else None
    material = finish(gather(denoiser, settings, training, options.device), Stages().watch)
    clusters, record, progress, code = material.clusters, Record(), Progress("training"), 0
    print(
        f"Kept {len(clusters.kept):,} of {counted(settings.clusters, 'cluster')} "
        f"of {counted(len(material.synthetic), 'image')}"
    )

    def watch(step: "SurrogateStep") -> None:
        record.see(step)
        best = step.best_evaluation
        held = "" if best is None else f", held-out loss {best.loss:.3f}"
        progress.show(step.done / step.total, f"{step.part} step {step.done:,}, loss {step.loss:.3f}{held}")

    surrogate: Surrogate | None
    try:
        surrogate = finish(learn(options.model, denoiser, material, settings), watch)
    except KeyboardInterrupt:
        code = INTERRUPTED
        complain("interrupted; keeping the best so far.")
        lesson = lesson_of(denoiser, material, settings)
        surrogate = finished(options.model, denoiser, material, settings, lesson, record)
    if surrogate is None:
        complain("nothing was learned yet; the synthetic images are kept.")
        return INTERRUPTED
    save_surrogate(surrogate, options.out)
    _note_surrogate(options, denoiser, settings, surrogate, record, whole=code == 0)
    if options.json:
        print(json.dumps(surrogate.card, indent=2))
        return code
    for level in surrogate.card["training"]["levels"]:
        print(
            f"t = {level['timestep']:4}: accuracy {100 * level['accuracy']:.1f} % ({100 * level['low']:.1f} to "
            f"{100 * level['high']:.1f}), {level['right']:,} of {level['count']:,}; calibration error "
            f"{100 * level['calibration_error']:.1f} %"
        )
    print(f"Guessing would reach {100 * surrogate.card['training']['chance']:.1f} %")
    for warning in surrogate.card["warnings"]:
        print(f"Warning: {warning}")
    print(f"The surrogate is in {options.out}")
    return code


def _note_surrogate(
    options: argparse.Namespace,
    denoiser: "Denoiser",
    settings: SurrogateSettings,
    surrogate: "Surrogate",
    record: "Record",
    whole: bool,
) -> None:
    """Note a trained surrogate in the history; `whole`: nobody has interrupted it."""
    from side_core.commands.noting import Noting
    from side_core.runs.identity import surrogate_headline, surrogate_run, write_surrogate

    last = record.last
    assert last is not None  # it has learned something
    new = surrogate_run(options.model, denoiser, settings, last.done if whole else last.total)
    noting = Noting(new, options.history)
    noting.files(last.done, surrogate_headline(surrogate), lambda folder: write_surrogate(surrogate, folder))


class Stages:
    """One progress line for each kind of work that gathering the material of a surrogate takes."""

    def __init__(self) -> None:
        from side_core.surrogate.building import STAGES

        self.lines = {kind: Progress(words) for kind, words in STAGES.items()}

    def watch(self, event: Part) -> None:
        """Show an event."""
        self.lines[type(event)].watch(event)
