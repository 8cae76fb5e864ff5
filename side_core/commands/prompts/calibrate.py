"""`prompts calibrate`: the held-out norms beside a model. Heavy imports wait until needed."""

import argparse

from side_core.commands.prompts.options import add_model, opened
from side_core.commands.terminal import Progress
from side_core.progress import finish

ABOUT = "measure the model's own held-out prompts and keep them beside it"


def add(parser: argparse.ArgumentParser) -> None:
    """The model."""
    add_model(parser)


def run(options: argparse.Namespace) -> int:
    """`prompts calibrate`: the file of held-out norms in a model's folder."""
    from side_core.dpm.folder import model_folder
    from side_core.prompts.held_out import SHIPPED, calibrate, held_out_prompts

    settings = SHIPPED.model_copy(update={"model": options.model})
    denoiser = opened(settings, options.device)
    prompts = held_out_prompts(options.model)
    if prompts is None:
        raise ValueError(
            f"'{options.model}' has no held-out prompts of its own: score prompts with --control FILE instead; "
            "what is measured is kept in the cache."
        )
    file = finish(calibrate(denoiser, prompts, model_folder(options.model), settings), Progress("calibrating").watch)
    print(f"The norms of {len(prompts):,} held-out prompts are in {file}")
    return 0
