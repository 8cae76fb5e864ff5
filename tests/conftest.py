"""What several tests need: small sets of images, a tiny untrained pipeline, and ways to break it."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # no test may reach the network

import numpy as np
import pytest
import torch
from diffusers import DDIMPipeline, DDIMScheduler, UNet2DModel
from safetensors.torch import load_file, save_file

from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet
from side_core.dpm.folder import open_denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.surrogate.card import KIND
from side_core.surrogate.folder import save_surrogate
from side_core.surrogate.sheet import PICTURES
from side_core.surrogate.surrogate import Surrogate, network_of

torch.set_num_threads(1)  # the models are tiny, and test processes run side by side

WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests keep what they make, and their runs, in folders of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIDE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("SIDE_WORKSPACE", str(tmp_path_factory.mktemp("workspace")))
        yield


@pytest.fixture(scope="session")
def faces() -> TrainingSet:
    """The first 60 pixel faces."""
    return open_training_set("pixel-faces[0:60]")


@pytest.fixture(scope="session")
def ideal(faces: TrainingSet) -> IdealDenoiser:
    """The perfect memoriser of `faces`."""
    return IdealDenoiser(faces, DDIMScheduler(beta_schedule="squaredcos_cap_v2").alphas_cumprod)


@pytest.fixture(scope="session")
def make_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Save a tiny untrained DDIM pipeline, the same weights each time, once for each scheduler."""
    made: dict[str, Path] = {}

    def make(**scheduler: object) -> Path:
        key = json.dumps(scheduler, sort_keys=True)
        if key not in made:
            with torch.random.fork_rng(devices=[]):
                torch.default_generator.manual_seed(0)
                unet = UNet2DModel(
                    sample_size=16,
                    block_out_channels=(32, 32),
                    layers_per_block=1,
                    norm_num_groups=8,
                    down_block_types=("DownBlock2D", "AttnDownBlock2D"),
                    up_block_types=("AttnUpBlock2D", "UpBlock2D"),
                )
            made[key] = tmp_path_factory.mktemp("pipeline")
            DDIMPipeline(unet, DDIMScheduler(**scheduler)).save_pretrained(made[key])
        return made[key]

    return make


@pytest.fixture(scope="session")
def pipeline(make_pipeline: Callable[..., Path]) -> Path:
    """The tiny pipeline with diffusers' default schedule."""
    return make_pipeline()


@pytest.fixture(scope="session")
def make_surrogate(faces: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Save an untrained surrogate of the built-in ideal model, always the same but for the changes of its card."""

    def make(**changes: dict[str, object]) -> Path:
        card: dict[str, dict[str, object]] = {
            "model": {"name": "ideal", "fingerprint": open_denoiser("ideal", "exact").fingerprint},
            "network": {"shape": [3, 16, 16], "width": 8, "blocks": 1, "timed": True},
            "clusters": {"kept": [0, 2, 3], "cohesion": [0.8, 0.1, 0.9, 0.7], "tau": 0.5},
            "guidance": {"guidance_scale": 20.0, "guide_from": 900, "guide_to": 0},
        }
        card = {name: about | changes.get(name, {}) for name, about in card.items()}
        kept = np.array(card["clusters"]["kept"])
        card["network"]["labels"] = len(kept)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            network = network_of(card["network"])
        with torch.no_grad():
            network.head.weight *= 50  # so that it steers hard
        weights = {name: value.half() for name, value in network.state_dict().items()}
        pictures = faces.images[: PICTURES * len(kept)].reshape(len(kept), PICTURES, 16, 16, 3)
        folder = tmp_path_factory.mktemp("surrogate")
        save_surrogate(Surrogate(weights, {"kind": KIND, **card}, kept, pictures), folder)
        return folder

    return make


def edit_json(file: Path, **changes: object) -> None:
    """Change some entries of a JSON file."""
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def edit_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Change the U-Net's tensors."""
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def truncate(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


def overwrite(folder: Path, at: int, new: bytes) -> None:
    """Put other bytes into the weights' file."""
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[at : at + len(new)] = new
    (folder / WEIGHTS).write_bytes(content)


def edit_unet(**changes: object) -> Callable[[Path], object]:
    """Change some entries of the U-Net's configuration."""
    return lambda folder: edit_json(folder / "unet" / "config.json", **changes)


def edit_scheduler(**changes: object) -> Callable[[Path], object]:
    """Change some entries of the scheduler's configuration."""
    return lambda folder: edit_json(folder / "scheduler" / "scheduler_config.json", **changes)


BREAKS: dict[str, Callable[[Path], object]] = {
    "missing": shutil.rmtree,
    "empty": empty,
    "not a pipeline": lambda folder: (folder / "model_index.json").unlink(),
    "index is no json": lambda folder: (folder / "model_index.json").write_text("{"),
    "text to image": lambda folder: edit_json(folder / "model_index.json", _class_name="StableDiffusionXLPipeline"),
    "no scheduler": lambda folder: shutil.rmtree(folder / "scheduler"),
    "no weights": lambda folder: (folder / WEIGHTS).unlink(),
    "pickle": lambda folder: (folder / WEIGHTS).rename(folder / "unet" / "diffusion_pytorch_model.bin"),
    "truncated": truncate,
    "other width": lambda folder: edit_json(folder / "unet" / "config.json", block_out_channels=[64, 64]),
    "renamed key": lambda folder: edit_weights(folder, lambda w: w.update(other=w.pop("conv_in.weight"))),
    "missing key": lambda folder: edit_weights(folder, lambda w: w.pop("conv_out.bias")),
    "surplus key": lambda folder: edit_weights(folder, lambda w: w.update(surplus=torch.zeros(2))),
    "config is no json": lambda folder: (folder / "unet" / "config.json").write_text("{"),
    "beta schedule": lambda folder: edit_json(folder / "scheduler" / "scheduler_config.json", beta_schedule="wavy"),
    "prediction": lambda folder: edit_json(folder / "scheduler" / "scheduler_config.json", prediction_type="wind"),
    "card is no json": lambda folder: (folder / "card.json").write_text("{"),
    "card is a list": lambda folder: (folder / "card.json").write_text("[]"),
    "ideal of nothing": lambda folder: (folder / "card.json").write_text('{"kind": "ideal denoiser", "data": []}'),
    "json too deep": lambda folder: (folder / "model_index.json").write_text("[" * 100_000),
    "class is a list": lambda folder: edit_json(folder / "model_index.json", _class_name=["DDIMPipeline"]),
    "text u-net": lambda folder: edit_json(folder / "model_index.json", unet=["diffusers", "UNet2DConditionModel"]),
    "giant header": lambda folder: overwrite(folder, 0, (2**60).to_bytes(8, "little")),
    "flipped header": lambda folder: overwrite(folder, 40, b"\xff"),
    "integer weights": lambda folder: edit_weights(folder, lambda w: w.update({k: w[k].short() for k in w})),
    "giant width": edit_unet(block_out_channels=[10**9, 10**9]),
    "giant depth": edit_unet(layers_per_block=10**9),
    "giant image": edit_unet(sample_size=10**9),
    "depth in words": edit_unet(layers_per_block="one"),
    "width in words": edit_unet(block_out_channels="wide"),
    "no groups": edit_unet(norm_num_groups=0),
    "negative heads": edit_unet(attention_head_dim=-8),
    "class embedding": edit_unet(class_embed_type="identity"),
    "giant schedule": edit_scheduler(num_train_timesteps=10**12),
    "negative schedule": edit_scheduler(num_train_timesteps=-5),
    "schedule in words": edit_scheduler(num_train_timesteps="many"),
    "beta is no number": edit_scheduler(beta_start=float("nan")),
    "beta in words": edit_scheduler(beta_end="big"),
    "rising schedule": edit_scheduler(beta_start=-0.02),
}


@pytest.fixture
def broken(pipeline: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of the tiny pipeline, broken in one of the `BREAKS` ways."""

    def make(how: str) -> Path:
        folder = tmp_path / how.replace(" ", "-")
        shutil.copytree(pipeline, folder)
        BREAKS[how](folder)
        return folder

    return make


@pytest.fixture
def broken_kinds() -> list[str]:
    """All ways of breaking a model."""
    return list(BREAKS)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `how` once for each way of breaking a model."""
    if "how" in metafunc.fixturenames:
        metafunc.parametrize("how", BREAKS)


@pytest.fixture
def two_classes() -> tuple[TrainingSet, TrainingSet, TrainingSet]:
    """Twelve random 4 x 4 images, then its first five (class 0) and last seven (class 1) alone."""
    images = np.random.default_rng(0).integers(0, 256, (12, 4, 4, 3), dtype=np.uint8)
    both = TrainingSet("both", images, np.arange(12).astype(str))
    return both, both.slice(0, 5, "class 0"), both.slice(5, 12, "class 1")
