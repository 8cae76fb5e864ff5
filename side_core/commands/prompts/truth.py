"""`prompts truth`: which training captions of the embedded text-to-image model really bring their picture back."""

import argparse

from side_core.commands.prompts.options import add_model
from side_core.commands.terminal import Progress
from side_core.progress import finish
from side_core.settings import PromptSettings

ABOUT = "draw repeated training captions 20 times each and keep what comes back beside the model"
PICTURES = PromptSettings(score_images=20, steps=12, batch_size=20)


def add(parser: argparse.ArgumentParser) -> None:
    """The model."""
    add_model(parser)


def run(options: argparse.Namespace) -> int:
    """Draw, match, and write `truth.json` into the model's folder."""
    from side_core.data.source import open_training_set
    from side_core.dpm.folder import model_folder, open_denoiser
    from side_core.dpm.text.denoiser import need_text
    from side_core.extraction.subject import Subject, references_of
    from side_core.prompts.held_out import captions_of
    from side_core.prompts.truth import FILE, by_group, measure_truth, write_truth
    from side_core.settings import ExtractSettings

    settings = PICTURES.model_copy(update={"model": options.model})
    denoiser = need_text(open_denoiser(options.model, settings.mode, options.device))
    if captions_of(options.model) is None:
        raise ValueError(f"'{options.model}' was not trained on captioned-faces: only of those the truth is known.")
    data, control = open_training_set("captioned-faces"), open_training_set("captioned-control")
    subject = Subject(data, control, denoiser)
    references = finish(references_of(ExtractSettings(model=options.model), subject))
    watch = Progress("drawing").watch
    results = finish(measure_truth(denoiser, references, settings), watch)
    file = model_folder(options.model) / FILE
    write_truth(file, results, denoiser, settings)
    for group, about in by_group(results).items():
        print(f"{group}: pictures {about['pictures']}, captions ever {about['captions_that_ever_come_back']}")
    print(f"What came back is in {file}")
    return 0
