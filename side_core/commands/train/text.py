"""`train text`: the embedded text-to-image model, from the built-in faces and their captions; or go on from it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from side_core.commands.options import add_device, add_options, given
from side_core.commands.terminal import Progress
from side_core.settings import TrainTextSettings

if TYPE_CHECKING:
    from side_core.data.training_set import TrainingSet

ABOUT = "train the small text-to-image model of captioned faces from scratch; resumable"
_AUTOENCODER_ROWS = "pixel-faces[10000:28000]"  # none of which any other model is trained on


def add(parser: argparse.ArgumentParser) -> None:
    """Folder, start and settings."""
    parser.add_argument("--out", type=Path, required=True, help="folder for the model and its checkpoints")
    parser.add_argument("--resume", action="store_true", help="continue from the checkpoints in --out")
    parser.add_argument(
        "--init", type=Path, help="a model folder of the same sizes to start from, by its networks and its words"
    )
    add_device(parser)
    add_options(parser, TrainTextSettings)


def run(options: argparse.Namespace) -> int:
    """Train it and write a StableDiffusionPipeline folder with checkpoints."""
    settings = TrainTextSettings.read(given(options, TrainTextSettings))
    from side_core.data.captioned import enlarged
    from side_core.data.new_lesson import lesson_of
    from side_core.data.source import open_training_set
    from side_core.data.training_set import with_images
    from side_core.dpm.device import open_device
    from side_core.dpm.text.training import train_text

    def opened(source: str) -> "TrainingSet":
        faces = open_training_set(source)
        return with_images(faces, enlarged(faces.images), "Each pixel stands for four.")

    progress: dict[str, Progress] = {}
    training = train_text(
        opened("pixel-faces"),
        lesson_of(settings.lesson),
        opened(_AUTOENCODER_ROWS),
        settings,
        options.out,
        options.resume,
        options.init,
        open_device(options.device),
    )
    for step in training:
        shown, now = progress.setdefault(step.part, Progress(step.part)), step.training
        shown.show(now.fraction, f"step {now.step:,}, loss {now.loss:.4f}", now.seconds_left)
    print(f"The model is in {options.out}")
    return 0
