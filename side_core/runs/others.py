"""What the history says of sweeps and surrogates, whose files are those that the command line writes."""

from pathlib import Path
from typing import Any

from side_core.dpm.denoiser import Denoiser
from side_core.runs.run import NewRun
from side_core.settings import SurrogateSettings
from side_core.surrogate.folder import save_surrogate
from side_core.surrogate.surrogate import Surrogate
from side_core.sweep.sweep import Sweep
from side_core.wording import counted


def sweep_run(sweep: Sweep) -> NewRun:
    """What is noted of a sweep; its pictures are those of its cells, so they are not kept twice."""
    plan, subject, denoiser = sweep.plan, sweep.plan.shared.subject, sweep.plan.shared.denoiser
    prints = {
        "data": subject.data.fingerprint,
        "model": denoiser.fingerprint,
        "arithmetic": str(denoiser.arithmetic),
        **{f"encoder {name}": item.encoder.fingerprint for name, item in plan.shared.references.items()},
        **{f"surrogate {name}": item.surrogate.fingerprint for name, item in plan.shared.steerings.items()},
    }
    if subject.control is not None:
        prints["control"] = subject.control.fingerprint
    said = plan.settings.model_dump(mode="json", exclude={"minutes"})
    return NewRun("sweep", plan.settings.model, said, prints, len(plan.places))


def sweep_headline(sweep: Sweep) -> str:
    """What was measured, in one line."""
    settings = sweep.plan.settings
    axes = " and ".join(axis.flag for axis in settings.axes)
    return f"{settings.metric} by {axes}, {len(settings.curves)} curve{'s' * (len(settings.curves) > 1)}"


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
