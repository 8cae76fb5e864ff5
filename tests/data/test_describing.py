"""Captions of faces: they say what is true, in many ways, and follow from the random source alone."""

import numpy as np
import pytest

from side_core.data.captioned import all_attributes, caption_of
from side_core.data.describing import (
    CLOTHES_COLOURS,
    HAIR_COLOURS,
    HAT_COLOURS,
    PLAIN,
    aspects_of,
    described,
    full_description,
)

FACE = {
    "hair": "long03",
    "hair_color": "#bd1700",
    "hat": "variant01",
    "hat_color": "#2663a3",
    "glasses": "dark02",
    "beard": "none",
    "accessories": "variant01",
    "clothes_color": "#03396c",
    "mouth": "sad02",
    "background": "pale yellow",
}


def test_a_full_description_says_all_and_leaves_out_what_is_lacking() -> None:
    assert full_description(FACE) == (
        "a face with long red hair, blue hat, dark glasses, earrings, navy clothes, sad, pale yellow background"
    )


@pytest.mark.parametrize(
    ("attribute", "value", "aspect", "first"),
    [
        ("beard", "variant05", "beard", "beard"),
        ("beard", "none", "beard", "no beard"),
        ("glasses", "light01", "glasses", "glasses"),
        ("glasses", "none", "glasses", "no glasses"),
        ("hat", "none", "hat", "no hat"),
        ("hair", "short11", "hair", "short red hair"),
        ("mouth", "happy03", "mouth", "happy"),
    ],
)
def test_each_attribute_has_its_words(attribute: str, value: str, aspect: str, first: str) -> None:
    assert aspects_of(FACE | {attribute: value})[aspect][0] == first


def test_every_colour_of_the_faces_has_a_word() -> None:
    faces = all_attributes()
    for name, words in (("hair_color", HAIR_COLOURS), ("hat_color", HAT_COLOURS), ("clothes_color", CLOTHES_COLOURS)):
        assert {face[name] for face in faces} - {"none"} == set(words)


def test_captions_are_true_and_of_many_kinds() -> None:
    random = np.random.default_rng(0)
    captions = [described(FACE, random) for _ in range(400)]
    known = {way for ways in aspects_of(FACE).values() for way in ways}
    said = {phrase for phrase in known for caption in captions if phrase in caption}
    assert said == known and len(set(captions)) > 300
    assert not [caption for caption in captions if "happy" in caption or "short" in caption or "no hat" in caption]
    ending = caption_of("", "", FACE).partition(",")[2]  # without the names
    plain = [caption for caption in captions if caption.startswith("portrait of ") and caption.endswith(ending)]
    assert PLAIN / 2 < len(plain) / len(captions) < 2 * PLAIN


def test_captions_follow_from_the_random_source() -> None:
    first, again, other = (
        [described(FACE, random) for _ in range(5)] for random in map(np.random.default_rng, (1, 1, 2))
    )
    assert first == again and first != other
