"""What each command does. Heavy imports wait until a command needs them."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from side_core.commands.options import given
from side_core.progress import Progress, finish
from side_core.settings import ExtractSettings, ScoreSettings

if TYPE_CHECKING:
    from side_core.extraction.run import Extraction


def run_describe(options: argparse.Namespace) -> int:
    """`describe`: what is understood, before anything is drawn."""
    settings = ExtractSettings.read(given(options, ExtractSettings))
    from side_core.data.source import reading
    from side_core.dpm.description import describe
    from side_core.dpm.folder import model_folder, read_card, trained_mirrored
    from side_core.extraction.overview import lines_of_model, overviewing
    from side_core.extraction.run import data_and_control

    description = describe(settings.model)
    if not options.json:
        say_lines("Model", lines_of_model(description))
        for note in description.notes:
            print(f"Note: {note}")
    overviews, unknown = {}, ""
    watch, mirror = watch_preparing(), trained_mirrored(read_card(model_folder(settings.model)))
    try:
        source, control_source = data_and_control(settings)
    except ValueError as error:  # what the model is has been said all the same
        unknown = str(error)
    else:
        data = finish(reading(source, description.image_size), watch)
        overviews["training images"] = finish(overviewing(data, mirror=mirror), watch)
        if control_source is not None:
            control = finish(reading(control_source, description.image_size), watch)
            overviews["control"] = finish(overviewing(control, data, mirror), watch)
    if options.json:
        print(json.dumps({"model": asdict(description)} | {k: asdict(v) for k, v in overviews.items()}, indent=2))
        return 0
    for name, item in overviews.items():
        say_lines(name.capitalize(), item.lines())
        for note in item.notes:
            print(f"Note: {name.capitalize()}: {note}")
    if "control" not in overviews:
        print(f"Note: {unknown or 'There is no control, so the headline of a run will be withheld.'}")
    return 0


def say_lines(title: str, lines: dict[str, str]) -> None:
    """A heading and what stands below it, name by name."""
    print(title)
    for name, value in lines.items():
        print(f"  {name + ':':32} {value}")


def run_score(options: argparse.Namespace) -> int:
    """`score`: a run into a folder, of pictures that others generated."""
    settings = ScoreSettings.read(given(options, ScoreSettings))
    from side_core.extraction.files import prepare_folder, write_results
    from side_core.extraction.scoring import score
    from side_core.runs.identity import new_run
    from side_core.runs.noting import Noting

    prepare_folder(options.out, settings)
    extraction = finish(score(settings, options.device), watch_preparing())
    report(extraction, write_results(options.out, extraction), options)
    new = new_run(settings, extraction.subject, extraction.references, extraction.samples)
    Noting(new, options.history).result(extraction)
    return 0


def watch_preparing() -> Callable[[Any], None]:
    """Shows what is done before pictures are compared, each kind of work on a line of its own."""
    from side_core.data.training_set import Reading
    from side_core.similarity.near_duplicates import Grouping

    kinds = {Reading: Progress("reading pictures"), Grouping: Progress("looking for near-duplicates")}
    encoding = Progress("encoding")
    return lambda event: kinds.get(type(event), encoding).watch(event)


def report(extraction: "Extraction", summary: dict[str, Any], options: argparse.Namespace) -> None:
    """What was understood and what came out, on stdout."""
    from side_core.extraction.effect import effect_of

    if options.json:
        print(json.dumps(summary, indent=2))
        return
    for warning in extraction.warnings:
        print(f"Warning: {warning}")
    for note in extraction.notes:
        print(f"Note: {note}")
    print(f"Compared by {extraction.references.encoder.description}")
    print(extraction.headline() or extraction.withheld())
    if (second := extraction.second()) is not None:
        print(second)
    if (effect := effect_of(extraction)) is not None:
        print(f"The same seeds unsteered: {effect.plain}")
        print(f"Effect: {effect}")
    print(f"Tables and pictures: {options.out}")


def run_data_build(options: argparse.Namespace) -> int:
    """`data build`: the pixel faces."""
    from side_core.data.render import render_pixel_faces
    from side_core.files.assets import PIXEL_FACES

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
    from side_core.extraction.run import opening

    subject = finish(opening(settings), Progress("reading pictures").watch)
    if subject.control is None:
        raise ValueError(f"'{settings.model}' has no control of its own: name images it never saw with --control.")
    assert subject.denoiser is not None  # a calibration has a model
    folder = model_folder(settings.model)
    progress = Progress("calibrating")
    plain = PLAIN.model_copy(update={"mode": settings.mode})
    for drawing in calibrate(subject.denoiser, subject.data, subject.control, folder, plain):
        progress.show(drawing.done / drawing.total)
    print(f"The table is {folder / FILE}")
    return 0


def run_bench(options: argparse.Namespace) -> int:
    """`bench`: figures of speed."""
    from bench.speed import measure

    figures = measure(browser=not options.skip_browser, large=options.large)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:32} {value}")
    return 0
