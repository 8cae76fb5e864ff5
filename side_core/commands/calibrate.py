"""`calibrate`: the table of plain scores beside a model."""

import argparse

from side_core.commands.options import add_subject, given
from side_core.commands.terminal import Progress
from side_core.progress import finish
from side_core.settings import ExtractSettings

ABOUT = "draw 4,096 plain images of a model and keep their scores beside it"


def add(parser: argparse.ArgumentParser) -> None:
    """The model and its sets of pictures."""
    add_subject(parser)
    parser.add_argument("--mode", metavar="exact|fast", help=ExtractSettings.model_fields["mode"].description)


def run(options: argparse.Namespace) -> int:
    """`calibrate`: the table beside a model."""
    settings = ExtractSettings.read(given(options, ExtractSettings))
    from side_core.dpm.folder import model_folder
    from side_core.extraction.calibration import FILE, PLAIN, calibrate
    from side_core.extraction.subject import opening

    subject = finish(opening(settings), Progress("reading pictures").watch)
    if subject.control is None:
        raise ValueError(f"'{settings.model}' has no control of its own: name images it never saw with --control.")
    folder = model_folder(settings.model)
    progress = Progress("calibrating")
    plain = PLAIN.model_copy(update={"mode": settings.mode})
    for drawing in calibrate(subject.denoiser, subject.data, subject.control, folder, plain):
        progress.show(drawing.done / drawing.total)
    print(f"The table is {folder / FILE}")
    return 0
