"""`train text`: the embedded text-to-image model, from the built-in faces and their captions."""

import argparse
from typing import TYPE_CHECKING

from side_core.commands.options import given
from side_core.progress import Progress
from side_core.settings import TrainTextSettings

if TYPE_CHECKING:
    from side_core.data.training_set import TrainingSet

AUTOENCODER_ROWS = "pixel-faces[10000:28000]"  # none of which any other model is trained on


def run_train_text(options: argparse.Namespace) -> int:
    """Train it and write a StableDiffusionPipeline folder with checkpoints."""
    settings = TrainTextSettings.read(given(options, TrainTextSettings))
    from side_core.data.captioned import captioned_faces, enlarged
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
        captioned_faces(),
        opened(AUTOENCODER_ROWS),
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
