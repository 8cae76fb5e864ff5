"""Train the autoencoder whose latents the text-to-image model works on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from side_core.data.training_set import TrainingSet
from side_core.dpm.text.networks import new_autoencoder
from side_core.dpm.training.batch import batch_rows
from side_core.dpm.training.checkpoint import Learner
from side_core.dpm.training.loop import CHECKPOINT, TrainingStep, learn, new_learner
from side_core.settings import TrainTextSettings

_FOLDER = "autoencoder"
_STANDARD_ROWS = 1024  # pictures by which latents are scaled
_CHUNK = 256


def train_autoencoder(
    data: TrainingSet, settings: TrainTextSettings, out: Path, resume: bool = False, device: str = "cpu"
) -> Iterator[TrainingStep]:
    """Train an AutoencoderKL (Rombach et al. 2022, appendix G).

    The loss is the mean absolute and squared error of the pixels, plus the KL term. The adversarial and the perceptual
    part are left out: pictures of flat colours do not need them.

    Args:
        data: square images.
        settings: sizes and length, `autoencoder_steps`.
        out: folder; the checkpoint is in `out/autoencoder`.
        resume: continue from there.
        device: where to train.

    Raises:
        ValueError: nothing to resume; a loss that is not finite.
    """
    learner = _autoencoder_learner(settings, data.size[0], device)
    if resume:
        learner.load(out / _FOLDER / CHECKPOINT)
    network: Any = learner.network
    own = settings.model_copy(
        update={
            "steps": settings.autoencoder_steps,
            "minutes": None,
            "stop_at": None,
            "batch_size": settings.autoencoder_batch_size,
            "learning_rate": settings.autoencoder_learning_rate,
        }
    )

    def loss_at(step: int) -> Tensor:
        rows = batch_rows(step, own.batch_size, len(data), own.seed)
        pictures = _scaled(data.images[rows.numpy()]).to(device, memory_format=torch.channels_last)
        generator = torch.Generator().manual_seed(own.seed * 1_000_000_007 + step)
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=own.bfloat16):
            posterior = network.encode(pictures).latent_dist
            noise = torch.randn(posterior.mean.shape, generator=generator).to(device)
            decoded = network.decode(posterior.mean + posterior.std * noise).sample.float()
        kl = posterior.kl().float().mean()
        return functional.l1_loss(decoded, pictures) + functional.mse_loss(decoded, pictures) + own.kl_weight * kl

    yield from learn(learner, loss_at, own, out / _FOLDER / CHECKPOINT)


def _autoencoder_learner(settings: TrainTextSettings, image_size: int, device: str) -> Learner:
    """A new autoencoder with its optimiser."""
    network = new_autoencoder(settings, image_size).to(device, memory_format=torch.channels_last)
    return new_learner(network, settings)


def trained_autoencoder(data: TrainingSet, settings: TrainTextSettings, out: Path, device: str) -> Any:
    """The averaged autoencoder of a checkpoint, in the numbers of half precision, as it will be shipped.

    It says its scaling: latents are scaled to a standard deviation of 1, as in Rombach et al. 2022, section 4.3.2.

    Args:
        data: images of which the latents are measured.
        settings: sizes.
        out: as of `train_autoencoder`.
        device: where it computes.

    Raises:
        ValueError: there is no checkpoint.
    """
    learner = _autoencoder_learner(settings, data.size[0], device)
    learner.load(out / _FOLDER / CHECKPOINT)
    network: Any = learner.network
    network.load_state_dict({name: value.half().float() for name, value in learner.averaged.items()})
    network.eval().requires_grad_(False)
    latents = encoded(network, data.images[:_STANDARD_ROWS], device)
    network.register_to_config(scaling_factor=round(1 / float(latents.std()), 5))
    return network


@torch.no_grad()
def encoded(network: Any, images: np.ndarray, device: str) -> Tensor:
    """(n, H, W, 3) uint8 to (n, C, h, w) float32 latents on the CPU, the posterior's mode, not scaled."""
    parts = []
    for start in range(0, len(images), _CHUNK):
        pictures = _scaled(images[start : start + _CHUNK]).to(device, memory_format=torch.channels_last)
        parts.append(network.encode(pictures).latent_dist.mode().float().cpu())
    return torch.cat(parts)


def _scaled(images: np.ndarray) -> Tensor:
    """(n, H, W, 3) uint8 to (n, 3, H, W) in -1..1."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float().div(127.5).sub(1)
