"""What a model's folder holds that is not followed when the model draws, in a sentence each."""

from collections.abc import Iterator
from pathlib import Path

from side_core.dpm.folder import ideal_source, model_folder
from side_core.dpm.formats.config import read_config
from side_core.dpm.formats.layout import Layout, check_pipeline
from side_core.files.paths import printable


def unfollowed(model: str) -> tuple[str, ...]:
    """What is not followed of a built-in model, a folder or a model of the Hub.

    Raises:
        ValueError: it cannot be read.
    """
    folder = model_folder(model)
    return () if ideal_source(folder) is not None else unfollowed_in(check_pipeline(folder))


def unfollowed_in(layout: Layout) -> tuple[str, ...]:
    """The same of a pipeline folder."""
    return (*_lora_notes(layout.folder, layout.unet), *_threshold_notes(layout.scheduler))


def _lora_notes(*folders: Path) -> Iterator[str]:
    """A sentence for LoRA files that lie in these folders: nothing of them goes into the pictures."""
    files = {file.name for folder in folders for file in folder.glob("*.safetensors") if "lora" in file.name.lower()}
    if files:
        named = " and ".join(f"'{printable(name[:60])}'" for name in sorted(files))
        yield (
            f"The LoRA {named} in the model's folder is not applied: what is drawn is the model without it. Merge it "
            "in diffusers with fuse_lora and save the pipeline again with save_pretrained."
        )


def _threshold_notes(scheduler: Path) -> Iterator[str]:
    """A sentence where a scheduler would threshold its estimates dynamically (Saharia et al. 2022)."""
    config = read_config(scheduler)
    if config.get("thresholding") is True:
        yield (
            "The model's scheduler thresholds its estimates dynamically (thresholding is true in "
            f"{scheduler.name}), which is not done here: its own pictures have other contrasts."
        )
