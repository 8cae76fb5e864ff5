"""Train a small unconditional pixel DPM: a resumable generator with averaged weights."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDIMPipeline, DDIMScheduler, UNet2DModel
from torch import Tensor

from side_core.data.source import fitted
from side_core.data.training_set import TrainingSet
from side_core.dpm.device import open_device
from side_core.dpm.formats.pipeline import read_pipeline
from side_core.dpm.training.batch import Batch, make_batch
from side_core.dpm.training.checkpoint import Counters, Learner
from side_core.dpm.training.loop import CHECKPOINT, TrainingStep, check_length, effort, learn, new_learner
from side_core.files.whole_file import make_folder
from side_core.progress import finish
from side_core.settings import TrainDpmSettings

_GROUPS = 16  # of group normalisation: channels are multiples of it


def _new_unet(settings: TrainDpmSettings, image_size: int) -> UNet2DModel:
    """A U-Net (Ho et al. 2020), self-attention at its lowest resolution only; the seed alone decides its weights."""
    levels = len(settings.channels)
    with torch.random.fork_rng(devices=[]):  # leaves the process's own random state as it was
        torch.default_generator.manual_seed(settings.seed)
        return UNet2DModel(
            sample_size=image_size,
            in_channels=3,
            out_channels=3,
            layers_per_block=settings.layers_per_block,
            block_out_channels=settings.channels,
            down_block_types=("DownBlock2D",) * (levels - 1) + ("AttnDownBlock2D",),
            up_block_types=("AttnUpBlock2D",) + ("UpBlock2D",) * (levels - 1),
            norm_num_groups=_GROUPS,
            attention_head_dim=settings.attention_head_dim,
        )


def _open_at(data: TrainingSet, image_size: int) -> TrainingSet:
    """The images scaled and cropped to squares of `image_size` pixels."""
    return finish(fitted(data, (image_size, image_size)))


def _starting_unet(folder: Path, image_size: int) -> UNet2DModel:
    """The U-Net of a model folder, to go on from.

    Raises:
        ValueError: it cannot be opened, works on latents, has classes, or draws images of another size.
    """
    pipeline = read_pipeline(folder)
    if pipeline.autoencoder is not None or pipeline.classes:
        kind = "class-conditional" if pipeline.classes else "latent"
        raise ValueError(f"'{folder}' is a {kind} model: only unconditional pixel models can be trained on.")
    if pipeline.image_size != (image_size, image_size):
        size = pipeline.unet.network.config.sample_size
        raise ValueError(f"'{folder}' draws images of {size} pixels, the data has {image_size}: use one size.")
    return pipeline.unet.load()


def _check_request(data: TrainingSet, settings: TrainDpmSettings, out: Path, device: str) -> None:
    """Raise ValueError for what cannot be trained: see `train_dpm`. Makes the folder `out`."""
    check_length(settings)
    height, width = data.size
    divisor = 2 ** (len(settings.channels) - 1)
    if height != width or height % divisor:
        raise ValueError(
            f"Images of {height} x {width} pixels cannot be trained on: use squares divisible by {divisor}."
        )
    if any(channels < _GROUPS or channels % _GROUPS for channels in settings.channels):
        raise ValueError(f"Channels {' '.join(map(str, settings.channels))} cannot be: choose multiples of {_GROUPS}.")
    if settings.attention_head_dim > settings.channels[-1]:
        raise ValueError(
            f"Attention heads of width {settings.attention_head_dim} do not fit into {settings.channels[-1]} channels: "
            "make the heads narrower or the last level wider."
        )
    open_device(device)
    make_folder(out)


def train_dpm(
    data: TrainingSet,
    settings: TrainDpmSettings,
    out: Path,
    resume: bool = False,
    init: Path | None = None,
    device: str = "cpu",
) -> Iterator[TrainingStep]:
    """Train a noise-predicting DPM on `data` (Ho et al. 2020, algorithm 1) and write a diffusers folder.

    The random numbers of step k depend on the seed and k alone, so a resumed run continues the same course.
    At the end, and whenever the caller stops iterating, a checkpoint to resume from stands in `out/checkpoint`;
    at the end the averaged weights are written to `out` as a half-precision diffusers pipeline with `card.json`.

    Args:
        data: square images, sides divisible by 2 ** (levels - 1), or of any size where the settings name one.
        settings: `steps` or `minutes` says when to stop, `stop_at` that it may be sooner.
        out: folder for the model.
        resume: continue from `out/checkpoint`.
        init: a checked model folder whose weights to start from.
        device: where to train.

    Raises:
        ValueError: neither steps nor minutes given; images, channels or device that do not fit; nothing to resume,
            or not by these settings; a folder that cannot be written; a loss that is not finite.
    """
    if settings.image_size is not None:
        data = _open_at(data, settings.image_size)
    _check_request(data, settings, out, device)
    height, _ = data.size
    unet = _new_unet(settings, height) if init is None else _starting_unet(init, height)
    unet.to(device, memory_format=torch.channels_last)
    learner = new_learner(unet, settings)
    if resume:
        learner.load(out / CHECKPOINT)
    scheduler = DDIMScheduler(
        num_train_timesteps=settings.train_timesteps, beta_schedule=settings.beta_schedule, clip_sample=True
    )
    network = torch.compile(unet) if settings.compile else unet
    images = torch.from_numpy(np.array(data.images)).permute(0, 3, 1, 2).float().div(127.5).sub(1)

    def write(folder: Path) -> None:
        _write_model(learner, folder, scheduler, _training_card(data, settings, learner.counters, init, device))

    def loss_at(step: int) -> Tensor:
        return _loss_of(network, make_batch(images, scheduler.alphas_cumprod, settings, step), settings)

    for step in learn(learner, loss_at, settings, out / CHECKPOINT):
        if settings.keep_every and step.step % settings.keep_every == 0:
            write(out / "kept" / f"step-{step.step:06d}")
        yield step
    write(out)


def _loss_of(network: Any, batch: Batch, settings: TrainDpmSettings) -> Tensor:
    """Mean squared error of the predicted noise, weighted as the settings say (Ho et al. 2020, algorithm 1, line 5).

    Args:
        network: a U-Net, compiled or not.
        batch: what to learn from.
        settings: precision.
    """
    device = next(network.parameters()).device
    noisy = batch.noisy.to(device, memory_format=torch.channels_last)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=settings.bfloat16):
        predicted = network(noisy, batch.timesteps.to(device)).sample
    squares = (predicted.float() - batch.noise.to(device)).square()
    return (batch.weights.to(device) * squares).mean()


def _write_model(learner: Learner, folder: Path, scheduler: DDIMScheduler, card: dict[str, Any]) -> None:
    """Write the averaged weights as a half-precision diffusers pipeline folder with its card."""
    with torch.random.fork_rng(devices=[]):  # new weights are drawn, then replaced
        model = UNet2DModel.from_config(learner.network.config)
    model.load_state_dict(learner.averaged)
    DDIMPipeline(unet=model.half(), scheduler=scheduler).save_pretrained(folder)
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")


def _training_card(
    data: TrainingSet, settings: TrainDpmSettings, counters: Counters, init: Path | None, device: str
) -> dict:
    """What a reader must know of a trained model: data, settings, steps, loss, hardware, time."""
    return {
        "kind": "unconditional pixel DPM",
        "data": {"source": data.name, "rows": len(data), "fingerprint": data.fingerprint},
        "settings": settings.model_dump(mode="json"),
        "init": str(init) if init else None,
        **effort(counters, device),
    }
