"""What outlives a rerun: opened models, encoded sets, matches, finished pictures; shared by all sessions."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import streamlit as st

from pages._parts.runtime.computer import computed, on_computer
from pages._parts.runtime.device_queue import in_one_turn, in_turn
from pages._parts.runtime.shared_cache import Key, SharedCache
from pages._parts.runtime.work import run_with_progress
from side_core.data.source import reading
from side_core.data.training_set import Reading, TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.folder import open_denoiser
from side_core.dpm.timing import Timing, measure_timing
from side_core.extraction.matching import Match
from side_core.extraction.overview import SetOverview, overviewing
from side_core.extraction.references import References
from side_core.extraction.run import Drawn, Extraction, Matching, match_pictures, score, score_images
from side_core.extraction.subject import ImageSets, Subject, model_of, opening, references_of
from side_core.progress import Part
from side_core.sampling.picture import Picture
from side_core.settings import ExtractSettings, GuidanceSettings, Label, MatchSettings, Mode, ScoreSettings
from side_core.similarity.near_duplicates import Grouping
from side_core.surrogate.folder import CARD, load_surrogate, surrogate_folder
from side_core.surrogate.steering import Steering, make_steering
from side_core.surrogate.surrogate import Surrogate
from side_core.sweep.estimate import Comparing, measure_comparing

_MOST_AT_ONCE = 10**9  # multiplications of a match that takes no turn of its own: tenths of a second

_MODELS: SharedCache[Denoiser] = SharedCache(2)  # opened models without their images
_SURROGATES: SharedCache[Surrogate] = SharedCache(8)  # loaded surrogates
_STEERINGS: SharedCache[Steering] = SharedCache(8)  # surrogates that are ready to steer a model
_SUBJECTS: SharedCache[Subject] = SharedCache(4)  # opened models with their training images and control
_REFERENCES: SharedCache[References] = SharedCache(8)  # encoded training images and controls
_MATCHES: SharedCache[Match] = SharedCache(16)  # matched pictures, so that moving a threshold matches nothing anew
_SCORINGS: SharedCache[Extraction] = SharedCache(4)  # scored folders
_SETS: SharedCache[TrainingSet] = SharedCache(8)  # opened sets of pictures
_OVERVIEWS: SharedCache[SetOverview] = SharedCache(8)  # what sets hold
_TIMINGS: SharedCache[Timing] = SharedCache(32, idle=None)  # how fast models draw
_COMPARING: SharedCache[Comparing] = SharedCache(32, idle=None)  # how fast pictures are compared


def open_model(name: str, mode: Mode) -> Denoiser:
    """A model alone, where its training images are not needed.

    Raises:
        ValueError: it cannot be opened.
    """

    def make() -> Denoiser:
        with st.spinner("Opening the model", show_time=True):
            return on_computer(lambda: open_denoiser(name, mode))

    return _MODELS.get_or_make((name, mode), make)


def open_subject(settings: ExtractSettings) -> Subject:
    """The settings' model with its images, whatever its sliders say; shows progress while pictures are read.

    Raises:
        ValueError: something cannot be opened.
    """
    chosen = settings.model_dump(include={"model", "mode", "data", "control"})
    work = opening(ExtractSettings(**chosen, steps=1))
    return _SUBJECTS.get_or_make(
        _subject_key(settings), lambda: run_with_progress(computed(work), "Opening the model and its pictures")
    )


def _subject_key(settings: ExtractSettings) -> Key:
    """What a subject depends on."""
    return settings.model, settings.mode, settings.data, settings.control


def keep_subject(settings: ExtractSettings, make: Callable[[], Subject]) -> Subject:
    """A model for all sessions, opened by `make` unless it is; a session that wants it meanwhile waits for it."""
    return _SUBJECTS.get_or_make(_subject_key(settings), make)


def open_surrogate(name: str) -> Surrogate:
    """A surrogate by its built-in name or its folder; read again where it has been trained anew since.

    Raises:
        ValueError: it cannot be loaded.
    """
    try:
        written = (surrogate_folder(name) / CARD).stat().st_mtime_ns
    except OSError:  # what is amiss is said by who loads it
        return load_surrogate(name)
    return _SURROGATES.get_or_make((name, written), lambda: on_computer(lambda: load_surrogate(name)))


def steered(subject: Subject, settings: ExtractSettings) -> Subject:
    """The subject with the surrogate that the settings name, if they do. The model itself is not opened again.

    Raises:
        ValueError: the surrogate does not go with the model, its window is empty, or there is no such label.
    """
    if settings.surrogate is None:
        return subject
    asked = settings.guidance, settings.label, settings.foreign_surrogate
    return replace(subject, steering=steering_of(settings.surrogate, subject.denoiser, *asked))


def steering_of(
    name: str, denoiser: Denoiser, guidance: GuidanceSettings, label: Label | None, foreign: bool
) -> Steering:
    """A surrogate that is ready to steer a model.

    Args:
        name: of the surrogate.
        denoiser: the model.
        guidance: how hard, and when.
        label: of the model's classes.
        foreign: whether it may be of another model.

    Raises:
        ValueError: the surrogate does not go with the model, its window is empty, or there is no such label.
    """
    surrogate = open_surrogate(name)
    made = surrogate.fingerprint, json.dumps(surrogate.card, sort_keys=True)  # equal weights may say another origin
    key = (*made, denoiser.fingerprint, str(denoiser.arithmetic), guidance.digest, label, foreign)
    return _STEERINGS.get_or_make(
        key, lambda: on_computer(lambda: make_steering(surrogate, denoiser, guidance, label, foreign))
    )


def open_references(settings: MatchSettings, subject: ImageSets) -> References:
    """Training images and control encoded as the settings ask for; shows progress.

    Raises:
        ValueError: the encoder cannot be opened, or does not go with the score.
    """
    work = references_of(settings, subject)
    return _REFERENCES.get_or_make(
        reference_key(settings, subject),
        lambda: run_with_progress(in_turn(work), _preparing_in_words),
    )


def reference_key(settings: MatchSettings, subject: ImageSets) -> Key:
    """What encoded training images and control depend on."""
    model = model_of(subject)
    control = subject.control.fingerprint if subject.control else None
    weights = (model.fingerprint, str(model.arithmetic)) if model else ()
    compared = settings.encoder, settings.encoder_weights, subject.mirror_by(settings), settings.align
    return *compared, *weights, subject.data.fingerprint, control


def matching(compared: Key) -> Matching:
    """What compares drawn pictures and remembers it, so that moving a threshold compares nothing anew.

    Args:
        compared: `reference_key`, names what they are compared with.
    """

    def compare(key: str, pictures: Mapping[int, Picture], references: References) -> Match:
        def make() -> Match:
            if _at_once(len(pictures), references):
                return on_computer(lambda: match_pictures(key, pictures, references))
            return in_one_turn(lambda: match_pictures(key, pictures, references))

        return _MATCHES.get_or_make((key, *compared, tuple(pictures)), make)

    return compare


def scored(settings: ExtractSettings, subject: Subject, references: References, drawn: Drawn) -> Extraction:
    """Drawn pictures, matched and scored; what was compared before is not compared again.

    Raises:
        ValueError: they cannot be compared, or there is none.
    """
    return score_images(settings, subject, references, drawn, matching(reference_key(settings, subject)))


def _at_once(count: int, references: References) -> bool:
    """Whether so many pictures are compared so quickly that it takes no turn of its own."""
    vectors = references.training.vectors
    return references.encoder.name == "pixel" and count * len(vectors) * vectors.shape[1] <= _MOST_AT_ONCE


def seconds_to_match(count: int, settings: MatchSettings, subject: Subject, references: References) -> float:
    """How long so many pictures take to be compared, with the device for oneself; measured once."""
    if _at_once(count, references):
        return 0.0
    key = reference_key(settings, subject)
    timing = _COMPARING.get_or_make(key, lambda: in_one_turn(lambda: measure_comparing(references)))
    return timing.seconds(count)


def score_folder(settings: ScoreSettings) -> Extraction:
    """Scored pictures of others; shows progress.

    Raises:
        ValueError: something cannot be read.
    """
    asked = settings.model_copy(update={"score": "ratio", "threshold": None, "control_rate": None})
    work = score(settings)
    return _SCORINGS.get_or_make(
        (asked.digest,),
        lambda: run_with_progress(
            in_turn(work),
            lambda event: "Reading pictures" if isinstance(event, Reading) else _preparing_in_words(event),
        ),
    )


def _preparing_in_words(event: Part) -> str:
    """What is being done before pictures are compared."""
    words = {Reading: "Reading pictures", Grouping: "Looking for near-duplicates"}
    return words.get(type(event), "Encoding training and control images")


def open_set(source: str, size: tuple[int, int]) -> TrainingSet:
    """A set of pictures at a model's size; shows progress.

    Raises:
        ValueError: it cannot be read.
    """
    work = reading(source, size)
    return _SETS.get_or_make((source, size), lambda: run_with_progress(work, "Reading pictures"))


def overview_of(images: TrainingSet, training: TrainingSet | None, mirror: bool) -> SetOverview:
    """What a set of pictures holds, of a control beside its training images; shows progress."""
    key = (images.fingerprint, None if training is None else training.fingerprint, mirror)
    work = overviewing(images, training, mirror)
    return _OVERVIEWS.get_or_make(key, lambda: run_with_progress(in_turn(work), _preparing_in_words))


def timing_of(denoiser: Denoiser, batch: int) -> Timing:
    """How fast a model draws here, measured once."""
    key = (denoiser.fingerprint, str(denoiser.arithmetic), batch)
    return _TIMINGS.get_or_make(key, lambda: in_one_turn(lambda: measure_timing(denoiser, batch)))


def forget_all() -> None:
    """Read every file again when it is next needed."""
    for store in (_MODELS, _SURROGATES, _STEERINGS, _SUBJECTS, _REFERENCES, _MATCHES, _SCORINGS, _SETS, _OVERVIEWS):
        store.clear()
