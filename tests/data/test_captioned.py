"""What is repeated in the captioned faces, which captions are held out, and that no words tell them apart."""

from collections import Counter

import numpy as np

from side_core.data.captioned import (
    CONTROL_ROWS,
    FACES,
    FIRST_ROW,
    Captioned,
    all_attributes,
    caption_of,
    captioned_faces,
    deduplicated,
    enlarged,
    features_of,
    held_out_captions,
    held_out_names,
)
from side_core.data.names import FAMILY, GIVEN, TEMPLATE_FAMILY
from side_core.data.new_lesson import CONTROL_ROWS as NEW_CONTROL_ROWS
from side_core.data.new_lesson import lesson_of, new_repeated
from side_core.data.source import open_training_set


def group(name: str) -> list[Captioned]:
    return [face for face in captioned_faces() if face.group == name]


def words(captions: list[str]) -> set[str]:
    return {word for caption in captions for word in caption.replace(",", "").split()}


def test_2000_faces_of_which_some_are_repeated() -> None:
    rows = {face.row for face in captioned_faces()}
    assert rows == set(range(FIRST_ROW, FIRST_ROW + FACES))
    many, some, template = group("many"), group("some"), group("template")
    assert (len(many), len(some), len({face.row for face in template})) == (60, 60, 20)
    assert (min(face.repeats for face in many), max(face.repeats for face in many)) == (100, 300)
    assert (min(face.repeats for face in some), max(face.repeats for face in some)) == (10, 30)
    assert all(face.repeats == 1 for face in group("once"))
    assert set(Counter(face.row for face in template).values()) == {40}


def test_every_pair_of_names_is_used_once_and_every_name_often() -> None:
    faces = captioned_faces()
    assert len({(face.given, face.family) for face in faces}) == len(faces)
    once = group("once")
    given, family = Counter(face.given for face in once), Counter(face.family for face in once)
    assert set(given) == set(GIVEN) and min(given.values()) >= 20
    assert set(family) == set(FAMILY) and min(family.values()) >= 15
    for names in ([face.given for face in group("many")], [face.family for face in group("many")]):
        assert set(Counter(names).values()) == {7, 8}  # no name stands for one face
    assert {face.given for face in group("many")} <= set(given)


def test_captions_say_what_the_face_has() -> None:
    attributes = all_attributes()
    for face in captioned_faces():
        assert face.caption == caption_of(face.given, face.family, attributes[face.row])
    bare = {"hair": "short03", "glasses": "none", "hat": "none", "beard": "none", "accessories": "none"}
    assert features_of(bare) == ["short hair"]
    assert features_of(dict.fromkeys(bare, "dark01") | {"hair": "long01"}) == [
        "long hair",
        "dark glasses",
        "hat",
        "beard",
        "earrings",
    ]


def test_held_out_captions_are_new_and_made_of_known_words_alone() -> None:
    held, known = held_out_captions(), [face.caption for face in captioned_faces()]
    assert len(held) == FACES
    assert not set(held) & set(known)
    assert words(list(held)) <= words([face.caption for face in group("once")])
    assert not {family for _, family in held_out_names()} & set(TEMPLATE_FAMILY)


def test_the_sources_hold_the_faces_in_their_size_with_captions_and_truth() -> None:
    faces, control = open_training_set("captioned-faces"), open_training_set("captioned-control")
    plain = open_training_set("pixel-faces")
    assert (len(faces), faces.size, len(control), control.size) == (2000, (32, 32), 2000, (32, 32))
    assert faces.captions is not None and control.captions is not None
    assert np.array_equal(faces.images[:, ::2, ::2], plain.images[FIRST_ROW : FIRST_ROW + FACES])
    assert np.array_equal(control.images[:, 1::2, 1::2], plain.images[CONTROL_ROWS.start : CONTROL_ROWS.stop])
    shown = {face.row: face for face in group("many")}
    for row, face in shown.items():
        assert faces.attributes["repeats"][row - FIRST_ROW] == str(face.repeats)
        assert faces.captions[row - FIRST_ROW] == face.caption
    assert Counter(faces.attributes["group"].tolist()) == {"once": 1860, "many": 60, "some": 60, "template": 20}
    assert not set(control.captions.tolist()) & {face.caption for face in captioned_faces()}
    assert len(open_training_set("captioned-faces[0:7]")) == 7


def test_enlarged_pixels_stand_for_four() -> None:
    images = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    large = enlarged(images)
    assert large.shape == (1, 4, 4, 3)
    assert np.array_equal(large[:, 1::2, ::2], images)


def test_the_new_lesson_has_new_faces_under_new_names_and_some_old_ones() -> None:
    old, lesson = captioned_faces(), new_repeated()
    assert lesson_of("new-repeated") == lesson and lesson_of("captioned-faces") == old
    repeated, once = ([face for face in lesson if face.group == group] for group in ("many", "once"))
    assert (len(repeated), len(once), {face.repeats for face in once}) == (60, 300, {1})
    assert {face.repeats for face in repeated} == {30}
    rows = [face.row for face in (*repeated, *once)]
    assert sorted(rows) == list(range(28_000, 28_360)) and not set(rows) & set(NEW_CONTROL_ROWS)
    names = [(face.given, face.family) for face in (*repeated, *once)]
    assert len(set(names)) == 360 and set(names) <= set(held_out_names())
    attributes = all_attributes()
    assert all(face.caption == caption_of(face.given, face.family, attributes[face.row]) for face in lesson)
    assert words([face.caption for face in lesson]) <= words([face.caption for face in old])
    for of in ([face.given for face in repeated], [face.family for face in repeated]):
        assert min(Counter(of).values()) >= 2  # no name stands for one face
    replayed = {(face.row, face.caption) for face in lesson if face.group == "replayed"}
    assert replayed <= {(face.row, face.caption) for face in old}
    assert {face.row for face in group("many")} <= {row for row, _ in replayed}


def test_deduplicated_pairs_come_once_each_and_in_their_order() -> None:
    lesson = new_repeated()
    twice = deduplicated([*lesson, *lesson[:5]])
    assert [(face.row, face.caption) for face in twice] == [(face.row, face.caption) for face in lesson]
    assert {face.repeats for face in twice} == {1}
    templates = deduplicated(group("template"))
    assert len(templates) == 800  # a picture under another caption is another pair
