"""The three networks of the small text-to-image model, as its seed makes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from side_core.settings import TrainTextSettings

_LATENT_CHANNELS = 4
_GROUPS = 8  # of the autoencoder's normalisation: as many as channels would take the colour out of flat pictures
_UNET_GROUPS = 16
_ATTENTION_HEAD_DIM = 32


def new_autoencoder(settings: TrainTextSettings, image_size: int) -> Any:
    """An AutoencoderKL (Rombach et al. 2022) that halves the sides once for each level after the first."""
    from diffusers import AutoencoderKL  # seconds to import

    levels = len(settings.autoencoder_channels)
    with _seeded(settings.seed):
        return AutoencoderKL(
            sample_size=image_size,
            latent_channels=_LATENT_CHANNELS,
            block_out_channels=settings.autoencoder_channels,
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
            layers_per_block=1,
            norm_num_groups=_GROUPS,
        )


def new_unet(settings: TrainTextSettings, latent_size: int) -> Any:
    """A U-Net that attends to the text at its middle resolutions and in its middle block.

    Not at the highest, where it would take most of the time, nor at the lowest, as in Stable Diffusion.
    """
    from diffusers import UNet2DConditionModel

    between = len(settings.channels) - 2
    with _seeded(settings.seed + 1):
        return UNet2DConditionModel(
            sample_size=latent_size,
            in_channels=_LATENT_CHANNELS,
            out_channels=_LATENT_CHANNELS,
            block_out_channels=settings.channels,
            down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * between, "DownBlock2D"),
            up_block_types=("UpBlock2D", *("CrossAttnUpBlock2D",) * between, "UpBlock2D"),
            layers_per_block=1,
            cross_attention_dim=settings.text_width,
            attention_head_dim=[max(1, channels // _ATTENTION_HEAD_DIM) for channels in settings.channels],
            use_linear_projection=True,
            norm_num_groups=_UNET_GROUPS,
        )


def new_text_encoder(settings: TrainTextSettings, vocabulary: int, start: int, end: int) -> Any:
    """A CLIP text encoder (Radford et al. 2021).

    Args:
        settings: width, layers, context, seed.
        vocabulary: how many tokens there are.
        start: id of the token that begins a text; `end` of the one that ends and fills it.
    """
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=settings.text_width,
        intermediate_size=4 * settings.text_width,
        projection_dim=settings.text_width,
        num_hidden_layers=settings.text_layers,
        num_attention_heads=settings.text_width // _ATTENTION_HEAD_DIM,
        max_position_embeddings=settings.context,
        bos_token_id=start,
        eos_token_id=end,
        pad_token_id=end,
    )
    with _seeded(settings.seed + 2):
        return CLIPTextModel(config)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """New weights follow the seed alone, and the process's own random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
