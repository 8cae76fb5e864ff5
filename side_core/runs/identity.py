"""What a run is: the settings and fingerprints that its result depends on, and what names its pictures."""

from side_core.data.training_set import TrainingSet
from side_core.extraction.references import References
from side_core.extraction.subject import ImageSets, Subject, sample_sets
from side_core.job import Job
from side_core.method import Method
from side_core.runs.run import NewRun
from side_core.settings import ExtractSettings, MatchSettings


def job_run(method: Method, job: Job) -> NewRun:
    """What is noted of a method's run; its pictures are those of its parts, so they are not kept twice."""
    said = job.settings.model_dump(mode="json", exclude=set(method.patience))
    return NewRun(method.name, str(said["model"]), said, job.fingerprints, job.total)


def new_run(
    settings: MatchSettings, subject: ImageSets, references: References, samples: TrainingSet | None = None
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
    if not (isinstance(settings, ExtractSettings) and isinstance(subject, Subject)):
        assert samples is not None  # there is something to score
        return NewRun("score", samples.name, said, prints | {"samples": samples.fingerprint}, len(samples))
    prints |= {"model": subject.denoiser.fingerprint, "arithmetic": str(subject.denoiser.arithmetic)}
    if subject.steering is not None:
        prints["surrogate"] = subject.steering.surrogate.fingerprint
    own, *plain = (samples.key for samples in sample_sets(settings, subject))
    return NewRun("extract", settings.model, said, prints, settings.count, own, *plain)
