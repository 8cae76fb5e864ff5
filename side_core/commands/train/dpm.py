"""`train dpm`: a small unconditional model. Heavy imports wait until needed."""

import argparse

from side_core.commands.options import given
from side_core.progress import Progress, finish
from side_core.settings import TrainDpmSettings


def run_train_dpm(options: argparse.Namespace) -> int:
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
