"""What a sweep opens, with what other sessions have opened before."""

from typing import Any

from pages._parts.runtime.resources import open_references, open_subject, open_surrogate
from pages._parts.runtime.shared_cache import SharedCache
from side_core.extraction.subject import Subject
from side_core.settings import ExtractSettings, GuidanceSettings, SweepSettings
from side_core.settings.sweep import PLAIN
from side_core.surrogate.steering import Steering, make_steering
from side_core.sweep.job import SweepJob
from side_core.sweep.plan import Shared, compared_by, make_plan

_STEERINGS: SharedCache[Steering] = SharedCache(8)  # surrogates that are ready to steer a model


def subject_for(chosen: dict[str, Any]) -> Subject:
    """The model with its images, in the arithmetic that was chosen."""
    names = {"model", "mode", "data", "control"}
    return open_subject(ExtractSettings.read({name: value for name, value in chosen.items() if name in names}))


def job_for(settings: SweepSettings) -> SweepJob:
    """All cells, checked; what was opened for another sweep is not opened again.

    Raises:
        ValueError: something cannot be opened, or does not go together.
    """
    subject = subject_for(settings.model_dump())
    steerings = {curve: _steering_for(curve, subject, settings) for curve in settings.curves if curve != PLAIN}
    references = {asked.encoder: open_references(asked, subject) for asked in compared_by(settings)}
    return SweepJob(make_plan(settings, Shared(subject, steerings, references)))


def _steering_for(curve: str, subject: Subject, settings: SweepSettings) -> Steering:
    """A surrogate as its card says; each cell then has its own guidance."""
    surrogate, denoiser = open_surrogate(curve), subject.denoiser
    key = (surrogate.fingerprint, denoiser.fingerprint, str(denoiser.arithmetic), settings.foreign_surrogate)
    guidance, foreign = GuidanceSettings(), settings.foreign_surrogate
    return _STEERINGS.get_or_make(key, lambda: make_steering(surrogate, denoiser, guidance, None, foreign))
