"""`train clip`: the embedded CLIP model, from built-in faces that no other model is trained on."""

import argparse
from pathlib import Path

from side_core.commands.options import add_device, add_options, given
from side_core.commands.terminal import Progress
from side_core.settings import TrainClipSettings

ABOUT = "train the small CLIP model of captioned faces from scratch; resumable"
TRAINING_ROWS = "pixel-faces[10000:28000]"  # rows 0 to 5999 are training sets and controls of other models
HELD_OUT_ROWS = "pixel-faces[28000:30000]"


def add(parser: argparse.ArgumentParser) -> None:
    """Folder and settings."""
    parser.add_argument("--out", type=Path, required=True, help="folder for the model and its checkpoints")
    parser.add_argument("--resume", action="store_true", help="continue from the checkpoint in --out")
    add_device(parser)
    add_options(parser, TrainClipSettings)


def run(options: argparse.Namespace) -> int:
    """Train it and write an open_clip folder with checkpoints."""
    settings = TrainClipSettings.read(given(options, TrainClipSettings))
    from side_core.data.captioned import enlarged
    from side_core.data.source import open_training_set
    from side_core.data.training_set import TrainingSet, with_images
    from side_core.dpm.device import open_device
    from side_core.similarity.clip.encoder import LOCAL
    from side_core.similarity.clip.figures import add_figures, measure
    from side_core.similarity.clip.training import train_clip
    from side_core.similarity.text import open_text_encoder

    def opened(source: str) -> TrainingSet:
        faces = open_training_set(source)
        return with_images(faces, enlarged(faces.images), "Each pixel stands for four.")

    progress = Progress("training")
    device = open_device(options.device)
    for step in train_clip(opened(TRAINING_ROWS), settings, options.out, options.resume, device):
        progress.show(step.fraction, f"step {step.step:,}, loss {step.loss:.4f}", step.seconds_left)
    add_figures(options.out, measure(open_text_encoder(f"{LOCAL}{options.out}", device), opened(HELD_OUT_ROWS)))
    print(f"The model is in {options.out}, what it is worth in {options.out / 'card.json'}")
    return 0
