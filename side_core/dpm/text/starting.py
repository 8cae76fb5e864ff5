"""What a training of a text-to-image model takes over from another model: networks, autoencoder, vocabulary."""

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from side_core.dpm.folder import open_denoiser
from side_core.dpm.latent import LatentSpace
from side_core.dpm.text.denoiser import TextDenoiser, need_text
from side_core.dpm.training.checkpoint import Learner
from side_core.settings import TrainTextSettings


def opened(folder: Path) -> TextDenoiser:
    """The model of a folder.

    Raises:
        ValueError: it is no text-to-image model.
    """
    return need_text(open_denoiser(str(folder)))


def start_from(learner: Learner, tokenizer: Any, model: TextDenoiser, folder: Path) -> None:
    """Take over the U-Net and the text encoder of a model; tokens keep their embedding by their spelling.

    Args:
        learner: new.
        tokenizer: of the new text encoder.
        model: to start from.
        folder: of the model, for the sentence.

    Raises:
        ValueError: it is of other sizes.
    """
    network: Any = learner.network
    known = model.vocabulary.tokenizer.get_vocab()
    table = network.text_encoder.get_input_embeddings().weight.detach().clone()
    former = model.encoder.get_input_embeddings().weight
    for token, place in tokenizer.get_vocab().items():
        if token in known:
            table[place] = former[known[token]]
    try:
        network.unet.load_state_dict(model.unet.state_dict())
        embedding = "embeddings.token_embedding.weight"
        network.text_encoder.load_state_dict(model.encoder.state_dict() | {embedding: table})
    except RuntimeError:
        raise ValueError(
            f"The networks of '{folder}' have other sizes: give the settings it was trained with."
        ) from None
    learner.averaged = {name: value.detach().clone() for name, value in network.state_dict().items()}


def autoencoder_of(
    model: TextDenoiser, settings: TrainTextSettings, image_size: tuple[int, int], device: str = "cpu"
) -> Any | None:
    """A copy of a model's autoencoder, or None where it is of other sizes than the settings ask for.

    Args:
        model: whose.
        settings: channels of the autoencoder.
        image_size: height and width of what it shall encode.
        device: where it computes.
    """
    space = model.space
    if not isinstance(space, LatentSpace) or space.shift or model.image_size != image_size:
        return None
    autoencoder = copy.deepcopy(space.autoencoder)
    if tuple(autoencoder.config.block_out_channels) != settings.autoencoder_channels:
        return None
    autoencoder.register_to_config(scaling_factor=space.scaling)
    return autoencoder.to(device)


def tokenizer_of(model: TextDenoiser, captions: Iterable[str]) -> Any | None:
    """A model's tokenizer, or None where it does not know each word of the captions as one token.

    Args:
        model: whose.
        captions: that are learnt.
    """
    words = {word for caption in captions for word in caption.replace(",", " ").split()}
    return None if any(model.tokens(word).unknown for word in words) else model.vocabulary.tokenizer
