"""`describe`: what is understood of a model and its pictures, before anything is drawn."""

import argparse
import json
from dataclasses import asdict

from side_core.commands.options import add_subject, given, with_option
from side_core.commands.terminal import say_lines, watch_preparing
from side_core.progress import finish
from side_core.settings import ExtractSettings

ABOUT = "say what is understood of a model, its training images and control; draws nothing"


def add(parser: argparse.ArgumentParser) -> None:
    """The model and its sets of pictures."""
    add_subject(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON on stdout")


def run(options: argparse.Namespace) -> int:
    """`describe`: what is understood, before anything is drawn."""
    settings = ExtractSettings.read(given(options, ExtractSettings))
    from side_core.data.source import reading
    from side_core.dpm.description import describe
    from side_core.dpm.folder import model_folder, read_card, trained_mirrored
    from side_core.extraction.overview import lines_of_model, overviewing
    from side_core.extraction.subject import data_and_control

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
        unknown = with_option(error)
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
