"""Search a set of pictures by a text: those whose CLIP features are nearest to it."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from side_core.data.training_set import TrainingSet
from side_core.similarity.embeddings import Embedding, embed
from side_core.similarity.neighbours import nearest
from side_core.similarity.text import TextEncoder


@dataclass(frozen=True)
class Hit:
    """A picture that a search found.

    Attributes:
        row: its position in the set.
        id: its name there.
        caption: what it is called; empty where the set has no captions.
        cosine: of its features with those of the text, -1..1; larger is nearer.
    """

    row: int
    id: str
    caption: str
    cosine: float


def search(data: TrainingSet, text: str, encoder: TextEncoder, top: int) -> Generator[Embedding, None, tuple[Hit, ...]]:
    """The pictures that fit a text best, best first; exact. Pictures are encoded once and kept in the cache.

    Args:
        data: the pictures.
        text: what to look for.
        encoder: an open CLIP model.
        top: how many, at least 1; no more are returned than there are pictures.

    Yields:
        How far the encoding of the pictures is.

    Raises:
        ValueError: an empty text, or pictures that cannot be encoded.
    """
    check_search(text)
    query = encoder.text_features([text])
    vectors = yield from embed(data, encoder.images)
    rows = nearest(query, vectors, top).rows[0]
    cosines = vectors[rows] @ query[0]
    captions = np.full(len(data), "") if data.captions is None else data.captions
    return tuple(
        Hit(int(row), str(data.ids[row]), str(captions[row]), float(cosine))
        for row, cosine in zip(rows, cosines, strict=True)
    )


def check_search(text: str) -> None:
    """Raise ValueError where there is nothing to look for."""
    if not text.strip():
        raise ValueError("The search is empty: type what to look for, for example 'red hat and glasses'.")
