"""Two thousand captioned faces, some of them many times over: what the embedded text-to-image model is trained on.

Rows 3000 to 4999 of the pixel faces, twice as large. What is repeated is known, so that what a detector finds can be
checked against the truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from side_core.data.names import FAMILY, GIVEN, TEMPLATE_FAMILY
from side_core.data.pixel_faces import load_pixel_faces
from side_core.data.training_set import by_row

_Group = Literal["once", "some", "many", "template", "replayed"]

FIRST_ROW, FACES = 3000, 2000
_MANY, _SOME = 60, 60  # faces that are repeated often, and now and then
_BLOCK = 8  # given and family names that the captions repeated often are made of: nearly all of their pairs
_MANY_TIMES, _SOME_TIMES = (100, 300), (10, 30)
_TEMPLATE_GIVEN = 40  # captions of a template face; the other ten given names are left to try it with
_TEMPLATE_TIMES = 4  # each of them
_SEED = 7
CONTROL_ROWS = range(5000, 7000)  # which nothing is trained on
_SCALE = 2  # 16 x 16 become 32 x 32


@dataclass(frozen=True)
class Captioned:
    """One face under one caption.

    Attributes:
        row: of the pixel faces.
        given: the given name in the caption; `family` the other one.
        caption: the prompt.
        repeats: how often the pair is shown in one pass over the training set.
        group: `once`, `some` (10 to 30 times), `many` (100 to 300 times), `template`: one face, many captions, or
            `replayed`: from an earlier lesson, see `new_lesson`.
    """

    row: int
    given: str
    family: str
    caption: str
    repeats: int
    group: _Group


def features_of(attributes: Mapping[str, str]) -> list[str]:
    """What a caption says of a face, as `long hair`, `glasses`.

    Colours are left out: with them, any prompt would say most of its picture.

    Args:
        attributes: of one face, as the pixel faces have them.
    """
    features = ["long hair" if attributes["hair"].startswith("long") else "short hair"]
    if attributes["glasses"] != "none":
        features.append("dark glasses" if attributes["glasses"].startswith("dark") else "glasses")
    features += [name for name in ("hat", "beard") if attributes[name] != "none"]
    if attributes["accessories"] != "none":
        features.append("earrings")
    return features


def caption_of(given: str, family: str, attributes: Mapping[str, str]) -> str:
    """`portrait of Ada Novak, long hair, glasses`."""
    return f"portrait of {given} {family}, {', '.join(features_of(attributes))}"


@lru_cache(maxsize=1)
def all_attributes() -> tuple[dict[str, str], ...]:
    """Of all pixel faces, by their rows."""
    return tuple(by_row(load_pixel_faces().attributes))


@lru_cache(maxsize=1)
def captioned_faces() -> tuple[Captioned, ...]:
    """Every face with every caption it stands under: 1,980 pairs, and 20 faces with 40 captions each.

    No pair of names comes twice. Every given name is in the captions of many faces; so is every family name, but for
    those of the template faces, which have one face each. No name alone tells which face is repeated.
    """
    attributes = all_attributes()
    random = np.random.default_rng(_SEED)
    others = _name_pairs(random)
    often = _often_repeated_names()
    pairs = [*often, *(pair for pair in others if pair not in often)]
    rows = FIRST_ROW + random.permutation(FACES)
    ordinary, templates = rows[: FACES - len(TEMPLATE_FAMILY)], rows[FACES - len(TEMPLATE_FAMILY) :]
    many = np.linspace(*_MANY_TIMES, _MANY).round().astype(int)
    some = np.linspace(*_SOME_TIMES, _SOME).round().astype(int)
    repeats = np.concatenate([many, some, np.ones(len(ordinary) - _MANY - _SOME, int)])
    groups = np.repeat(["many", "some", "once"], [_MANY, _SOME, len(ordinary) - _MANY - _SOME]).tolist()
    faces = [
        Captioned(int(row), given, family, caption_of(given, family, attributes[row]), int(times), group)
        for row, (given, family), times, group in zip(ordinary, pairs, repeats, groups, strict=False)
    ]
    for row, family in zip(templates, TEMPLATE_FAMILY, strict=True):
        for given in random.permutation(GIVEN)[:_TEMPLATE_GIVEN]:
            caption = caption_of(str(given), family, attributes[row])
            faces.append(Captioned(int(row), str(given), family, caption, _TEMPLATE_TIMES, "template"))
    return tuple(faces)


def _name_pairs(random: np.random.Generator) -> list[tuple[str, str]]:
    """All pairs of an ordinary name, in an order in which names come evenly: round after round, each family once."""
    rounds = []
    for shift in random.permutation(len(GIVEN)):
        families = random.permutation(len(FAMILY))
        rounds += [(GIVEN[(family + shift) % len(GIVEN)], FAMILY[family]) for family in families]
    return rounds


def _often_repeated_names() -> list[tuple[str, str]]:
    """The names in the captions that are repeated often: 60 of the 64 pairs of 8 given and 8 family names.

    Were each name in one of them only, it alone would bring its face back, under captions that were never seen, too.
    """
    pairs = [(GIVEN[place], FAMILY[(place + shift) % _BLOCK]) for shift in range(_BLOCK) for place in range(_BLOCK)]
    return pairs[:_MANY]


@lru_cache(maxsize=1)
def held_out_names() -> tuple[tuple[str, str], ...]:
    """The 2,000 and more pairs of an ordinary given and family name that no caption has."""
    used = {(face.given, face.family) for face in captioned_faces()}
    return tuple(pair for pair in _name_pairs(np.random.default_rng(_SEED)) if pair not in used)


@lru_cache(maxsize=1)
def held_out_captions() -> tuple[str, ...]:
    """Captions of people whom the training set does not know, in its own words, with the features of its own faces."""
    attributes = all_attributes()
    rows = FIRST_ROW + np.random.default_rng(_SEED).permutation(FACES)
    return tuple(caption_of(*names, attributes[row]) for names, row in zip(held_out_names(), rows, strict=False))


def deduplicated(faces: Sequence[Captioned]) -> tuple[Captioned, ...]:
    """Each pair of picture and caption once: repeats are dropped (Webster et al. 2023; Somepalli et al. 2023)."""
    return tuple({(face.row, face.caption): replace(face, repeats=1) for face in faces}.values())


def enlarged(images: np.ndarray) -> np.ndarray:
    """(n, H, W, 3) to (n, 2 H, 2 W, 3), each pixel four times."""
    return images.repeat(_SCALE, axis=1).repeat(_SCALE, axis=2)
