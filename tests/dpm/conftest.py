"""Tiny untrained folders of the other kinds: latent (VQ and KL autoencoder) and class-conditional."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, DDIMPipeline, DDIMScheduler, LDMPipeline, UNet2DModel, VQModel

UNET = {
    "block_out_channels": (16, 32),
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
}
AUTOENCODER = {
    "block_out_channels": (16, 32),
    "down_block_types": ("DownEncoderBlock2D",) * 2,
    "up_block_types": ("UpDecoderBlock2D",) * 2,
    "norm_num_groups": 8,
}
KINDS = {
    "vq": (VQModel, {"latent_channels": 3, "num_vq_embeddings": 32, "scaling_factor": 0.7}),
    "kl": (AutoencoderKL, {"latent_channels": 4, "scaling_factor": 0.4, "shift_factor": 0.3}),
}
CLASSES = 5


@pytest.fixture(scope="session")
def make_latent(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Save an untrained latent pipeline (`vq` or `kl`), the same weights each time, once for each scheduler."""
    made: dict[str, Path] = {}

    def make(kind: str, **scheduler: object) -> Path:
        key = json.dumps([kind, scheduler], sort_keys=True)
        if key not in made:
            autoencoder, settings = KINDS[kind]
            with torch.random.fork_rng(devices=[]):
                torch.default_generator.manual_seed(0)
                channels = settings["latent_channels"]
                unet = UNet2DModel(sample_size=8, in_channels=channels, out_channels=channels, **UNET)
                networks = autoencoder(**AUTOENCODER, **settings), unet
            made[key] = tmp_path_factory.mktemp(kind)
            LDMPipeline(*networks, DDIMScheduler(**{"clip_sample": False, **scheduler})).save_pretrained(made[key])
        return made[key]

    return make


@pytest.fixture(scope="session")
def conditional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained class-conditional pixel pipeline."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        unet = UNet2DModel(sample_size=8, num_class_embeds=CLASSES, **UNET)
        unet.class_embedding.weight.data *= 10  # so that classes differ visibly
    folder = tmp_path_factory.mktemp("conditional")
    DDIMPipeline(unet, DDIMScheduler()).save_pretrained(folder)
    return folder
