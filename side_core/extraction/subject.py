"""What is examined: a model with its training images, or these alone where others generated the pictures."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from side_core.data.source import reading
from side_core.data.training_set import Reading, TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.folder import model_folder, open_denoiser, read_card, trained_mirrored, training_source
from side_core.dpm.formats.unfollowed import unfollowed
from side_core.extraction.calibration import Calibration, read_calibration
from side_core.extraction.references import References, make_references
from side_core.files.assets import SHIPPED
from side_core.files.paths import printable
from side_core.progress import finish
from side_core.sampling.drawing import check_label
from side_core.sampling.missing import SampleSet
from side_core.sampling.prompt import check_prompt
from side_core.sampling.sampler import check_noise
from side_core.sampling.schedule import schedule_of
from side_core.settings import ExtractSettings, MatchSettings, SettingError, Settings
from side_core.similarity.embeddings import Embedding
from side_core.similarity.encoder import open_encoder
from side_core.similarity.near_duplicates import Grouping
from side_core.surrogate.folder import load_surrogate
from side_core.surrogate.steering import Steering, make_steering


@dataclass(frozen=True, eq=False)
class ImageSets:
    """Training images and control, with which pictures are compared, whoever drew them.

    Attributes:
        data: the training images.
        control: images that the model never saw; None where there are none, and then there is no headline.
        mirrored: the model's card says that it was trained on mirrored images, too.
        remarks: a sentence for each thing to know about the model and what is compared with it.
    """

    data: TrainingSet
    control: TrainingSet | None
    mirrored: bool = field(default=False, kw_only=True)
    remarks: tuple[str, ...] = field(default=(), kw_only=True)

    def mirror_by(self, settings: MatchSettings) -> bool:
        """Whether pictures are also compared mirrored: as the settings say, or else the model's card."""
        return self.mirrored if settings.mirror is None else settings.mirror

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say about the model, and about how training images and control were read."""
        parts = (("Training images", self.data), ("Control", self.control))
        read = tuple(f"{name}: {note}" for name, part in parts if part is not None for note in part.notes)
        return (*self.remarks, *read)


@dataclass(frozen=True, eq=False)
class Subject(ImageSets):
    """A model with its training images and control.

    Attributes:
        denoiser: the model.
        calibration: its plain images' scores, where they were kept for this very model, data and control.
        steering: the surrogate that steers it; None where it draws by itself.
    """

    denoiser: Denoiser
    calibration: Calibration | None = None
    steering: Steering | None = None

    @property
    def fingerprints(self) -> dict[str, str]:
        """Of model, arithmetic and images."""
        denoiser = self.denoiser
        prints = {"model": denoiser.fingerprint, "arithmetic": str(denoiser.arithmetic), "data": self.data.fingerprint}
        return prints if self.control is None else prints | {"control": self.control.fingerprint}

    def about(self, settings: Settings) -> dict[str, Any]:
        """What a folder says of whose results it holds."""
        return {
            "settings": settings.model_dump(mode="json"),
            "model": {"name": dict(settings)["model"], "fingerprint": self.denoiser.fingerprint},
            "images": {"data": self.data.name, "control": self.control and self.control.name},
            "arithmetic": str(self.denoiser.arithmetic),
        }

    @property
    def guided_by(self) -> Steering | None:
        """The surrogate where it really steers; None where there is none, or lambda is 0."""
        return self.steering if self.steering is not None and self.steering.strength.scale else None


def model_of(sets: ImageSets) -> Denoiser | None:
    """The model, where there is one."""
    return sets.denoiser if isinstance(sets, Subject) else None


def sample_sets(settings: ExtractSettings, subject: Subject) -> tuple[SampleSet, ...]:
    """What a run draws: its own pictures and, of a steered one that is compared, the same seeds without the surrogate.

    Steered ones come first, so that moving lambda draws only these anew.
    """
    sampling, steering = settings.plain_sampling, subject.guided_by
    own = SampleSet(subject.denoiser, sampling, steering)
    return (own, SampleSet(subject.denoiser, sampling)) if steering and settings.compare_plain else (own,)


def data_and_control(settings: ExtractSettings) -> tuple[str, str | None]:
    """The sources of training images and control: the settings', or the model's own.

    Raises:
        ValueError: neither the settings nor the model name the training images.
    """
    data, control = settings.data, settings.control
    if settings.model in SHIPPED:
        own = SHIPPED[settings.model]
        data, control = data or own.data, control or own.control
    data = data or training_source(read_card(model_folder(settings.model)))
    if data is None:
        raise SettingError(
            f"The training images of '{settings.model}' are not known: name a folder or an array file.", "data"
        )
    return data, control


def training_images(model: str, denoiser: Denoiser) -> Generator[Reading, None, TrainingSet | None]:
    """The images a model says it was trained on, at its size; None where it does not say."""
    try:
        source, _ = data_and_control(ExtractSettings(model=model))
    except ValueError:
        return None
    return (yield from reading(source, denoiser.image_size))


def opening(
    settings: ExtractSettings, device: str | None = None, recorded: str | None = None
) -> Generator[Reading, None, Subject]:
    """Open model, training images, control and calibration, handing out the progress.

    Images are brought to the size that the model draws.

    Args:
        settings: which.
        device: left out: the best there is.
        recorded: text of the arithmetic that pictures were begun in, see `open_denoiser`.

    Raises:
        ValueError: one of them cannot be opened, or schedule, label, prompt or noise do not fit the model.
    """
    source, control_source = data_and_control(settings)
    surrogate = None if settings.surrogate is None else load_surrogate(settings.surrogate)
    denoiser = open_denoiser(settings.model, settings.mode, device, recorded)
    # Complain before anything is drawn.
    schedule_of(settings, denoiser)
    check_noise(settings.eta, settings.solver)
    check_label(settings.plain_sampling.label, denoiser.classes)
    check_prompt(settings.prompt, denoiser)
    steering = None
    if surrogate is not None:
        steering = make_steering(
            surrogate, denoiser, settings.guidance, settings.label, foreign=settings.foreign_surrogate
        )
    data = yield from reading(source, denoiser.image_size)
    control = None
    if control_source is not None:
        control = yield from reading(control_source, denoiser.image_size)
    calibration = None
    if control is not None:
        calibration = read_calibration(model_folder(settings.model), denoiser, data, control)
    card = read_card(model_folder(settings.model))
    remarks = (*contradiction(settings.model, card, data), *unfollowed(settings.model))
    return Subject(data, control, denoiser, calibration, steering, mirrored=trained_mirrored(card), remarks=remarks)


def contradiction(model: str, card: Mapping[str, Any], data: TrainingSet) -> tuple[str, ...]:
    """A sentence where a model's card says that it was trained on other images than it is compared with."""
    about = card.get("data")
    said, known = training_source(card), about.get("fingerprint") if isinstance(about, dict) else None
    if said is None or said == data.name or known == data.fingerprint:
        return ()
    return (
        f"The card of '{printable(model)}' says that it was trained on '{printable(said)}', but it is compared with "
        f"'{printable(data.name)}': that these do not come back says nothing of those.",
    )


def open_subject(settings: ExtractSettings, device: str | None = None) -> Subject:
    """The same without the progress."""
    return finish(opening(settings, device))


def references_of(
    settings: MatchSettings, subject: ImageSets, device: str | None = None
) -> Generator[Embedding | Grouping, None, References]:
    """Encode training images and control as the settings ask for, handing out the progress.

    Raises:
        ValueError: the encoder cannot be opened, or score or control rate do not go with what there is.
    """
    encoder = open_encoder(settings.encoder, settings.encoder_weights, model_of(subject), device)
    if settings.score == "cosine" and not encoder.unit:
        raise ValueError(
            f"Score 'cosine' compares directions of features, which encoder '{settings.encoder}' does not give: "
            "choose encoder clip or sscd, or score l2."
        )
    if settings.control_rate is not None and subject.control is None:
        raise ValueError(f"A control rate of {settings.control_rate:g} needs a control: name one, or give a threshold.")
    mirror = subject.mirror_by(settings)
    return (yield from make_references(subject.data, subject.control, encoder, mirror, settings.align))
