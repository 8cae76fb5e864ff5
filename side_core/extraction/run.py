"""One extraction from start to end: open, draw, match, score. Generators, so that callers show and cancel them."""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from side_core.data.source import reading
from side_core.data.training_set import Reading, TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.folder import model_folder, open_denoiser, read_card, trained_mirrored, training_source
from side_core.dpm.formats.unfollowed import unfollowed
from side_core.extraction.calibration import Calibration, read_calibration
from side_core.extraction.headline import Headline, Second, headline, second_figure, withheld
from side_core.extraction.matching import Match, match
from side_core.extraction.mismatch import mismatch
from side_core.extraction.references import References, make_references
from side_core.files.assets import BUILT_INS
from side_core.files.paths import printable
from side_core.progress import finish
from side_core.sampling.drawing import Damage, Drawing, check_label, draw
from side_core.sampling.guidance import Guide
from side_core.sampling.prompt import check_prompt
from side_core.sampling.sampler import check_noise
from side_core.sampling.schedule import schedule_of
from side_core.settings import ExtractSettings, MatchSettings, SamplingSettings, ScoreName, SettingError
from side_core.similarity.embeddings import Embedding
from side_core.similarity.encoder import open_encoder
from side_core.similarity.near_duplicates import Grouping
from side_core.surrogate.folder import load_surrogate
from side_core.surrogate.steering import Steering, make_steering
from side_core.wording import counted

NAMED = 5  # images that guidance has damaged, by their seeds


@dataclass(frozen=True, eq=False)
class Subject:
    """What is examined.

    Attributes:
        denoiser: the model; None where others generated the pictures.
        data: its training images.
        control: images it never saw; None where there are none, and then there is no headline.
        calibration: its plain images' scores, where they were kept for this very model, data and control.
        steering: the surrogate that steers it; None where it draws by itself.
        mirrored: its card says that it was trained on mirrored images, too.
        remarks: a sentence for each thing to know about the model and what is compared with it.
    """

    denoiser: Denoiser | None
    data: TrainingSet
    control: TrainingSet | None
    calibration: Calibration | None
    steering: Steering | None = None
    mirrored: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def guide(self) -> Guide | None:
        """What steers a batch; None where nothing does, or lambda is 0."""
        return self.steering.guide if self.steering is not None and self.steering.strength.scale else None

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
class Extraction:
    """Finished (or cancelled) matching of pictures with training images.

    Attributes:
        settings: what was asked for.
        subject: what was examined.
        references: what the pictures were matched against.
        match: the pictures with their neighbours and scores; fewer than asked for if it was cancelled.
        samples: the source of the pictures where others generated them; else None.
        plain: of a steered run, the same seeds drawn without the surrogate; None where they were not drawn.
        damaged: images that guidance has lost (they are not among the pictures) or saturated (they are).
    """

    settings: MatchSettings
    subject: Subject
    references: References
    match: Match
    samples: TrainingSet | None = None
    plain: Match | None = None
    damaged: tuple[Damage, ...] = ()

    @property
    def calibration(self) -> Calibration | None:
        """What the model's thresholds stand for; pictures that are looked at in several ways have none."""
        return self.subject.calibration if len(self.match.views) == 1 else None

    def headline(self, score: ScoreName | None = None) -> Headline | None:
        """The headline of one score, by the settings' own threshold where it is the settings' own score."""
        return headline(self.match, self.settings, score or self.settings.score, self.calibration)

    def second(self, score: ScoreName | None = None) -> Second | None:
        """The same pictures by the threshold that the control sets; see `Second`."""
        return second_figure(self.match, self.settings, score or self.settings.score, self.calibration)

    def withheld(self, score: ScoreName | None = None) -> str | None:
        """Why there is no headline; None where there is one."""
        return withheld(self.match, self.settings, score or self.settings.score, self.calibration)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing to know about what was compared, besides the warnings."""
        own = () if self.samples is None else tuple(f"Pictures: {note}" for note in self.samples.notes)
        read = (*own, *self.subject.notes, *self.references.notes, *damage_notes(self.damaged))
        said = self.warnings
        return tuple(note for note in read if note not in said)

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each reason to doubt that the comparison tells what it seems to tell.

        Pictures of one prompt need not be as far from each other as training images are.
        """
        prompted = isinstance(self.settings, SamplingSettings) and self.settings.prompt is not None
        return (*self.subject.remarks, *(() if prompted else mismatch(self.match, self.references)))


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
    return Subject(denoiser, data, control, calibration, steering, trained_mirrored(card), remarks)


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
    settings: MatchSettings, subject: Subject, device: str | None = None
) -> Generator[Embedding | Grouping, None, References]:
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
    mirror = subject.mirror_by(settings)
    return (yield from make_references(subject.data, subject.control, encoder, mirror, settings.align))


@dataclass(frozen=True, eq=False)
class Drawn:
    """Finished images, (H, W, 3) uint8 by their seeds.

    Attributes:
        images: of the run itself.
        plain: of a steered run, the same seeds drawn without the surrogate.
        damaged: what guidance has lost or saturated.
    """

    images: dict[int, np.ndarray] = field(default_factory=dict)
    plain: dict[int, np.ndarray] = field(default_factory=dict)
    damaged: tuple[Damage, ...] = ()

    def after(self, drawing: Drawing, steered: bool) -> "Drawn":
        """With what a step has finished; `steered`: the run itself is."""
        if drawing.images is None:
            return self
        if steered and not drawing.steered:
            return replace(self, plain=self.plain | drawing.finished)
        return replace(self, images=self.images | drawing.finished, damaged=self.damaged + drawing.damaged)

    def and_also(self, others: "Drawn") -> "Drawn":
        """With images that were drawn elsewhere; where both have one, this one's stays."""
        damaged = (item for item in others.damaged if item.seed not in self.images)
        return Drawn(others.images | self.images, others.plain | self.plain, (*self.damaged, *damaged))

    def without(self, seeds: Collection[int]) -> "Drawn":
        """Without some of its own images."""
        images = {seed: image for seed, image in self.images.items() if seed not in seeds}
        return replace(self, images=images, damaged=tuple(item for item in self.damaged if item.seed not in seeds))


def extract(
    settings: ExtractSettings, subject: Subject, references: References, finished: Drawn | None = None
) -> Iterator[Drawing | Extraction]:
    """Draw the images, handing out every step, match and score them; the last thing handed out is the Extraction.

    Of a steered run the same seeds are drawn without the surrogate afterwards, unless the settings say otherwise. A
    caller who stops early and has kept the finished images calls `score_images` on them.

    Args:
        settings: what to do.
        subject: from `open_subject`.
        references: from `references_of`.
        finished: what was drawn before; it is not drawn again.

    Raises:
        ValueError: there is no model, it returns no numbers, or guidance has lost every image.
    """
    if subject.denoiser is None:
        raise ValueError(
            "There is no model to draw with: name one, or score pictures with side_core.extraction.scoring."
        )
    drawn, steered = finished or Drawn(), subject.guide is not None
    missing = [seed for seed in settings.seeds if seed not in drawn.images]
    for drawing in draw(subject.denoiser, settings.plain_sampling, missing, subject.guide):
        drawn = drawn.after(drawing, steered)
        yield drawing
    if steered and settings.compare_plain:
        missing = [seed for seed in settings.seeds if seed not in drawn.plain]
        for drawing in draw(subject.denoiser, settings.plain_sampling, missing):
            drawn = drawn.after(drawing, steered)
            yield drawing
    yield score_images(settings, subject, references, drawn)


def score_images(settings: ExtractSettings, subject: Subject, references: References, drawn: Drawn) -> Extraction:
    """Match and score drawn images of the settings' seeds.

    Raises:
        ValueError: there is none.
    """
    if not any(seed in drawn.images for seed in settings.seeds):
        first = f" (seed {drawn.damaged[0].seed} at step {drawn.damaged[0].step})" if drawn.damaged else ""
        raise ValueError(f"No image is left to score{first}: lower the guidance scale, or draw more.")

    def matched(images: dict[int, np.ndarray]) -> Match | None:
        chosen = {seed: images[seed] for seed in settings.seeds if seed in images}
        return match(np.stack(list(chosen.values())), tuple(map(str, chosen)), references) if chosen else None

    found = matched(drawn.images)
    assert found is not None  # there is an image
    damaged = tuple(sorted(drawn.damaged, key=lambda item: item.seed))
    return Extraction(settings, subject, references, found, plain=matched(drawn.plain), damaged=damaged)


def damage_notes(damaged: Sequence[Damage]) -> tuple[str, ...]:
    """A sentence for what was lost, and one for what is saturated."""
    notes = []
    for kind, lost in (("were lost to NaN or infinity and are left out", True), ("are saturated", False)):
        some = [item for item in damaged if item.lost == lost]
        if some:
            named = ", ".join(f"seed {item.seed} at step {item.step}" for item in some[:NAMED])
            more = f" and {len(some) - NAMED:,} more" if len(some) > NAMED else ""
            notes.append(f"Guidance was too strong for {counted(len(some), 'image')}, which {kind}: {named}{more}.")
    return tuple(notes)
