"""One extraction from start to end: open, draw, match, score. A generator, so that callers show and cancel it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from side_core.assets import BUILT_INS
from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.folder import model_folder, open_denoiser, read_card
from side_core.extraction.calibration import Calibration, read_calibration
from side_core.extraction.headline import Headline, headline
from side_core.extraction.matching import Match, check_sizes, make_reference, match
from side_core.sampling.sampler import Drawing, check_noise, draw
from side_core.sampling.schedule import schedule_of
from side_core.settings import ExtractSettings, ScoreName
from side_core.similarity.encoder import encode_images
from side_core.similarity.scores import SCORES


@dataclass(frozen=True, eq=False)
class Subject:
    """What is examined: a model with its training images, control and calibration."""

    denoiser: Denoiser
    data: TrainingSet
    control: TrainingSet
    calibration: Calibration | None


@dataclass(frozen=True, eq=False)
class Extraction:
    """A finished (or cancelled) extraction.

    Attributes:
        settings: what was asked for.
        subject: what was examined.
        match: the drawn images with their neighbours and scores; fewer than asked for if it was cancelled.
    """

    settings: ExtractSettings
    subject: Subject
    match: Match

    def headline(self, score: ScoreName | None = None) -> Headline:
        """The headline of one score, by the settings' own threshold where it is the settings' own score."""
        chosen = score or self.settings.score
        threshold = self.settings.threshold if chosen == self.settings.score else SCORES[chosen].threshold
        return headline(self.match, self.settings.encoder, chosen, threshold, self.subject.calibration)


def data_and_control(settings: ExtractSettings) -> tuple[str, str]:
    """The sources of training images and control: the settings', or the model's own.

    Raises:
        ValueError: neither the settings nor the model name them.
    """
    data, control = settings.data, settings.control
    if settings.model in BUILT_INS:
        own = BUILT_INS[settings.model]
        data, control = data or own.data, control or own.control
    data = data or read_card(model_folder(settings.model)).get("data", {}).get("source")
    if data is None:
        raise ValueError(f"The training images of '{settings.model}' are not known: name them with --data.")
    if control is None:
        raise ValueError(f"'{settings.model}' has no control of its own: name images it never saw with --control.")
    return data, control


def open_subject(settings: ExtractSettings, device: str | None = None) -> Subject:
    """Open model, training images, control and calibration.

    Raises:
        ValueError: one of them cannot be opened, or schedule, encoder or data do not fit the model.
    """
    data, control = (open_training_set(source) for source in data_and_control(settings))
    denoiser = open_denoiser(settings.model, settings.mode, device)
    # Complain before anything is drawn.
    schedule_of(settings, denoiser.alphas_cumprod)
    check_noise(settings.eta, settings.solver)
    for part in (data, control):
        if len(part) < 2:
            raise ValueError(f"'{part.name}' has {len(part)} image, but scores compare two: choose a larger slice.")
    check_sizes(drawn_size(denoiser), data, control)
    encode_images(data.images[:1], settings.encoder, denoiser)
    calibration = read_calibration(model_folder(settings.model), denoiser, data, control)
    return Subject(denoiser, data, control, calibration)


def drawn_size(denoiser: Denoiser) -> tuple[int, ...]:
    """Height and width of the images that a model draws."""
    return tuple(denoiser.decode(torch.zeros(1, *denoiser.shape, device=denoiser.device)).shape[2:])


def extract(settings: ExtractSettings, subject: Subject) -> Iterator[Drawing | Extraction]:
    """Draw the images, handing out every step; the last thing handed out is the Extraction.

    A caller who stops early and has kept the finished batches calls `score_images` on them.
    """
    batches: list[np.ndarray] = []
    for drawing in draw(subject.denoiser, settings.sampling):
        if drawing.images is not None:
            batches.append(drawing.images)
        yield drawing
    yield score_images(settings, subject, np.concatenate(batches), tuple(settings.seeds))


def score_images(settings: ExtractSettings, subject: Subject, images: np.ndarray, seeds: tuple[int, ...]) -> Extraction:
    """Match and score drawn images.

    Args:
        settings: which encoder and score.
        subject: training images and control.
        images: (n, H, W, 3) uint8.
        seeds: (n,) of the images.
    """
    denoiser = subject.denoiser
    known, unseen = (make_reference(part, settings.encoder, denoiser) for part in (subject.data, subject.control))
    return Extraction(settings, subject, match(images, seeds, known, unseen, denoiser))
