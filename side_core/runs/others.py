"""What the history says of surrogates, whose files are those that the command line writes."""

from pathlib import Path
from typing import Any

from side_core.dpm.denoiser import Denoiser
from side_core.runs.run import NewRun
from side_core.settings import SurrogateSettings
from side_core.surrogate.folder import save_surrogate
from side_core.surrogate.surrogate import Surrogate
from side_core.wording import counted


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
