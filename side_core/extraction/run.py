"""One extraction from start to end: draw, match, score. Generators, so that callers show and cancel them."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from side_core.data.source import check_source, reading
from side_core.data.training_set import Reading, TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.extraction.calibration import Calibration
from side_core.extraction.headline import Headline, Second, headline, second_figure, threshold_of, withheld
from side_core.extraction.matching import Match, match, match_looks
from side_core.extraction.mismatch import mismatch
from side_core.extraction.references import References
from side_core.extraction.sentence import in_a_sentence
from side_core.extraction.subject import ImageSets, Subject, model_of, references_of, sample_sets
from side_core.sampling.drawing import Damage, Drawing
from side_core.sampling.missing import damage_of, draw_missing, images_of
from side_core.sampling.picture import Picture
from side_core.sampling.store import SampleStore
from side_core.settings import ExtractSettings, MatchSettings, SamplingSettings, ScoreName, ScoreSettings
from side_core.similarity.embeddings import Embedding, embed
from side_core.similarity.near_duplicates import Grouping
from side_core.similarity.scores import SCORES
from side_core.similarity.views import AS_IT_IS
from side_core.stats.rate import rate_of
from side_core.surrogate.steering import Steering
from side_core.wording import counted

_NAMED = 5  # images that guidance has damaged, by their seeds
_MUCH = 1.5  # times a side; enlarged four times, none of 50 copies of pixel faces was found, at their own size all were

Matching = Callable[[str, Mapping[int, Picture], References], Match]
"""What compares pictures by their seeds: the key of what they depend on, the pictures, what they are matched with."""


@dataclass(frozen=True, eq=False)
class Extraction:
    """Finished (or cancelled) matching of pictures with training images.

    Attributes:
        settings: what was asked for.
        subject: what was examined; training images and control alone where others generated the pictures.
        references: what the pictures were matched against.
        match: the pictures with their neighbours and scores; fewer than asked for if it was cancelled.
        samples: the source of the pictures where others generated them; else None.
        plain: of a steered run, the same seeds drawn without the surrogate; None where they were not drawn.
        damaged: images that guidance has lost (they are not among the pictures) or saturated (they are).
    """

    settings: MatchSettings
    subject: ImageSets
    references: References
    match: Match
    samples: TrainingSet | None = None
    plain: Match | None = None
    damaged: tuple[Damage, ...] = ()

    @property
    def denoiser(self) -> Denoiser | None:
        """The model; None where others generated the pictures."""
        return model_of(self.subject)

    @property
    def steering(self) -> Steering | None:
        """The surrogate of the pictures, whether it really steers or not; None where there is none."""
        return self.subject.steering if isinstance(self.subject, Subject) else None

    @property
    def guided_by(self) -> Steering | None:
        """The surrogate where it really steers: lambda is not 0."""
        return self.subject.guided_by if isinstance(self.subject, Subject) else None

    @property
    def calibration(self) -> Calibration | None:
        """What the model's thresholds stand for; pictures that are looked at in several ways have none."""
        known = self.subject.calibration if isinstance(self.subject, Subject) else None
        return known if len(self.match.views) == 1 else None

    @property
    def threshold(self) -> float:
        """From which value of its own score on a picture counts."""
        return threshold_of(self.match, self.settings, self.settings.score, self.calibration)

    def headline(self, score: ScoreName | None = None) -> Headline | None:
        """The headline of one score, by the settings' own threshold where it is the settings' own score."""
        return headline(self.match, self.settings, score or self.settings.score, self.calibration)

    @property
    def sentence(self) -> str | None:
        """The headline in words; None where it is withheld."""
        line = self.headline()
        if line is None:
            return None
        beats, plain = SCORES[line.score].beats, None
        if self.plain is not None:
            plain = rate_of(beats(self.plain.compared.scores.by_name(line.score), line.threshold))
        return in_a_sentence(line.training, line.control, line.calibrated, plain)

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
        read = (*own, *self.subject.notes, *self.references.notes, *_damage_notes(self.damaged))
        said = self.warnings
        return tuple(note for note in read if note not in said)

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each reason to doubt that the comparison tells what it seems to tell.

        Pictures of one prompt need not be as far from each other as training images are.
        """
        prompted = isinstance(self.settings, SamplingSettings) and self.settings.prompt is not None
        return (*self.subject.remarks, *(() if prompted else mismatch(self.match, self.references)))


@dataclass(frozen=True, eq=False)
class Drawn:
    """The finished pictures of a run by their seeds, those that guidance has lost as well.

    Attributes:
        own: of the run itself.
        plain: of a steered run, the same seeds drawn without the surrogate.
    """

    own: Mapping[int, Picture] = field(default_factory=dict)
    plain: Mapping[int, Picture] = field(default_factory=dict)

    @property
    def images(self) -> dict[int, np.ndarray]:
        """(H, W, 3) uint8 of the run itself, without those that are lost."""
        return images_of(self.own)

    @property
    def damaged(self) -> tuple[Damage, ...]:
        """What guidance has lost or saturated, by seed."""
        return damage_of(dict(sorted(self.own.items())))


def found_in(store: SampleStore, settings: ExtractSettings, subject: Subject) -> Drawn:
    """What a store has of a run."""
    return Drawn(*(store.found(samples.key, settings.seeds) for samples in sample_sets(settings, subject)))


def extract(
    settings: ExtractSettings, subject: Subject, references: References, store: SampleStore, frames: int = 1
) -> Iterator[Drawing | Extraction]:
    """Draw what the store lacks, handing out every step, match and score; the last thing handed out is the Extraction.

    Of a steered run the same seeds are drawn without the surrogate afterwards, unless the settings say otherwise.
    Finished pictures are in the store: whoever stops early scores them by `score_images(..., found_in(store, ...))`.

    Args:
        settings: what to do.
        subject: from `open_subject`.
        references: from `references_of`.
        store: where pictures are kept.
        frames: of each picture's way from noise that are kept, at most.

    Raises:
        ValueError: the model returns no numbers, or guidance has lost every image.
    """
    drawn = []
    for samples in sample_sets(settings, subject):
        drawn.append((yield from draw_missing(samples, store, frames)))
    yield score_images(settings, subject, references, Drawn(*drawn))


def match_pictures(_: str, pictures: Mapping[int, Picture], references: References) -> Match:
    """Match pictures, which are named by their seeds; anew each time."""
    images = np.stack([picture.image for picture in pictures.values()])
    return match(images, tuple(map(str, pictures)), references)


def score_images(
    settings: ExtractSettings,
    subject: Subject,
    references: References,
    drawn: Drawn,
    matching: Matching = match_pictures,
) -> Extraction:
    """Match and score drawn pictures of the settings' seeds.

    Args:
        settings: what was asked for.
        subject: the model.
        references: what they are matched with.
        drawn: the pictures.
        matching: compares them; another one may know what was compared before.

    Raises:
        ValueError: there is none.
    """

    def matched(key: str, pictures: Mapping[int, Picture]) -> Match | None:
        chosen = {s: pictures[s] for s in settings.seeds if s in pictures and not pictures[s].lost}
        return matching(key, chosen, references) if chosen else None

    keys = [samples.key for samples in sample_sets(settings, subject)]
    found, damaged = matched(keys[0], drawn.own), drawn.damaged
    if found is None:
        first = f" (seed {damaged[0].seed} at step {damaged[0].step})" if damaged else ""
        raise ValueError(f"No image is left to score{first}: lower the guidance scale, or draw more.")
    return Extraction(settings, subject, references, found, plain=matched(keys[-1], drawn.plain), damaged=damaged)


def _damage_notes(damaged: Sequence[Damage]) -> tuple[str, ...]:
    """A sentence for what was lost, and one for what is saturated."""
    notes = []
    for kind, lost in (("were lost to NaN or infinity and are left out", True), ("are saturated", False)):
        some = [item for item in damaged if item.lost == lost]
        if some:
            named = ", ".join(f"seed {item.seed} at step {item.step}" for item in some[:_NAMED])
            more = f" and {len(some) - _NAMED:,} more" if len(some) > _NAMED else ""
            notes.append(f"Guidance was too strong for {counted(len(some), 'image')}, which {kind}: {named}{more}.")
    return tuple(notes)


def score(
    settings: ScoreSettings, device: str | None = None
) -> Generator[Reading | Grouping | Embedding, None, Extraction]:
    """Read the training images, the control and the pictures, match and score, handing out the progress.

    Control and pictures are brought to the size of the training images, whose own is that of the first of them.

    Raises:
        ValueError: something cannot be read, or does not go together.
    """
    for source in (settings.data, settings.control, settings.samples):
        if source is not None:
            check_source(source)
    data = yield from reading(settings.data)
    control = None
    if settings.control is not None:
        control = yield from reading(settings.control, data.size)
    samples = yield from reading(settings.samples, data.size)
    subject = ImageSets(data, control, remarks=_doubts_by_size(samples))
    references = yield from references_of(settings, subject, device)
    names = tuple(map(str, samples.ids))
    if references.encoder.name == "pixel":
        found = match(samples.images, names, references)
    else:
        vectors = []
        for view in references.views:  # at most two: as they are, and mirrored
            looked_at = samples if view == AS_IT_IS else replace(samples, images=samples.images[:, :, ::-1])
            vectors.append((yield from embed(looked_at, references.encoder))[:])
        found = match_looks(samples.images, names, references, lambda: vectors)
    return Extraction(settings, subject, references, found, samples)


def _doubts_by_size(samples: TrainingSet) -> tuple[str, ...]:
    """A sentence where pictures were much smaller than the training images, at whose size they are compared.

    They lack the detail that training images have, so a copy lies far from its original. Of larger ones a note tells:
    what they have more of is left out, and copies stay near.
    """
    if samples.own_size is None:
        return ()
    (own_height, own_width), (height, width) = samples.own_size, samples.size
    if max(height / own_height, width / own_width) <= _MUCH:
        return ()
    own = f"{own_width} x {own_height}"
    return (
        f"Pictures of {own} were enlarged to the training images' {width} x {height} pixels and lack their detail, so "
        f"copies can be missed: save training images and control at {own} and score against these.",
    )
