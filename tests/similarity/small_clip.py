"""A tiny untrained CLIP model with a tokenizer of its own, as `train clip` writes it."""

import dataclasses
from pathlib import Path

import numpy as np

from side_core.data.captioned import enlarged
from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet
from side_core.dpm.text.vocabulary import new_tokenizer
from side_core.settings import TrainClipSettings
from side_core.similarity.clip.network import ClipAndHead, model_config, write_clip

SMALL = TrainClipSettings(
    batch_size=8, width=32, layers=1, text_width=32, text_layers=1, features=16, context=12, steps=4, warmup_steps=1
)
WORDS = ("a face with a red hat and glasses", "portrait of Ada Novak, long hair")


def enlarged_faces(source: str) -> TrainingSet:
    """Pixel faces at 32 x 32."""
    faces = open_training_set(source)
    return dataclasses.replace(faces, images=enlarged(np.array(faces.images)))


def save_small_clip(folder: Path, seed: int = 0) -> Path:
    """Write the model, the same weights for a seed each time."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = new_tokenizer(WORDS, SMALL.context)
    config = model_config(SMALL, len(tokenizer))
    write_clip(folder, ClipAndHead(config, 1, seed).clip.state_dict(), config, tokenizer)
    return folder
