"""What outlives a rerun: opened models, encoded sets, matches, finished pictures; shared by all sessions."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from functools import lru_cache
from typing import Generic, TypeVar

from pages._parts.pictures import PictureStore
from pages._parts.work import run_with_progress
from side_core.data.source import reading
from side_core.data.training_set import Reading, TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.pace import Pace, measure_pace
from side_core.extraction.matching import Match
from side_core.extraction.references import References
from side_core.extraction.run import Extraction, Subject, opening, references_of
from side_core.extraction.scoring import score
from side_core.settings import ExtractSettings, MatchSettings, ScoreSettings

Key = tuple[Hashable, ...]
Value = TypeVar("Value")


class Kept(Generic[Value]):
    """A few values by key; the longest unused goes first. Safe to use from several sessions at once."""

    def __init__(self, most: int):
        self.most = most
        self.values: OrderedDict[Key, Value] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """A value, if it is still kept."""
        with self.lock:
            if key in self.values:
                self.values.move_to_end(key)
            return self.values.get(key)

    def put(self, key: Key, value: Value) -> Value:
        """Keep a value and give it back."""
        with self.lock:
            self.values[key] = value
            self.values.move_to_end(key)
            while len(self.values) > self.most:
                self.values.popitem(last=False)
        return value

    def clear(self) -> None:
        """Forget everything, for example because files have changed."""
        with self.lock:
            self.values.clear()


@lru_cache(maxsize=1)
def subjects() -> Kept[Subject]:
    """Opened models with their training images and control."""
    return Kept(4)


@lru_cache(maxsize=1)
def reference_store() -> Kept[References]:
    """Encoded training images and controls."""
    return Kept(8)


@lru_cache(maxsize=1)
def matches() -> Kept[Match]:
    """Matched pictures, so that moving a threshold matches nothing anew."""
    return Kept(16)


@lru_cache(maxsize=1)
def scorings() -> Kept[Extraction]:
    """Scored folders."""
    return Kept(4)


@lru_cache(maxsize=1)
def sets() -> Kept[TrainingSet]:
    """Opened sets of pictures."""
    return Kept(8)


@lru_cache(maxsize=1)
def paces() -> Kept[Pace]:
    """How fast models draw."""
    return Kept(32)


@lru_cache(maxsize=1)
def picture_store() -> PictureStore:
    """The pictures finished so far."""
    return PictureStore()


def open_subject(settings: ExtractSettings) -> Subject:
    """The settings' model with its images, whatever its sliders say; shows progress while pictures are read.

    Raises:
        ValueError: something cannot be opened.
    """
    kept = subjects().get(subject_key(settings))
    if kept is not None:
        return kept
    chosen = settings.model_dump(include={"model", "mode", "data", "control"})
    work = opening(ExtractSettings(**chosen, steps=1))
    return keep_subject(settings, run_with_progress(work, "Opening the model and its pictures"))


def subject_key(settings: ExtractSettings) -> Key:
    """What a subject depends on."""
    return settings.model, settings.mode, settings.data, settings.control


def keep_subject(settings: ExtractSettings, subject: Subject) -> Subject:
    """Keep an opened model for all sessions and give it back."""
    return subjects().put(subject_key(settings), subject)


def open_references(settings: MatchSettings, subject: Subject) -> References:
    """Training images and control encoded as the settings ask for; shows progress.

    Raises:
        ValueError: the encoder cannot be opened, or does not go with the score.
    """
    key = reference_key(settings, subject)
    kept = reference_store().get(key)
    if kept is None:
        work = references_of(settings, subject)
        kept = reference_store().put(key, run_with_progress(work, "Encoding training and control images"))
    return kept


def reference_key(settings: MatchSettings, subject: Subject) -> Key:
    """What encoded training images and control depend on."""
    model = subject.denoiser
    control = subject.control.fingerprint if subject.control else None
    weights = (model.fingerprint, str(model.arithmetic)) if model else ()
    return settings.encoder, settings.encoder_weights, *weights, subject.data.fingerprint, control


def score_folder(settings: ScoreSettings) -> Extraction:
    """Scored pictures of others; shows progress.

    Raises:
        ValueError: something cannot be read.
    """
    asked = settings.model_copy(update={"score": "ratio", "threshold": None, "control_rate": None})
    key = (asked.digest,)
    kept = scorings().get(key)
    if kept is None:
        work = score(settings)
        kept = scorings().put(
            key,
            run_with_progress(work, lambda event: "Reading pictures" if isinstance(event, Reading) else "Encoding"),
        )
    return kept


def open_set(source: str, size: tuple[int, int]) -> TrainingSet:
    """A set of pictures at a model's size; shows progress.

    Raises:
        ValueError: it cannot be read.
    """
    kept = sets().get((source, size))
    if kept is None:
        work = reading(source, size)
        kept = sets().put((source, size), run_with_progress(work, "Reading pictures"))
    return kept


def pace_of(denoiser: Denoiser, batch: int) -> Pace:
    """How fast a model draws here, measured once."""
    key = (denoiser.fingerprint, str(denoiser.arithmetic), batch)
    return paces().get(key) or paces().put(key, measure_pace(denoiser, batch))


def forget_all() -> None:
    """Read every file again when it is next needed."""
    for store in (subjects(), reference_store(), matches(), scorings(), sets()):
        store.clear()
