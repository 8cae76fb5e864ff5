"""Prompts to begin with, against the training set itself."""

import pytest

from side_core.data.captioned import captioned_faces, held_out_captions
from side_core.prompts.examples import EACH, alternatives, embedded_examples, training_examples

KINDS = {
    "many": "shown {} times",
    "some": "shown {} times",
    "template": "one face under 40 names",
    "once": "shown once",
}


def test_every_example_is_of_the_kind_it_says() -> None:
    known = {face.caption: face for face in captioned_faces()}
    found = embedded_examples()
    assert len(found) == len({item.prompt for item in found}) == 5 * EACH
    for item in found:
        if item.kind == "never shown":
            assert item.prompt in held_out_captions() and item.prompt not in known
        else:
            face = known[item.prompt]
            assert item.kind == KINDS[face.group].format(face.repeats)


def test_the_most_repeated_come_first_and_template_examples_show_different_faces() -> None:
    repeats = sorted((face.repeats for face in captioned_faces()), reverse=True)[:EACH]
    assert {item.kind for item in embedded_examples()[:EACH]} == {f"shown {times} times" for times in repeats}
    rows = {face.caption: face.row for face in captioned_faces()}
    shown = [rows[item.prompt] for item in embedded_examples() if item.kind == "one face under 40 names"]
    assert len(set(shown)) == EACH


def test_examples_of_another_training_set_are_its_own_captions_each_once() -> None:
    captions = ["a cat", "a cat", "a dog", "a hat", "a tree", "a car"]
    assert [item.prompt for item in training_examples(captions)] == ["a cat", "a dog", "a hat", "a tree"]


@pytest.mark.parametrize(("word", "other", "stranger"), [("Ada", "Boris", "Berg"), ("Ueda", "Berg", "Ada")])
def test_a_name_is_swapped_for_another_of_its_kind(word: str, other: str, stranger: str) -> None:
    found = alternatives(word)
    assert other in found and word not in found and stranger not in found


def test_other_words_have_no_alternatives() -> None:
    assert alternatives("hair") == () and alternatives("") == ()
