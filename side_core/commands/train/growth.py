"""`train growth`: a family of models on ever more images, each with a twin. Heavy imports wait until needed."""

import argparse
from pathlib import Path

from side_core.commands.options import add_device, add_options, given
from side_core.commands.terminal import Progress
from side_core.settings import TrainGrowthSettings

ABOUT = "train models alike on ever more images, each beside a twin on as many others; resumable"


def add(parser: argparse.ArgumentParser) -> None:
    """Both sets of images, folder and settings."""
    parser.add_argument("--data", required=True, help="training images, for example 'pixel-faces[0:10000]'")
    parser.add_argument("--twin-data", required=True, help="as many others, for example 'pixel-faces[10000:20000]'")
    parser.add_argument("--out", type=Path, required=True, help="folder for the models and their checkpoints")
    parser.add_argument("--resume", action="store_true", help="leave what is finished, go on with what is not")
    add_device(parser)
    add_options(parser, TrainGrowthSettings)


def run(options: argparse.Namespace) -> int:
    """Train them, one after the other."""
    settings = TrainGrowthSettings.read(given(options, TrainGrowthSettings))
    from side_core.dpm.device import open_device
    from side_core.dpm.training.growth import train_growth

    device, progress = open_device(options.device), Progress("training")
    for step in train_growth(options.data, options.twin_data, settings, options.out, options.resume, device):
        seen = step.training
        progress.show(step.fraction, f"{step.name}: step {seen.step:,}, loss {seen.loss:.4f}", step.seconds_left)
    print(f"The models are in {options.out}")
    return 0
