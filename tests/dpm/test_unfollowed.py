"""What a model's folder holds that does not go into the pictures is said, in one sentence each."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from side_core.dpm.description import describe
from side_core.dpm.formats.unfollowed import unfollowed


@pytest.fixture
def folder(pipeline: Path, tmp_path: Path) -> Path:
    """A pipeline that may be changed."""
    return Path(shutil.copytree(pipeline, tmp_path / "own"))


@pytest.mark.parametrize("model", ["pixel-faces", "ideal", "pixel-faces-text"])
def test_of_the_built_in_models_all_is_followed(model: str) -> None:
    assert unfollowed(model) == describe(model).notes == ()


@pytest.mark.parametrize(
    "name", ["pytorch_lora_weights.safetensors", "unet/pytorch_lora_weights.safetensors", "My-LoRA.safetensors"]
)
def test_a_lora_beside_the_pipeline_is_named_and_how_to_merge_it(folder: Path, name: str) -> None:
    assert unfollowed(str(folder)) == ()
    (folder / name).write_bytes(b"not even read")
    (note,) = unfollowed(str(folder))
    assert note == (
        f"The LoRA '{Path(name).name}' in the model's folder is not applied: what is drawn is the model without it. "
        "Merge it in diffusers with fuse_lora and save the pipeline again with save_pretrained."
    )
    assert describe(str(folder)).notes == (note,)


def test_an_odd_name_stays_on_one_line(folder: Path) -> None:
    (folder / "lora\n\x1b[31m.safetensors").write_bytes(b"")
    (note,) = unfollowed(str(folder))
    assert note.isprintable()


def test_dynamic_thresholding_is_said(make_pipeline: Callable[..., Path]) -> None:
    (note,) = unfollowed(str(make_pipeline(thresholding=True)))
    assert "thresholding is true in scheduler_config.json" in note
