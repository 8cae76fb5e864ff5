"""CLIP features of texts, and how well a text fits a picture."""

from collections.abc import Sequence

import numpy as np
import torch

from side_core.dpm.device import open_device
from side_core.dpm.formats.config import first_line
from side_core.dpm.text.tokens import check_text
from side_core.similarity.clip.encoder import ClipModel, image_encoder, open_clip_model
from side_core.similarity.clip.tokenizer import PROBE, in_pieces, is_cut, open_tokenizer

_BATCH = 64
_BUILT_IN = "pixel-faces-clip"


class TextEncoder:
    """Encodes texts into vectors of length 1, and pictures into vectors that they can be compared with.

    Attributes:
        images: the encoder of pictures, by the same model.
        description: the model in one line, for people.
        dimensions: d, of all vectors.
    """

    def __init__(self, model: ClipModel):
        """Take over a model and try it once.

        Raises:
            ValueError: a damaged or missing tokenizer, or a network that returns no numbers.
        """
        self.model = model
        self.images = image_encoder(model)
        self.description = self.images.description
        self.dimensions = self.images.dimensions
        self.tokenize = open_tokenizer(model)
        self.text_features([PROBE])

    @torch.no_grad()
    def text_features(self, prompts: Sequence[str]) -> np.ndarray:
        """n texts, also empty ones, to (n, d) float32 of length 1; what is too long is cut.

        Raises:
            ValueError: a text that is none, or a network that returns NaN or infinity.
        """
        for prompt in prompts:
            check_text(prompt)
        parts = [np.empty((0, self.dimensions), np.float32)]
        for start in range(0, len(prompts), _BATCH):
            ids = self.tokenize(list(prompts[start : start + _BATCH])).to(self.model.device)
            try:
                found = self.model.network.encode_text(ids)
            except (RuntimeError, IndexError, TypeError, ValueError) as error:
                raise ValueError(
                    f"The model in '{self.model.folder}' cannot encode texts ({first_line(error)}): save it again."
                ) from None
            if not found.isfinite().all():
                raise ValueError(f"The text network of '{self.model.weights}' returned NaN or infinity: check it.")
            parts.append(torch.nn.functional.normalize(found.float()).cpu().numpy())
        return np.concatenate(parts)

    def doubts(self, prompt: str) -> tuple[str, ...]:
        """A sentence for each reason why a text may be understood badly."""
        context = self.model.config["text_cfg"].get("context_length", 77)
        words = in_pieces(self.tokenize, prompt)
        known = f"'{self.model.weights}' does not know {', '.join(words)} as whole words." if words else ""
        long = is_cut(self.tokenize, prompt, context)
        cut = f"The text is longer than the {context} tokens that '{self.model.weights}' reads." if long else ""
        return tuple(sentence for sentence in (known, cut) if sentence)


def open_text_encoder(weights: str | None = None, device: str | None = None) -> TextEncoder:
    """Open a CLIP model for texts and pictures.

    Args:
        weights: as of encoder `clip`: a built-in name, `local-dir:FOLDER` or `hf-hub:ORG/NAME`; left out: built in.
        device: where it computes; left out: the best there is.

    Raises:
        ValueError: no such weights, damaged or missing files, files that do not fit each other.
    """
    return TextEncoder(open_clip_model(weights or _BUILT_IN, open_device(device)))


def clip_score(encoder: TextEncoder, pictures: np.ndarray, prompt: str) -> np.ndarray:
    """How well a text fits each picture: the plain cosine of their features, -1..1.

    Hessel et al. 2021 report 2.5 * max(cosine, 0), eq. 1, others 100 * cosine: both follow from this one.

    Args:
        encoder: an open CLIP model.
        pictures: (n, H, W, 3) uint8.
        prompt: the text.

    Returns:
        (n,) float32.
    """
    return clip_scores(encoder, pictures[None], [prompt])[0]


def clip_scores(encoder: TextEncoder, pictures: np.ndarray, prompts: Sequence[str]) -> np.ndarray:
    """The same of several prompts.

    Args:
        encoder: an open CLIP model.
        pictures: (n, k, H, W, 3) uint8, k of each prompt.
        prompts: (n,).

    Returns:
        (n, k) float32.
    """
    texts = encoder.text_features(list(prompts))
    features = encoder.images(pictures.reshape(-1, *pictures.shape[2:])).reshape(*pictures.shape[:2], -1)
    scores: np.ndarray = (features @ texts[:, :, None])[..., 0]
    return scores
