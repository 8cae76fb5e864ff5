"""What a run is: the settings and fingerprints that its result depends on, and what names its pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.extraction.references import References
from side_core.extraction.subject import ImageSets, Subject, sample_sets
from side_core.job import Job
from side_core.method import Method
from side_core.runs.run import NewRun
from side_core.settings import ExtractSettings, MatchSettings, SurrogateSettings
from side_core.surrogate.folder import save_surrogate
from side_core.surrogate.surrogate import Surrogate
from side_core.wording import counted

FINGERPRINTED = ("model", "arithmetic", "surrogate", "samples", "data", "control", "encoder")


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


def surrogate_run(model: str, denoiser: Denoiser, settings: SurrogateSettings, asked: int) -> NewRun:
    """What is noted of the training of a surrogate.

    Args:
        model: its name.
        denoiser: the model.
        settings: of the training.
        asked: steps it was to take; those it took, where it ended by itself.
    """
    prints = {"model": denoiser.fingerprint, "arithmetic": str(denoiser.arithmetic)}
    return NewRun("surrogate", model, settings.model_dump(mode="json"), prints, asked)


def surrogate_headline(surrogate: Surrogate) -> str:
    """What it has learned, in one line."""
    return f"{counted(len(surrogate.kept), 'label')} from {counted(len(surrogate.cohesion), 'group')}"


def write_surrogate(surrogate: Surrogate, folder: Path) -> dict[str, Any]:
    """Write a surrogate into its run's folder; returns its card, which is what came out."""
    save_surrogate(surrogate, folder)
    return dict(surrogate.card)


def fingerprints_of(summary: Mapping[str, Any]) -> dict[str, str]:
    """Fingerprints by what they are of, as far as a summary has them; anything else in it is passed over.

    Args:
        summary: what run.json says.
    """
    found = {}
    for kind in FINGERPRINTED:
        part = summary.get(kind)
        value = part.get("fingerprint") if isinstance(part, Mapping) else part
        if isinstance(value, str) and value.isprintable() and 0 < len(value) <= 128:
            found[kind] = value
    return found
