"""One extraction from start to end: open, draw, match, score. Generators, so that callers show and cancel them."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from side_core.assets import BUILT_INS
from side_core.data.source import reading
from side_core.data.training_set import Reading, TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.folder import model_folder, open_denoiser, read_card, training_source
from side_core.extraction.calibration import Calibration, read_calibration
from side_core.extraction.headline import Headline, headline
from side_core.extraction.matching import Match, match
from side_core.extraction.references import References, make_references
from side_core.progress import finish
from side_core.sampling.sampler import Drawing, check_label, check_noise, draw
from side_core.sampling.schedule import schedule_of
from side_core.settings import ExtractSettings, MatchSettings, ScoreName
from side_core.similarity.embeddings import Embedding
from side_core.similarity.encoder import open_encoder


@dataclass(frozen=True, eq=False)
class Subject:
    """What is examined.

    Attributes:
        denoiser: the model; None where others generated the pictures.
        data: its training images.
        control: images it never saw; None where there are none, and then there is no headline.
        calibration: its plain images' scores, where they were kept for this very model, data and control.
    """

    denoiser: Denoiser | None
    data: TrainingSet
    control: TrainingSet | None
    calibration: Calibration | None

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say about how training images and control were read."""
        parts = (("Training images", self.data), ("Control", self.control))
        return tuple(f"{name}: {note}" for name, part in parts if part is not None for note in part.notes)


@dataclass(frozen=True, eq=False)
class Extraction:
    """Finished (or cancelled) matching of pictures with training images.

    Attributes:
        settings: what was asked for.
        subject: what was examined.
        references: what the pictures were matched against.
        match: the pictures with their neighbours and scores; fewer than asked for if it was cancelled.
        samples: the source of the pictures where others generated them; else None.
    """

    settings: MatchSettings
    subject: Subject
    references: References
    match: Match
    samples: TrainingSet | None = None

    def headline(self, score: ScoreName | None = None) -> Headline | None:
        """The headline of one score, by the settings' own threshold where it is the settings' own score."""
        return headline(self.match, self.settings, score or self.settings.score, self.subject.calibration)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing to know about what was compared."""
        own = () if self.samples is None else tuple(f"Pictures: {note}" for note in self.samples.notes)
        return (*own, *self.subject.notes, *self.references.notes)


def data_and_control(settings: ExtractSettings) -> tuple[str, str | None]:
    """The sources of training images and control: the settings', or the model's own.

    Raises:
        ValueError: neither the settings nor the model name the training images.
    """
    data, control = settings.data, settings.control
    if settings.model in BUILT_INS:
        own = BUILT_INS[settings.model]
        data, control = data or own.data, control or own.control
    data = data or training_source(read_card(model_folder(settings.model)))
    if data is None:
        raise ValueError(
            f"The training images of '{settings.model}' are not known: name a folder or an array file (--data)."
        )
    return data, control


def opening(settings: ExtractSettings, device: str | None = None) -> Generator[Reading, None, Subject]:
    """Open model, training images, control and calibration, handing out the progress.

    Images are brought to the size that the model draws.

    Raises:
        ValueError: one of them cannot be opened, or schedule, label or noise do not fit the model.
    """
    source, control_source = data_and_control(settings)
    denoiser = open_denoiser(settings.model, settings.mode, device)
    # Complain before anything is drawn.
    schedule_of(settings, denoiser.alphas_cumprod)
    check_noise(settings.eta, settings.solver)
    check_label(settings.label, denoiser.classes)
    data = yield from reading(source, denoiser.image_size)
    control = None
    if control_source is not None:
        control = yield from reading(control_source, denoiser.image_size)
    calibration = None
    if control is not None:
        calibration = read_calibration(model_folder(settings.model), denoiser, data, control)
    return Subject(denoiser, data, control, calibration)


def open_subject(settings: ExtractSettings, device: str | None = None) -> Subject:
    """The same without the progress."""
    return finish(opening(settings, device))


def references_of(
    settings: MatchSettings, subject: Subject, device: str | None = None
) -> Generator[Embedding, None, References]:
    """Encode training images and control as the settings ask for, handing out the progress.

    Raises:
        ValueError: the encoder cannot be opened, or score or control rate do not go with what there is.
    """
    encoder = open_encoder(settings.encoder, settings.encoder_weights, subject.denoiser, device)
    if settings.score == "cosine" and not encoder.unit:
        raise ValueError(
            f"Score 'cosine' compares directions of features, which encoder '{settings.encoder}' does not give: "
            "choose encoder clip or sscd, or score l2."
        )
    if settings.control_rate is not None and subject.control is None:
        raise ValueError(f"A control rate of {settings.control_rate:g} needs a control: name one, or give a threshold.")
    return (yield from make_references(subject.data, subject.control, encoder))


def extract(
    settings: ExtractSettings,
    subject: Subject,
    references: References,
    finished: Mapping[int, np.ndarray] | None = None,
) -> Iterator[Drawing | Extraction]:
    """Draw the images, handing out every step, match and score them; the last thing handed out is the Extraction.

    A caller who stops early and has kept the finished images calls `score_images` on them.

    Args:
        settings: what to do.
        subject: from `open_subject`.
        references: from `references_of`.
        finished: images by their seed that were drawn before; they are not drawn again.

    Raises:
        ValueError: there is no model, or it returns no numbers.
    """
    if subject.denoiser is None:
        raise ValueError(
            "There is no model to draw with: name one, or score pictures with side_core.extraction.scoring."
        )
    images = dict(finished or {})
    missing = [seed for seed in settings.seeds if seed not in images]
    for drawing in draw(subject.denoiser, settings.sampling, missing):
        if drawing.images is not None:
            images |= dict(zip(drawing.seeds, drawing.images, strict=True))
        yield drawing
    yield score_images(settings, subject, references, {seed: images[seed] for seed in settings.seeds})


def score_images(
    settings: ExtractSettings, subject: Subject, references: References, images: Mapping[int, np.ndarray]
) -> Extraction:
    """Match and score drawn images, (H, W, 3) uint8 by their seeds."""
    names = tuple(map(str, images))
    return Extraction(settings, subject, references, match(np.stack(list(images.values())), names, references))
