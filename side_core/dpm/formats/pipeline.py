"""A pipeline folder, read and rehearsed but not loaded: what describing and opening it both need."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from side_core.dpm.formats.blueprint import Blueprint, draft
from side_core.dpm.formats.config import finite_number, first_line, read_config, shown
from side_core.dpm.formats.dry_run import DryRun, dry_run
from side_core.dpm.formats.layout import Layout, check_pipeline
from side_core.dpm.formats.own_sampling import as_text_pipeline, with_card
from side_core.dpm.formats.scheduler import Scheduler, read_scheduler
from side_core.dpm.formats.third_party_logs import importing
from side_core.dpm.latent import latents_of
from side_core.dpm.text.text_encoder import TextEncoder, check_unet, read_text_encoder

_MOST_PIXELS = 4096  # a side longer than this is a typing mistake
_FORMER_VQ_SCALING = 1.0  # of VQ autoencoders whose config.json is older than the entry: nothing was scaled


@dataclass(frozen=True, eq=False)
class Autoencoder:
    """The second network of a latent pipeline.

    Attributes:
        kind: `VQModel` or `AutoencoderKL`.
        blueprint: the network.
        scaling: what latents are multiplied with before the U-Net sees them.
        shift: what is taken off them before that.
    """

    kind: str
    blueprint: Blueprint
    scaling: float
    shift: float


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A folder whose networks are known to fit their weights, each other, and the sizes they are to draw.

    Attributes:
        folder: where it is.
        unet: the denoising network.
        autoencoder: the other one; None where the U-Net works on pixels.
        scheduler: noise schedule, prediction, and how its own pipeline samples.
        shape: (C, H, W) of the space the U-Net works in.
        image_size: height and width in pixels.
        classes: how many it knows; 0 for an unconditional model.
        activation_bytes: the most that drawing or encoding one image takes besides the weights, in float32.
        text_encoder: what reads prompts; None where it draws without a text.
    """

    folder: Path
    unet: Blueprint
    autoencoder: Autoencoder | None
    scheduler: Scheduler
    shape: tuple[int, int, int]
    image_size: tuple[int, int]
    classes: int
    activation_bytes: int
    text_encoder: TextEncoder | None = None

    @property
    def blueprints(self) -> list[Blueprint]:
        """All networks."""
        others = (part.blueprint for part in (self.autoencoder, self.text_encoder) if part is not None)
        return [self.unet, *others]


def read_pipeline(folder: Path) -> Pipeline:
    """Read and check a diffusers folder without loading a weight.

    Raises:
        ValueError: a part is missing, damaged, of another kind, or does not fit the others.
    """
    with importing:
        from diffusers import UNet2DConditionModel, UNet2DModel  # seconds to import
    layout = check_pipeline(folder)
    scheduler = _scheduler_of(layout)
    unet = draft(layout.unet, UNet2DConditionModel if layout.text else UNet2DModel)
    autoencoder = _read_autoencoder(layout)
    text_encoder = read_text_encoder(layout.text) if layout.text else None
    if text_encoder is not None:
        check_unet(unet, text_encoder)
    classes = _classes_of(unet)
    channels = _latent_channels(autoencoder) if autoencoder else 3
    config = unet.network.config
    if (config.in_channels, config.out_channels) != (channels, channels):
        fitting = f"its autoencoder has {channels}" if autoencoder else "only RGB models (3 and 3) can be opened"
        raise ValueError(
            f"The U-Net of '{folder}' takes {config.in_channels} channels and returns {config.out_channels}: {fitting}."
        )
    shape = (channels, *_sample_size(unet))
    size, activation_bytes = _rehearsed(unet, shape, classes, autoencoder, text_encoder)
    return Pipeline(folder, unet, autoencoder, scheduler, shape, size, classes, activation_bytes, text_encoder)


def _scheduler_of(layout: Layout) -> Scheduler:
    """The scheduler as the pipeline uses it, with what `card.json` says of its sampling.

    Raises:
        ValueError: one of the files is damaged, or says what is not understood.
    """
    scheduler, card = read_scheduler(layout.scheduler), layout.folder / "card.json"
    own = as_text_pipeline(scheduler.own_sampling) if layout.text else scheduler.own_sampling
    if card.is_file():
        own = with_card(own, read_config(card), card, len(scheduler.alphas_cumprod))
    return replace(scheduler, own_sampling=own)


def _sample_size(unet: Blueprint) -> tuple[int, int]:
    """Height and width of what the U-Net works on.

    Raises:
        ValueError: the configuration does not say, or not sensibly.
    """
    size, file = unet.network.config.sample_size, unet.folder / "config.json"
    if size is None:
        raise ValueError(f"'{unet.folder}' does not say how large its images are: set sample_size in '{file}'.")
    sides = size if isinstance(size, list | tuple) else (size, size)
    if len(sides) != 2 or not all(type(side) is int and 1 <= side <= _MOST_PIXELS for side in sides):
        raise ValueError(
            f"sample_size is {shown(size)} in '{file}': give one or two whole numbers from 1 to {_MOST_PIXELS}."
        )
    return sides[0], sides[1]


def _classes_of(unet: Blueprint) -> int:
    """How many classes a U-Net knows.

    Raises:
        ValueError: it takes something else than the number of a class.
    """
    config = unet.network.config
    if config.class_embed_type is not None:
        raise ValueError(
            f"The U-Net in '{unet.folder}' has class_embed_type {shown(config.class_embed_type)}: "
            "only classes by number (num_class_embeds) can be opened."
        )
    if config.num_class_embeds is None:
        return 0
    if type(config.num_class_embeds) is not int or config.num_class_embeds < 1:
        raise ValueError(
            f"num_class_embeds is {shown(config.num_class_embeds)} in '{unet.folder / 'config.json'}': "
            "give the number of classes, or null for an unconditional model."
        )
    return int(config.num_class_embeds)


def _read_autoencoder(layout: Layout) -> Autoencoder | None:
    """The autoencoder of a latent pipeline.

    A VQ autoencoder saved before diffusers knew `scaling_factor` was used without one; today's default would spoil it
    (huggingface/diffusers, issue 6725).

    Raises:
        ValueError: it is damaged, or draws something else than RGB images.
    """
    import diffusers

    if layout.autoencoder is None or layout.autoencoder_kind is None:
        return None
    blueprint = draft(layout.autoencoder, getattr(diffusers, layout.autoencoder_kind))
    config, file = blueprint.network.config, layout.autoencoder / "config.json"
    if (config["in_channels"], config["out_channels"]) != (3, 3):
        raise ValueError(
            f"The autoencoder in '{layout.autoencoder}' takes {config['in_channels']} channels and returns "
            f"{config['out_channels']}: only RGB images (3 and 3) can be drawn."
        )
    former = layout.autoencoder_kind == "VQModel" and "scaling_factor" not in blueprint.config
    scaling = _FORMER_VQ_SCALING if former else finite_number(config, "scaling_factor", file, _FORMER_VQ_SCALING)
    if scaling == 0:
        raise ValueError(f"scaling_factor is 0 in '{file}': latents cannot be divided by it, save the model again.")
    return Autoencoder(layout.autoencoder_kind, blueprint, scaling, finite_number(config, "shift_factor", file, 0.0))


def _latent_channels(autoencoder: Autoencoder) -> int:
    """How many channels the latents have."""
    config = autoencoder.blueprint.network.config
    return config.get("vq_embed_dim") or config.latent_channels


def _condition_of(text_encoder: TextEncoder | None, classes: int) -> torch.Tensor | None:
    """What one image is asked for, on the meta device: an embedded prompt, the label of a class, or nothing."""
    if text_encoder is not None:
        return text_encoder.embedding("meta")
    return torch.zeros(1, dtype=torch.long, device="meta") if classes else None


def _rehearsed(
    unet: Blueprint,
    shape: tuple[int, int, int],
    classes: int,
    autoencoder: Autoencoder | None,
    text_encoder: TextEncoder | None,
) -> tuple[tuple[int, int], int]:
    """Height and width of the images, and bytes of activations for one of them.

    Raises:
        ValueError: a network cannot run at this size.
    """
    timestep, condition = torch.zeros((), dtype=torch.long, device="meta"), _condition_of(text_encoder, classes)
    step = _try_out(unet, lambda x: unet.network(x, timestep, condition).sample, shape)
    if step.shape[1:] != shape:
        raise _unfit_size(unet, shape, f"it returns {list(step.shape[1:])}")
    step_bytes = step.peak_bytes * (2 if text_encoder else 1)  # a guided image is evaluated with its text and without
    if autoencoder is None:
        return shape[1:], step_bytes
    network = autoencoder.blueprint.network
    decoded = _try_out(autoencoder.blueprint, lambda x: network.decode(x).sample, shape)
    size = decoded.shape[2], decoded.shape[3]
    encoded = _try_out(autoencoder.blueprint, lambda x: latents_of(network, x), (3, *size))
    if encoded.shape[1:] != shape:
        raise _unfit_size(unet, shape, f"its autoencoder makes {list(encoded.shape[1:])} of its own images")
    return size, max(step_bytes, decoded.peak_bytes, encoded.peak_bytes)


def _try_out(blueprint: Blueprint, call: Any, shape: tuple[int, int, int]) -> DryRun:
    """Rehearse with one image."""
    try:
        return dry_run(call, blueprint.network.eval(), (1, *shape))
    except Exception as error:  # whatever torch and diffusers raise for shapes that do not fit
        raise _unfit_size(blueprint, shape, first_line(error)) from None


def _unfit_size(blueprint: Blueprint, shape: tuple[int, int, int], reason: str) -> ValueError:
    """The sentence for a network that cannot run at its own size."""
    size = " x ".join(map(str, shape))
    return ValueError(
        f"The network in '{blueprint.folder}' cannot work on {size} ({reason}): mend its config.json or save it again."
    )
