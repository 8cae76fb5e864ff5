"""What each command does; `side_core.cli` says how it is called. Heavy imports wait until a command needs them."""

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from side_core.options import given
from side_core.progress import INTERRUPTED, Part, Progress, complain, finish
from side_core.settings import PRESETS, ExtractSettings, ScoreSettings, SurrogateSettings, TrainDpmSettings

if TYPE_CHECKING:
    from side_core.dpm.denoiser import Denoiser
    from side_core.extraction.run import Extraction
    from side_core.surrogate.building import Record
    from side_core.surrogate.surrogate import Surrogate
    from side_core.surrogate.training import SurrogateStep


def run_extract(options: argparse.Namespace) -> int:
    """`extract`: a run into a folder."""
    settings = ExtractSettings.read(given(options, ExtractSettings))
    from side_core.extraction.animation import PathRecorder
    from side_core.extraction.files import IMAGES, PLAIN, begin, write_images, write_results
    from side_core.extraction.run import Extraction, extract, opening, references_of, score_images
    from side_core.runs.identity import new_run
    from side_core.runs.noting import Noting
    from side_core.whole_file import write_whole

    subject = finish(opening(settings, options.device), Progress("reading pictures").watch)
    references = finish(references_of(settings, subject, options.device), Progress("encoding").watch)
    assert subject.denoiser is not None  # an extraction has a model
    drawn, steered = begin(options.out, settings, subject, options.resume), subject.guide is not None
    noting = Noting(new_run(settings, subject, references), options.history)
    noting.pictures(options.out / IMAGES, drawn.images)
    noting.pictures(options.out / PLAIN, drawn.plain, plain=True)
    recorder, progress = PathRecorder(subject.denoiser, settings.steps), Progress("drawing")
    plain_progress = Progress("drawing the same seeds unsteered")
    extraction, code = None, 0
    try:
        for event in extract(settings, subject, references, drawn):
            if isinstance(event, Extraction):
                extraction = event
                continue
            twin = steered and not event.steered
            (plain_progress if twin else progress).watch(event)
            if not twin:
                recorder.see(event)
            write_images(options.out, event.finished, PLAIN if twin else IMAGES)
            noting.pictures(options.out / (PLAIN if twin else IMAGES), event.finished, plain=twin)
            drawn = drawn.after(event, steered)
    except KeyboardInterrupt:
        code = INTERRUPTED
        if not drawn.images:
            noting.leave()
            raise
        complain("interrupted; scoring what is finished.")
        extraction = score_images(settings, subject, references, drawn)
    assert extraction is not None  # the generator's last event
    if animation := recorder.gif():
        write_whole(options.out / "path.gif", animation)
    report(extraction, write_results(options.out, extraction), options)
    noting.result(extraction)
    return code


def run_describe(options: argparse.Namespace) -> int:
    """`describe`: what is understood, before anything is drawn."""
    settings = ExtractSettings.read(given(options, ExtractSettings))
    from side_core.data.source import reading
    from side_core.dpm.description import describe
    from side_core.extraction.overview import lines_of_model, overview_of_set
    from side_core.extraction.run import data_and_control

    description = describe(settings.model)
    source, control_source = data_and_control(settings)
    progress = Progress("reading pictures").watch
    data = finish(reading(source, description.image_size), progress)
    overviews = {"training images": overview_of_set(data)}
    if control_source is not None:
        overviews["control"] = overview_of_set(finish(reading(control_source, description.image_size), progress), data)
    if options.json:
        print(json.dumps({"model": asdict(description)} | {k: asdict(v) for k, v in overviews.items()}, indent=2))
        return 0
    parts = {"model": lines_of_model(description)} | {name: item.lines() for name, item in overviews.items()}
    for title, lines in parts.items():
        print(title.capitalize())
        for name, value in lines.items():
            print(f"  {name + ':':32} {value}")
    for name, item in overviews.items():
        for note in item.notes:
            print(f"Note: {name.capitalize()}: {note}")
    if control_source is None:
        print("Note: there is no control, so the headline of a run will be withheld.")
    return 0


def run_score(options: argparse.Namespace) -> int:
    """`score`: a run into a folder, of pictures that others generated."""
    settings = ScoreSettings.read(given(options, ScoreSettings))
    from side_core.extraction.files import prepare_folder, write_results
    from side_core.extraction.scoring import score
    from side_core.runs.identity import new_run
    from side_core.runs.noting import Noting
    from side_core.similarity.embeddings import Embedding

    prepare_folder(options.out, settings)
    reading, encoding = Progress("reading pictures"), Progress("encoding")
    extraction = finish(
        score(settings, options.device),
        lambda event: (encoding if isinstance(event, Embedding) else reading).watch(event),
    )
    report(extraction, write_results(options.out, extraction), options)
    new = new_run(settings, extraction.subject, extraction.references, extraction.samples)
    Noting(new, options.history).result(extraction)
    return 0


def report(extraction: "Extraction", summary: dict[str, Any], options: argparse.Namespace) -> None:
    """What was understood and what came out, on stdout."""
    from side_core.extraction.effect import effect_of
    from side_core.extraction.headline import WITHHELD

    if options.json:
        print(json.dumps(summary, indent=2))
        return
    for note in extraction.notes:
        print(f"Note: {note}")
    print(f"Compared by {extraction.references.encoder.description}")
    print(extraction.headline() or WITHHELD)
    if (effect := effect_of(extraction)) is not None:
        print(f"The same seeds unsteered: {effect.plain}")
        print(f"Effect: {effect}")
    print(f"Tables and pictures: {options.out}")


def run_train_dpm(options: argparse.Namespace) -> int:
    """`train dpm`: a model folder with checkpoints."""
    settings = TrainDpmSettings.read(given(options, TrainDpmSettings))
    from side_core.data.source import reading
    from side_core.dpm.device import open_device
    from side_core.dpm.folder import check_pipeline
    from side_core.dpm.training import train_dpm

    size = (settings.image_size, settings.image_size) if settings.image_size else None
    data = finish(reading(options.data, size), Progress("reading pictures").watch)
    for note in data.notes:
        print(f"Note: {note}")
    if options.init is not None:
        check_pipeline(options.init)
    progress = Progress("training")
    device = open_device(options.device)
    for step in train_dpm(data, settings, options.out, options.resume, options.init, device):
        progress.show(step.fraction, f"step {step.step:,}, loss {step.loss:.4f}", step.seconds_left)
    print(f"The model is in {options.out}")
    return 0


def run_train_surrogate(options: argparse.Namespace) -> int:
    """`train surrogate`: a folder with classifier, card and pictures of its clusters."""
    preset = PRESETS[options.preset].model_dump(exclude_unset=True)
    settings = SurrogateSettings.read(preset | given(options, SurrogateSettings))
    from side_core.dpm.folder import open_denoiser
    from side_core.extraction.run import training_images
    from side_core.surrogate.building import Record, finished, gather, learn, lesson_of
    from side_core.surrogate.folder import save_surrogate
    from side_core.surrogate.surrogate import Surrogate
    from side_core.whole_file import make_folder

    make_folder(options.out)
    denoiser = open_denoiser(options.model, settings.mode, options.device)
    training = finish(training_images(options.model, denoiser)) if settings.synthetic else None
    material = finish(gather(denoiser, settings, training, options.device), Stages().watch)
    clusters, record, progress, code = material.clusters, Record(), Progress("training"), 0
    print(f"Kept {len(clusters.kept):,} of {settings.clusters:,} clusters of {len(material.synthetic):,} images")

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
    note_surrogate(options, denoiser, settings, surrogate, record, whole=code == 0)
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


def note_surrogate(
    options: argparse.Namespace,
    denoiser: "Denoiser",
    settings: SurrogateSettings,
    surrogate: "Surrogate",
    record: "Record",
    whole: bool,
) -> None:
    """Note a trained surrogate in the history; `whole`: nobody has interrupted it."""
    from side_core.runs.noting import Noting
    from side_core.runs.others import surrogate_headline, surrogate_run, write_surrogate

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


def run_data_build(options: argparse.Namespace) -> int:
    """`data build`: the pixel faces."""
    from side_core.assets import PIXEL_FACES
    from side_core.data.render import render_pixel_faces

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
    from side_core.bench import measure

    figures = measure(browser=not options.skip_browser, large=options.large)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:32} {value}")
    return 0
