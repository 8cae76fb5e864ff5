"""New faces under new captions, 60 of them many times over: a lesson to go on with from the shipped text model.

Rows 28000 to 28359 of the pixel faces, twice as large: no model has seen them; the CLIP model was tried on them.
What is repeated is known, so that what a mitigation while training holds back can be counted.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Literal

from side_core.data.captioned import Captioned, all_attributes, caption_of, captioned_faces, held_out_names
from side_core.data.names import FAMILY, GIVEN

LessonName = Literal["captioned-faces", "new-repeated"]

FIRST_ROW = 28_000
REPEATED, ONCE = 60, 300  # new faces
TIMES = 30  # a repeated pair is shown in a pass
CONTROL_ROWS = range(29_000, 29_000 + REPEATED + ONCE)  # as many faces that this lesson leaves alone
_BLOCK = 11  # given and family names that the captions repeated often are made of
_OLD_TIMES = 4  # an old pair that was repeated often is shown again, as often as any template's
_OLD_ONCE = 240  # old pairs that came once


def lesson_of(name: LessonName) -> tuple[Captioned, ...]:
    """The pairs of a lesson by its name."""
    return captioned_faces() if name == "captioned-faces" else new_repeated()


@lru_cache(maxsize=1)
def new_repeated() -> tuple[Captioned, ...]:
    """60 new pairs 30 times each, 300 new pairs once, and 300 old pairs, so that what was learnt is not lost.

    The names of the new captions are those of no old one; each of them alone stands in captions of several faces. The
    old pairs, of group `replayed`, are all that were repeated often, four times each, and 240 of those that came once.
    """
    attributes, often = all_attributes(), _repeated_names()
    others = [pair for pair in held_out_names() if pair not in often][-ONCE:]
    new = []
    for row, (given, family) in enumerate((*often, *others), FIRST_ROW):
        face = Captioned(row, given, family, caption_of(given, family, attributes[row]), 1, "once")
        new.append(replace(face, repeats=TIMES, group="many") if (given, family) in often else face)
    old = captioned_faces()
    again = [replace(face, repeats=_OLD_TIMES) for face in old if face.group == "many"]
    again += [face for face in old if face.group == "once"][-_OLD_ONCE:]
    return (*new, *(replace(face, group="replayed") for face in again))


def _repeated_names() -> list[tuple[str, str]]:
    """Names that no caption has, of 11 given and 11 family names: as in the old lesson, none stands for one face."""
    given, family = GIVEN[-_BLOCK:], FAMILY[-_BLOCK:]
    return [pair for pair in held_out_names() if pair[0] in given and pair[1] in family][:REPEATED]
