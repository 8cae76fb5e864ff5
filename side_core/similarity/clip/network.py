"""A small CLIP network: as open_clip builds it, in training, and as it is written."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from side_core.dpm.training.checkpoint import Learner, write_tensors
from side_core.settings import TrainClipSettings
from side_core.similarity.clip.batch import IMAGE_SIZE
from side_core.similarity.clip.encoder import CONFIG, WEIGHTS

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

_HEAD = 32  # width of an attention head
_PREPROCESSING = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "shortest"}


def model_config(settings: TrainClipSettings, vocabulary: int) -> dict[str, Any]:
    """The model as open_clip is told of it."""
    return {
        "embed_dim": settings.features,
        "vision_cfg": {
            "image_size": IMAGE_SIZE,
            "layers": settings.layers,
            "width": settings.width,
            "head_width": _HEAD,
            "patch_size": settings.patch,
        },
        "text_cfg": {
            "context_length": settings.context,
            "vocab_size": vocabulary,
            "width": settings.text_width,
            "heads": settings.text_width // _HEAD,
            "layers": settings.text_layers,
            "hf_tokenizer_name": ".",  # open_clip then takes the tokenizer of the folder itself
        },
    }


class ClipAndHead(torch.nn.Module):
    """A new CLIP model, and a head that names what is true of a picture; the seed alone decides their weights.

    The head is not kept. Without it the contrast is content with large areas, background and clothes, and both networks
    wait for each other before they see hats or glasses.

    Args:
        config: of open_clip.
        phrases: how many the head knows.
        seed: of the weights.
    """

    def __init__(self, config: dict[str, Any], phrases: int, seed: int):
        import open_clip  # seconds to import

        super().__init__()
        with torch.random.fork_rng(devices=[]):  # leaves the process's own random state as it was
            torch.default_generator.manual_seed(seed)
            self.clip = open_clip.CLIP(**config)
            self.head = torch.nn.Linear(config["embed_dim"], phrases)

    def forward(self, pictures: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(n, d) features of pictures and of texts, and (n, phrases) logits of what is true of the pictures."""
        of_images = self.clip.encode_image(pictures)
        return of_images, self.clip.encode_text(ids), self.head(of_images)


def clip_weights(learner: Learner) -> dict[str, Tensor]:
    """The averaged weights of the CLIP model, without the head."""
    prefix = "clip."
    return {name.removeprefix(prefix): value for name, value in learner.averaged.items() if name.startswith(prefix)}


def write_clip(folder: Path, weights: dict[str, Tensor], config: dict[str, Any], tokenizer: "CLIPTokenizer") -> None:
    """Write weights in half precision, configuration and tokenizer, as open_clip reads them."""
    write_tensors(folder / WEIGHTS, {name: value.half() for name, value in weights.items()})
    content = {"model_cfg": config, "preprocess_cfg": _PREPROCESSING}
    (folder / CONFIG).write_text(json.dumps(content, indent=2) + "\n")
    tokenizer.save_pretrained(folder)
