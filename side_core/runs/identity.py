"""What a run is: the settings and fingerprints that its result depends on, and what names its pictures."""

import hashlib
from dataclasses import replace

from side_core.data.training_set import TrainingSet
from side_core.extraction.references import References
from side_core.extraction.run import Subject
from side_core.runs.run import NewRun
from side_core.sampling.completed import picture_identity
from side_core.settings import ExtractSettings, MatchSettings


def pictures_key(settings: ExtractSettings, subject: Subject) -> str:
    """Names what a picture depends on besides its seed; where nothing steers, as with lambda 0, a plain one.

    32 hexadecimal digits.
    """
    denoiser = subject.denoiser
    assert denoiser is not None  # pictures are drawn by a model
    key = f"{denoiser.fingerprint}/{denoiser.arithmetic}/{picture_identity(settings.plain_sampling, denoiser)}"
    if subject.steering and subject.guide:
        key += f"/{subject.steering.digest}"
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def without_surrogate(subject: Subject) -> Subject:
    """The subject as it draws by itself."""
    return replace(subject, steering=None)


def new_run(
    settings: MatchSettings, subject: Subject, references: References, samples: TrainingSet | None = None
) -> NewRun:
    """What is noted of an extraction, or of scored pictures, when it begins.

    Args:
        settings: what was asked for.
        subject: what is examined.
        references: what pictures are matched against.
        samples: the pictures, where others generated them.
    """
    prints = {"data": subject.data.fingerprint, "encoder": references.encoder.fingerprint}
    if subject.control is not None:
        prints["control"] = subject.control.fingerprint
    said = settings.model_dump(mode="json")
    if not isinstance(settings, ExtractSettings):
        assert samples is not None  # there is something to score
        return NewRun("score", samples.name, said, prints | {"samples": samples.fingerprint}, len(samples))
    assert subject.denoiser is not None  # an extraction draws
    prints |= {"model": subject.denoiser.fingerprint, "arithmetic": str(subject.denoiser.arithmetic)}
    plain = ""
    if subject.steering is not None:
        prints["surrogate"] = subject.steering.surrogate.fingerprint
        if subject.guide is not None and settings.compare_plain:
            plain = pictures_key(settings, without_surrogate(subject))
    own = pictures_key(settings, subject)
    return NewRun("extract", settings.model, said, prints, settings.count, own, plain)
