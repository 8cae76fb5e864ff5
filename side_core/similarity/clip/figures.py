"""What a CLIP model of faces is worth, measured on faces it has not seen."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from side_core.data.captioned import caption_of
from side_core.data.describing import Aspects, aspects_of, full_description
from side_core.data.names import FAMILY, GIVEN
from side_core.data.training_set import TrainingSet, by_row
from side_core.similarity.encoder import Encoder, PixelEncoder
from side_core.similarity.neighbours import nearest
from side_core.similarity.text import TextEncoder
from side_core.stats.rate import Rate, rate_of

_GROUP = 100  # captions against as many pictures
_SHIFT = 2  # pixels of a 32 x 32 picture, one of the 16 x 16 it was enlarged from
_PHRASES: dict[str, tuple[str, Callable[[tuple[str, ...]], str]]] = {  # attribute: its aspect, and which way to say it
    "hair length": ("hair", lambda ways: ways[1]),
    "hair colour": ("hair", lambda ways: ways[2]),
    "hat": ("hat", lambda ways: ways[-1]),
    "hat colour": ("hat", lambda ways: ways[0]),
    "glasses": ("glasses", lambda ways: ways[0]),
    "beard": ("beard", lambda ways: ways[0]),
    "earrings": ("accessories", lambda ways: ways[0]),
    "clothes colour": ("clothes", lambda ways: ways[0]),
    "mood": ("mouth", lambda ways: ways[0]),
    "background": ("background", lambda ways: ways[0]),
}


@dataclass(frozen=True)
class Retrieval:
    """Captions against pictures, 100 against 100; how often the right one is first, or among the first five.

    The intervals are Wilson's, as if queries were independent; those of one group share their candidates.
    """

    picture_top_1: Rate
    picture_top_5: Rate
    caption_top_1: Rate
    caption_top_5: Rate


@dataclass(frozen=True)
class Accuracy:
    """How often the prompt nearest to a picture says the truth about one attribute.

    Attributes:
        rate: of the pictures.
        prompts: how many there were to choose from.
        largest: share of the commonest answer, which guessing would reach.
    """

    rate: Rate
    prompts: int
    largest: float


@dataclass(frozen=True)
class FoundAgain:
    """How often the nearest neighbour of a changed picture is the picture itself."""

    clip: Rate
    pixel: Rate


@dataclass(frozen=True)
class ClipFigures:
    """All of it.

    Attributes:
        source: of the pictures.
        retrieval: by kind of caption: `full description`, and `caption of the text-to-image model`, which says little.
        attributes: by their names.
        found_again: by what was done to the pictures.
    """

    source: str
    retrieval: Mapping[str, Retrieval]
    attributes: Mapping[str, Accuracy]
    found_again: Mapping[str, FoundAgain]


def measure(encoder: TextEncoder, faces: TrainingSet) -> ClipFigures:
    """Measure a CLIP model.

    Args:
        encoder: the model.
        faces: pictures it was not trained on, with the attributes of the pixel faces; a multiple of 100 of them.
    """
    attributes = by_row(faces.attributes)
    pictures = encoder.images(faces.images)
    named = [caption_of(GIVEN[i % len(GIVEN)], FAMILY[i % len(FAMILY)], each) for i, each in enumerate(attributes)]
    captions = {
        "full description": [full_description(each) for each in attributes],
        "caption of the text-to-image model": named,
    }
    aspects = [aspects_of(each) for each in attributes]
    return ClipFigures(
        faces.name,
        {name: retrieval(pictures, encoder.text_features(texts)) for name, texts in captions.items()},
        {name: accuracy(encoder, pictures, aspects, name) for name in _PHRASES},
        {name: found_again(encoder.images, faces.images, changed) for name, changed in changes(faces.images).items()},
    )


def retrieval(pictures: np.ndarray, texts: np.ndarray) -> Retrieval:
    """How well (n, d) features of pictures and of their captions find each other, in groups of 100."""
    groups = (-1, _GROUP, pictures.shape[1])
    cosines = np.einsum("gpd,gtd->gpt", pictures.reshape(groups), texts.reshape(groups))
    right = np.diagonal(cosines, axis1=1, axis2=2)
    captions = (cosines > right[:, :, None]).sum(axis=2).ravel()  # how many are nearer to a picture than its own
    found = (cosines > right[:, None, :]).sum(axis=1).ravel()  # pictures that are nearer to a caption than its own
    return Retrieval(rate_of(found < 1), rate_of(found < 5), rate_of(captions < 1), rate_of(captions < 5))


def accuracy(encoder: TextEncoder, pictures: np.ndarray, aspects: list[Aspects], name: str) -> Accuracy:
    """Choose for each picture the nearest of the prompts `a face with ...` (Radford et al. 2021, section 3.1).

    Args:
        encoder: the model.
        pictures: (n, d) features.
        aspects: of each picture.
        name: of the attribute; the colour of a hat is asked of those who wear one.
    """
    aspect, phrase = _PHRASES[name]
    truth = np.array([phrase(each[aspect]) for each in aspects])
    asked = np.array([name != "hat colour" or truth[row] != "no hat" for row in range(len(truth))])
    classes, counts = np.unique(truth[asked], return_counts=True)
    prompts = encoder.text_features([f"a face with {each}" for each in classes])
    found = classes[(pictures[asked] @ prompts.T).argmax(axis=1)]
    return Accuracy(rate_of(found == truth[asked]), len(classes), float(counts.max() / counts.sum()))


def changes(images: np.ndarray) -> dict[str, np.ndarray]:
    """(n, H, W, 3) pictures, changed a little."""
    right = np.pad(images, ((0, 0), (0, 0), (_SHIFT, 0), (0, 0)), mode="edge")[:, :, :-_SHIFT]
    down = np.pad(images, ((0, 0), (_SHIFT, 0), (0, 0), (0, 0)), mode="edge")[:, :-_SHIFT]
    return {"mirrored": images[:, :, ::-1], f"{_SHIFT} pixels to the right": right, f"{_SHIFT} pixels down": down}


def found_again(encoder: Encoder, images: np.ndarray, changed: np.ndarray) -> FoundAgain:
    """How often the nearest picture to a changed one is the one it was made of, by features and by colours."""

    def hits(features: Encoder) -> Rate:
        return rate_of(nearest(features(changed), features(images), 1).rows[:, 0] == np.arange(len(images)))

    return FoundAgain(hits(encoder), hits(PixelEncoder()))


def add_figures(folder: Path, figures: ClipFigures) -> None:
    """Write the figures into the card of a model's folder."""
    file = folder / "card.json"
    card = json.loads(file.read_text()) | {"held_out": _rounded(asdict(figures))}
    file.write_text(json.dumps(card, indent=2) + "\n")


def _rounded(figures: object) -> object:
    """The same with shares of four digits."""
    if isinstance(figures, dict):
        return {name: _rounded(value) for name, value in figures.items()}
    return round(figures, 4) if isinstance(figures, float) else figures
