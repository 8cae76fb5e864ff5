"""What reads the prompts of a pipeline folder, checked before a weight is loaded: vocabulary and text encoder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from side_core.dpm.formats.blueprint import (
    LEAST_TENSORS,
    MOST_LAYERS,
    Blueprint,
    Stored,
    build,
    check_tensors,
    matched,
    tensors_in,
    unfit,
    weight_files,
)
from side_core.dpm.formats.config import first_line, read_config, shown, whole_number
from side_core.dpm.formats.layout import ENCODER_WEIGHTS, TextLayout
from side_core.dpm.formats.third_party_logs import importing, quiet
from side_core.dpm.text.tokenizer_files import checked_files
from side_core.dpm.text.tokens import Vocabulary

_FORMER_PREFIX = "text_model."  # of the weights' names, before transformers 5
_POSITIONS = "position_ids"  # 0, 1, 2 ...: older files hold them as if they had been learnt
_LEGACY_END = 2  # eos_token_id of older configurations: the end is then taken to be the highest id
_MOST_CONTEXT = 4096  # more tokens than this are a typing mistake
_SAYS_NOTHING = 10**9  # transformers gives a tokenizer without a length of its own an absurdly large one
_EXTRAS = {  # what else a U-Net may want to be told, and how it is called
    "addition_embed_type": "size or pooled text, as SDXL's does",
    "encoder_hid_dim_type": "a text of another kind",
    "class_embed_type": "a class",
    "num_class_embeds": "a class",
    "time_cond_proj_dim": "the guidance scale, as distilled ones do",
}


@dataclass(frozen=True, eq=False)
class TextEncoder:
    """Vocabulary and text encoder, which are known to fit each other.

    Attributes:
        vocabulary: cuts prompts into tokens.
        blueprint: the text encoder.
    """

    vocabulary: Vocabulary
    blueprint: Blueprint

    @property
    def width(self) -> int:
        """How many numbers a token's embedding has."""
        return int(self.blueprint.network.config.hidden_size)

    def embedding(self, device: str) -> torch.Tensor:
        """(1, L, d) zeros of the shape of one embedded prompt."""
        return torch.zeros(1, self.vocabulary.context, self.width, device=device)


def read_text_encoder(layout: TextLayout) -> TextEncoder:
    """Read and check what reads the prompts.

    Raises:
        ValueError: a file is missing or damaged, or the vocabulary does not fit the encoder.
    """
    blueprint = _draft_encoder(layout.encoder)
    config = blueprint.network.config
    tokenizer = read_tokenizer(layout.tokenizer)
    context = int(tokenizer.model_max_length)
    if context > _SAYS_NOTHING:
        context = config.max_position_embeddings
    vocabulary = Vocabulary(tokenizer, context)
    _check_fit(vocabulary, config, layout.tokenizer)
    return TextEncoder(vocabulary, blueprint)


def _draft_encoder(folder: Path) -> Blueprint:
    """The blueprint of a CLIP text encoder.

    Raises:
        ValueError: it is another network, or configuration or weights are missing or damaged, or do not fit.
    """
    with importing:
        from transformers import CLIPTextConfig, CLIPTextModel  # seconds to import

    file = folder / "config.json"
    config = read_config(file)
    if config.get("model_type") != "clip_text_model":
        raise ValueError(
            f"The text encoder in '{folder}' is a {shown(config.get('model_type'))}: only CLIP's can be opened."
        )
    found: dict[str, Stored] = {}
    for weights in weight_files(folder, ENCODER_WEIGHTS):
        found |= tensors_in(weights, leave_out=_POSITIONS)
    present = {name.removeprefix(_FORMER_PREFIX): tensor for name, tensor in found.items()}
    check_tensors(len(found), folder)
    most_layers = max(1, min(MOST_LAYERS, len(found) // LEAST_TENSORS))
    for name, most in (("num_hidden_layers", most_layers), ("max_position_embeddings", _MOST_CONTEXT)):
        whole_number({name: 1} | config, name, file, 1, most)
    network = build(lambda: CLIPTextModel(CLIPTextConfig.from_dict(config)), folder)
    if getattr(network.config, "use_attention_mask", False):
        raise unfit(folder, "use_attention_mask is set, which only other kinds of model need")
    network.embeddings.register_buffer(
        "position_ids", torch.arange(network.config.max_position_embeddings)[None], False
    )
    return Blueprint(folder, config, network, matched(network, present, folder))


def read_tokenizer(folder: Path) -> Any:
    """CLIP's tokenizer with a folder's vocabulary.

    Raises:
        ValueError: the folder has none, or it cannot be read.
    """
    with importing:
        from transformers import CLIPTokenizer  # seconds to import

    present = {file.name for file in checked_files(folder)}
    if "tokenizer.json" not in present and not {"vocab.json", "merges.txt"} <= present:
        raise ValueError(f"'{folder}' has no vocabulary: tokenizer.json, or vocab.json and merges.txt, are needed.")
    try:
        with quiet():
            return CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # whatever transformers and its parsers raise for files that they do not understand
        raise ValueError(
            f"The vocabulary in '{folder}' is damaged ({first_line(error)}): copy the folder again."
        ) from None


def _check_fit(vocabulary: Vocabulary, config: Any, folder: Path) -> None:
    """Raise ValueError where a vocabulary does not go with the configuration of a text encoder.

    CLIP finds the end of a text by its id, which must be the one it was trained with.
    """
    highest = max(vocabulary.tokenizer.get_vocab().values())

    def misfit(reason: str) -> ValueError:
        return ValueError(f"The vocabulary in '{folder}' does not fit its text encoder ({reason}): save both again.")

    if highest >= config.vocab_size:
        raise misfit(f"it has ids up to {highest}, the encoder knows {config.vocab_size}")
    if not 3 <= vocabulary.context <= config.max_position_embeddings:
        raise misfit(f"it makes {vocabulary.context} tokens, the encoder takes {config.max_position_embeddings}")
    end = highest if config.eos_token_id == _LEGACY_END else config.eos_token_id
    if vocabulary.end != end:
        raise misfit(f"end-of-text has id {vocabulary.end}, the encoder looks for {end}")


def check_unet(unet: Blueprint, text_encoder: TextEncoder) -> None:
    """Raise ValueError where a U-Net does not attend to texts of this width, or wants to be told more than a text."""
    config = unet.network.config
    for name, words in _EXTRAS.items():
        if config[name] is not None:
            raise ValueError(
                f"The U-Net in '{unet.folder}' also wants {words} ({name} is {shown(config[name])}): "
                "only those of Stable Diffusion 1 and 2 can be opened."
            )
    wanted = config.cross_attention_dim
    if set(wanted if isinstance(wanted, list | tuple) else [wanted]) != {text_encoder.width}:
        raise ValueError(
            f"The U-Net in '{unet.folder}' attends to texts of width {shown(wanted)}, its text encoder makes "
            f"{text_encoder.width}: save the whole pipeline again."
        )
