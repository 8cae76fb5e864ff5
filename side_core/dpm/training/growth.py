"""Train a family of models alike on ever more images, each beside a twin on as many others (Kadkhodaie et al. 2024)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from side_core.data.source import first_of, open_training_set
from side_core.dpm.training.loop import CHECKPOINT, TrainingStep
from side_core.dpm.training.unconditional import train_dpm
from side_core.settings import TrainDpmSettings, TrainGrowthSettings

_CARD = "card.json"  # which is written last


@dataclass(frozen=True)
class GrowthStep:
    """One optimiser step of one model of the family.

    Attributes:
        name: of the model.
        fraction: how much of all trainings is done, 0..1.
        seconds_left: of this model.
        training: its own step.
    """

    name: str
    fraction: float
    seconds_left: float
    training: TrainingStep


def name_of(size: int, is_twin: bool) -> str:
    """The folder of a model, as `BUILT_INS` calls those that are shipped."""
    return f"growth-{size}{'-twin' if is_twin else ''}"


def train_growth(
    data: str, twin_data: str, settings: TrainGrowthSettings, out: Path, resume: bool = False, device: str = "cpu"
) -> Iterator[GrowthStep]:
    """For each size a model on the first so many images of one source, and a twin on those of another.

    All have the settings in common, and so the number of steps; the twin starts from other weights (the next seed).
    Each is trained as by `train_dpm`, into `out / name_of(size, is_twin)`.

    Args:
        data: a source of square images.
        twin_data: one of others, of the same size.
        settings: sizes, and how each is trained.
        out: folder for the models.
        resume: leave those that are finished, go on with the one that is not.
        device: where to train.

    Raises:
        ValueError: there are fewer images than the largest size asks for; whatever `train_dpm` refuses.
    """
    sources, largest = (data, twin_data), settings.sizes[-1]
    for source in sources:
        open_training_set(first_of(source, largest))  # too few are told before anything is trained
    family = [(size, is_twin) for size in settings.sizes for is_twin in (False, True)]
    shared = settings.model_dump(exclude={"sizes"})
    for place, (size, is_twin) in enumerate(family):
        name = name_of(size, is_twin)
        folder = out / name
        if resume and (folder / _CARD).is_file():
            continue
        images = open_training_set(first_of(sources[is_twin], size))
        own = TrainDpmSettings.read(shared | {"seed": settings.seed + is_twin})
        going_on = resume and (folder / CHECKPOINT).is_dir()
        for step in train_dpm(images, own, folder, going_on, device=device):
            yield GrowthStep(name, (place + step.fraction) / len(family), step.seconds_left, step)
