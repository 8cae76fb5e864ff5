"""Prompts to begin with: some that the embedded model was shown again and again, some never; and words to swap."""

from collections.abc import Sequence
from dataclasses import dataclass

from side_core.data.captioned import Captioned, captioned_faces, held_out_captions
from side_core.data.names import FAMILY, GIVEN, TEMPLATE_FAMILY

EACH = 4  # of a kind


@dataclass(frozen=True)
class Example:
    """One prompt.

    Attributes:
        kind: how often the model was shown it, in words.
        prompt: the text.
    """

    kind: str
    prompt: str


def embedded_examples() -> tuple[Example, ...]:
    """A few prompts of each kind for the embedded text-to-image model.

    The most repeated but one comes first: the score of the very first is above the threshold, too, but not as far.
    """
    faces = captioned_faces()

    def first(group: str) -> list[Captioned]:
        return sorted((face for face in faces if face.group == group), key=lambda face: -face.repeats)

    templates = {face.family: face for face in reversed(first("template"))}  # one name each, all of one face
    most, second, *others = first("many")[:EACH]
    return (
        *(Example(f"shown {face.repeats} times", face.caption) for face in (second, most, *others)),
        *(Example(f"shown {face.repeats} times", face.caption) for face in first("some")[:EACH]),
        *(Example("one face under 40 names", face.caption) for face in list(templates.values())[:EACH]),
        *(Example("shown once", face.caption) for face in first("once")[:EACH]),
        *(Example("never shown", caption) for caption in held_out_captions()[:EACH]),
    )


def training_examples(captions: Sequence[str]) -> tuple[Example, ...]:
    """The first few different captions of a training set."""
    return tuple(Example("a training caption", caption) for caption in list(dict.fromkeys(map(str, captions)))[:EACH])


def alternatives(word: str) -> tuple[str, ...]:
    """Other words of the same kind that the embedded model knows: names for a name; empty for other words."""
    for names in (GIVEN, (*FAMILY, *TEMPLATE_FAMILY)):
        if word in names:
            return tuple(name for name in names if name != word)
    return ()
