"""What a sweep opens, with what other sessions have opened before."""

from typing import Any

from pages._parts.runtime.resources import open_references, open_subject, steering_of
from side_core.extraction.subject import Subject
from side_core.settings import ExtractSettings, GuidanceSettings, SweepSettings
from side_core.settings.sweep import PLAIN
from side_core.sweep.job import SweepJob
from side_core.sweep.plan import Shared, compared_by, make_plan


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
    asked = GuidanceSettings(), None, settings.foreign_surrogate  # as its card says; each cell has its own guidance
    steerings = {curve: steering_of(curve, subject.denoiser, *asked) for curve in settings.curves if curve != PLAIN}
    references = {asked.encoder: open_references(asked, subject) for asked in compared_by(settings)}
    return SweepJob(make_plan(settings, Shared(subject, steerings, references)))
