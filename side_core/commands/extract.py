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
    from side_core.extraction.run import Drawn


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
    from side_core.extraction.files import IMAGES, PATH, PLAIN, arithmetic_in, begin, write_images, write_results
    from side_core.extraction.run import Extraction, extract, opening, references_of, score_images
    from side_core.files.whole_file import write_whole
    from side_core.runs.identity import new_run

    recorded = arithmetic_in(options.out) if options.resume else None
    subject = finish(opening(settings, options.device, recorded), Progress("reading pictures").watch)
    references = finish(references_of(settings, subject, options.device), watch_preparing())
    assert subject.denoiser is not None  # an extraction has a model
    resumed, steered = begin(options.out, settings, subject, options.resume), subject.guide is not None
    noting = Noting(new_run(settings, subject, references), options.history)
    noting.pictures(options.out / IMAGES, resumed.images)
    noting.pictures(options.out / PLAIN, resumed.plain, plain=True)
    anew = drawn_for_path(options, settings, noting)
    drawn = resumed.without(anew)
    drawn = drawn.and_also(reused(options.out, settings, steered, drawn, anew, noting))
    recorder, progress = PathRecorder(subject.denoiser, settings), Progress("drawing")
    plain_progress = Progress("drawing the same seeds unsteered")
    extraction, code = None, 0
    try:
        for event in extract(settings, subject, references, drawn):
            if isinstance(event, Extraction):
                extraction = event
                continue
            twin = steered and not event.steered
            (plain_progress if twin else progress).watch(event)
            write_images(options.out, event.finished, PLAIN if twin else IMAGES, event.damaged)
            noting.pictures(options.out / (PLAIN if twin else IMAGES), event.finished, plain=twin)
            drawn = drawn.after(event, steered)
            if not twin and recorder.see(event):  # now, as a run that is killed may be resumed
                with suppress(ValueError):  # said at the end, when all pictures are there
                    write_whole(options.out / PATH, recorder.gif)
                noting.animation(recorder.seeds, recorder.gif)
    except KeyboardInterrupt:
        code, drawn = INTERRUPTED, drawn.and_also(resumed)
        if not drawn.images:
            noting.leave()
            raise
        complain("interrupted; scoring what is finished.")
        extraction = score_images(settings, subject, references, drawn)
    assert extraction is not None  # the generator's last event
    if recorder.gif:
        write_whole(options.out / PATH, recorder.gif)
    report(extraction, write_results(options.out, extraction), options)
    noting.result(extraction)
    return code


def drawn_for_path(options: argparse.Namespace, settings: ExtractSettings, noting: "Noting") -> tuple[int, ...]:
    """The seeds that must be drawn, whatever is finished, so that path.gif is there: none where it is, or is kept."""
    from side_core.extraction.animation import is_path_of, seeds_shown
    from side_core.extraction.files import PATH
    from side_core.files.whole_file import write_whole

    file, seeds = options.out / PATH, seeds_shown(settings)
    if options.resume and is_path_of(file, seeds):
        return ()
    if (kept := noting.kept_animation(seeds)) is None:
        return seeds
    write_whole(file, kept)
    return ()


def reused(
    out: Path, settings: ExtractSettings, steered: bool, drawn: "Drawn", anew: tuple[int, ...], noting: "Noting"
) -> "Drawn":
    """Pictures that the workspace keeps, copied into the run's folder: those neither drawn yet nor to be drawn anew."""
    from side_core.extraction.files import PLAIN, write_images
    from side_core.extraction.run import Drawn

    own = noting.kept([seed for seed in settings.seeds if seed not in drawn.images and seed not in anew])
    plain = {}
    if steered and settings.compare_plain:
        plain = noting.kept([seed for seed in settings.seeds if seed not in drawn.plain], plain=True)
    images, twins = ({seed: picture.image for seed, picture in kept.items()} for kept in (own, plain))
    damaged = tuple(picture.damage for picture in own.values() if picture.damage)
    write_images(out, images, damaged=damaged)
    write_images(out, twins, PLAIN)
    return Drawn(images, twins, damaged)
