"""`train dpm`: a small unconditional model. Heavy imports wait until needed."""

import argparse
from pathlib import Path

from side_core.commands.options import add_device, add_options, given
from side_core.commands.terminal import Progress
from side_core.progress import finish
from side_core.settings import TrainDpmSettings

ABOUT = "train a small unconditional DPM from scratch; resumable"


def add(parser: argparse.ArgumentParser) -> None:
    """Training images, folder, start and settings."""
    parser.add_argument("--data", required=True, help="training images, for example 'pixel-faces[0:1000]'")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model and its checkpoints")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="continue from the checkpoint in --out")
    start.add_argument("--init", type=Path, help="a model folder to start from")
    add_device(parser)
    add_options(parser, TrainDpmSettings)


def run(options: argparse.Namespace) -> int:
    """Train it and write a model folder with checkpoints."""
    settings = TrainDpmSettings.read(given(options, TrainDpmSettings))
    from side_core.data.source import reading
    from side_core.dpm.device import open_device
    from side_core.dpm.folder import check_pipeline
    from side_core.dpm.training.unconditional import train_dpm

    size = (settings.image_size, settings.image_size) if settings.image_size else None
    data = finish(reading(options.data, size), Progress("reading pictures").watch)
    for note in data.notes:
        print(f"Note: {note}")
    if options.init is not None:
        check_pipeline(options.init)
    progress = Progress("training")
    device = open_device(options.device)
    for step in train_dpm(data, settings, options.out, options.resume, options.init, device):
        progress.show(step.fraction, f"step {step.step:,}, loss {step.loss:.4f}", step.seconds_left)
    print(f"The model is in {options.out}")
    return 0
