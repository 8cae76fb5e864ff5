"""Train a small CLIP model from scratch: a resumable generator that ends in a folder open_clip can load."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from side_core.data.training_set import TrainingSet, by_row
from side_core.dpm.device import open_device
from side_core.dpm.text.vocabulary import new_tokenizer
from side_core.dpm.training.loop import CHECKPOINT, TrainingStep, check_length, effort, learn, new_learner
from side_core.files.whole_file import make_folder
from side_core.settings import TrainClipSettings
from side_core.similarity.clip.batch import (
    IMAGE_SIZE,
    captions_of,
    phrases_of,
    prepared,
    rows_of,
    token_ids,
    weight_of,
)
from side_core.similarity.clip.network import ClipAndHead, clip_weights, model_config, write_clip
from side_core.wording import counted

_LARGEST_SCALE = 100  # of the logits, beyond which training becomes unstable (Radford et al. 2021, section 2.5)


def train_clip(
    faces: TrainingSet, settings: TrainClipSettings, out: Path, resume: bool = False, device: str = "cpu"
) -> Iterator[TrainingStep]:
    """Train a CLIP model on pictures and captions (Radford et al. 2021, figure 3) and write it as open_clip does.

    Captions are made anew for each batch from the attributes (`side_core.data.describing`). Beside the contrast a head
    learns to name what is true of a picture (`ClipAndHead`); it is not written. The random numbers of a
    step depend on the seed and its number alone, so a resumed run continues the same course. At the end, and whenever
    the caller stops iterating, a checkpoint to resume from stands in `out/checkpoint`; at the end the averaged weights
    are written to `out` in half precision with configuration, tokenizer and `card.json`.

    Args:
        faces: 32 x 32 pictures with the attributes of the pixel faces.
        settings: `steps` or `minutes` says when to stop, `stop_at` that it may be sooner.
        out: folder for the model.
        resume: continue from `out/checkpoint`.
        device: where to train.

    Raises:
        ValueError: neither steps nor minutes given; pictures of another size or without attributes; fewer of them than
            a batch; nothing to resume, or not by these settings; a folder that cannot be written; a loss not finite.
    """
    _check_request(faces, settings, out, device)
    attributes = by_row(faces.attributes)
    weights = torch.tensor([weight_of(each) for each in attributes])
    tokenizer = new_tokenizer(captions_of(attributes, settings, step=-1), settings.context)
    config = model_config(settings, len(tokenizer))
    truths = phrases_of(attributes)
    learner = new_learner(ClipAndHead(config, truths.shape[1], settings.seed).to(device), settings)
    if resume:
        learner.load(out / CHECKPOINT)
    network: Any = torch.compile(learner.network) if settings.compile else learner.network
    images = torch.from_numpy(np.array(faces.images)).permute(0, 3, 1, 2)

    def loss_at(step: int) -> Tensor:
        rows = rows_of(weights, settings, step)
        captions = captions_of([attributes[row] for row in rows], settings, step)
        pictures = prepared(images[rows], settings, step).to(device)
        ids = token_ids(tokenizer, captions, settings.context).to(device)
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=settings.bfloat16):
            of_images, of_texts, phrases = network(pictures, ids)
        named = functional.binary_cross_entropy_with_logits(phrases.float(), truths[rows].to(device), reduction="none")
        contrast = contrastive_loss(of_images, of_texts, network.clip.logit_scale)
        return contrast + settings.naming * named.sum(dim=1).mean()

    yield from learn(learner, loss_at, settings, out / CHECKPOINT)
    write_clip(out, clip_weights(learner), config, tokenizer)
    _write_card(out, _clip_card(faces, settings) | effort(learner.counters, device))


def _check_request(faces: TrainingSet, settings: TrainClipSettings, out: Path, device: str) -> None:
    """Raise ValueError for what cannot be trained: see `train_clip`. Makes the folder `out`."""
    check_length(settings)
    if faces.size != (IMAGE_SIZE, IMAGE_SIZE):
        size = " x ".join(map(str, reversed(faces.size)))
        raise ValueError(f"Pictures of {size} pixels cannot be trained on: bring them to {IMAGE_SIZE} x {IMAGE_SIZE}.")
    if "hair_color" not in faces.attributes:
        raise ValueError(f"'{faces.name}' has no attributes to make captions of: take rows of pixel-faces.")
    if len(faces) < settings.batch_size:
        raise ValueError(
            f"{counted(len(faces), 'picture')} are fewer than a batch of {settings.batch_size}: make the batch smaller."
        )
    if IMAGE_SIZE % settings.patch:
        raise ValueError(f"Patches of {settings.patch} pixels do not fill {IMAGE_SIZE}: choose 2, 4, 8 or 16.")
    open_device(device)
    make_folder(out)


def contrastive_loss(of_images: Tensor, of_texts: Tensor, logit_scale: Tensor) -> Tensor:
    """Symmetric cross-entropy over a batch of pairs (Radford et al. 2021, figure 3).

    Args:
        of_images: (n, d) features, of any length.
        of_texts: (n, d) features of their captions.
        logit_scale: log of the learnt inverse temperature.
    """
    scale = logit_scale.exp().clamp(max=_LARGEST_SCALE)
    logits = scale * functional.normalize(of_images.float()) @ functional.normalize(of_texts.float()).T
    pairs = torch.arange(len(logits), device=logits.device)
    return (functional.cross_entropy(logits, pairs) + functional.cross_entropy(logits.T, pairs)) / 2


def _clip_card(faces: TrainingSet, settings: TrainClipSettings) -> dict[str, Any]:
    """What a reader must know of the model: data and settings."""
    return {
        "kind": "CLIP model of captioned pixel faces (open_clip)",
        "data": {"source": faces.name, "rows": len(faces), "fingerprint": faces.fingerprint},
        "settings": settings.model_dump(mode="json"),
    }


def _write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write `card.json`."""
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")
