"""`extract`: a run into a folder, with the pictures that are there or in the workspace already."""

import argparse
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from side_core.commands.options import add_device, add_history, add_options, given
from side_core.commands.terminal import INTERRUPTED, Progress, complain, report, watch_preparing
from side_core.progress import finish
from side_core.settings import ExtractSettings

if TYPE_CHECKING:
    from side_core.commands.noting import Noting
    from side_core.extraction.animation import PathRecorder
    from side_core.extraction.subject import Subject

ABOUT = "draw images, match them with training images, score them against a control"


def add(parser: argparse.ArgumentParser) -> None:
    """The settings, a folder, and what is there already."""
    add_options(parser, ExtractSettings)
    parser.add_argument("--out", type=Path, required=True, help="folder for run.json, tables, images/ and path.gif")
    parser.add_argument(
        "--resume", action="store_true", help="draw only the images that are not in --out yet; the rest may change"
    )
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="print run.json on stdout")
    add_history(parser, "; pictures that it keeps already are not drawn again")


def run(options: argparse.Namespace) -> int:
    """Draw what is missing, match and score; Ctrl-C keeps and scores what is finished."""
    settings = ExtractSettings.read(given(options, ExtractSettings))
    from side_core.commands.noting import Noting
    from side_core.extraction.animation import PathRecorder
    from side_core.extraction.files import arithmetic_in, begin, write_results
    from side_core.extraction.run import Extraction, extract, found_in, score_images
    from side_core.extraction.subject import opening, references_of
    from side_core.runs.identity import new_run
    from side_core.sampling.store import Layered

    recorded = arithmetic_in(options.out) if options.resume else None
    subject = finish(opening(settings, options.device, recorded), Progress("reading pictures").watch)
    references = finish(references_of(settings, subject, options.device), watch_preparing())
    folder = begin(options.out, settings, subject, options.resume)
    noting = Noting(new_run(settings, subject, references), options.history, folder.folders)
    for key in folder.folders:
        noting.link(key, folder.seeds(key))
    store = Layered(folder, noting)
    recorder = PathRecorder(subject.denoiser, settings)
    steered, extraction, code = subject.guided_by is not None, None, 0
    progress, plain_progress = Progress("drawing"), Progress("drawing the same seeds unsteered")
    try:
        for event in extract(settings, subject, references, store):
            if isinstance(event, Extraction):
                extraction = event
                continue
            twin = steered and not event.steered
            (plain_progress if twin else progress).watch(event)
            if not twin and recorder.see(event):  # now, as a run that is killed may be resumed
                with suppress(ValueError):  # said at the end, when all pictures are there
                    _keep_path(options.out, recorder, noting)
        _show_path(options, settings, subject, recorder, noting)
    except KeyboardInterrupt:
        code, drawn = INTERRUPTED, found_in(folder, settings, subject)
        if not drawn.images:
            noting.leave()
            raise
        complain("interrupted; scoring what is finished.")
        extraction = extraction or score_images(settings, subject, references, drawn)
    assert extraction is not None  # the generator's last event
    report(extraction, write_results(options.out, extraction), options)
    noting.result(extraction)
    return code


def _show_path(
    options: argparse.Namespace,
    settings: ExtractSettings,
    subject: "Subject",
    recorder: "PathRecorder",
    noting: "Noting",
) -> None:
    """See to it that path.gif is there: recorded as the pictures were drawn, kept before, or recorded now."""
    from side_core.extraction.animation import is_path_of
    from side_core.extraction.files import PATH
    from side_core.files.whole_file import write_whole
    from side_core.sampling.drawing import draw

    file, steering = options.out / PATH, subject.guided_by
    if recorder.gif:
        _keep_path(options.out, recorder, noting)
    elif options.resume and is_path_of(file, recorder.seeds):
        return
    elif (kept := noting.kept_animation(recorder.seeds)) is not None:
        write_whole(file, kept)
    else:
        guide = None if steering is None else steering.guide
        for drawing in draw(subject.denoiser, settings.plain_sampling, recorder.seeds, guide):
            recorder.see(drawing)
        _keep_path(options.out, recorder, noting)


def _keep_path(out: Path, recorder: "PathRecorder", noting: "Noting") -> None:
    """Write path.gif, and keep it for other runs of the same pictures."""
    from side_core.extraction.files import PATH
    from side_core.files.whole_file import write_whole

    write_whole(out / PATH, recorder.gif)
    noting.animation(recorder.seeds, recorder.gif)
