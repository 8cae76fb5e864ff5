"""Finds: those of all rounds, those with the same picture, and what they are worth."""

from typing import Any

import numpy as np
import pytest

from side_core.data.captioned import FIRST_ROW, captioned_faces
from side_core.data.source import open_training_set
from side_core.extraction.references import References, make_references
from side_core.mitigation.finds import Find, finds_of, merged, truth_of
from side_core.mitigation.judged import judge
from side_core.progress import finish
from side_core.prompts.held_out import HeldOut
from side_core.similarity.encoder import PixelEncoder
from side_core.stats.rate import rate

HELD_OUT = HeldOut("planted", np.linspace(0.5, 1.5, 200, dtype=np.float32).reshape(200, 1, 1), "")
FACES = captioned_faces()


def part(*finds: tuple[str, float, tuple[float, ...]], takes: str = "") -> dict[str, Any]:
    said = [{"prompt": p, "score": s, "takes": [[0, takes or p]], "pull": list(pull)} for p, s, pull in finds]
    return {"finds": said, "evaluations": 1}


def find(prompt: str, score: float = 3.0) -> Find:
    return Find(prompt, score, rate(0, 200), 0)


def noisy(pictures: np.ndarray, copies: int, seed: int = 0) -> np.ndarray:
    """(n, copies, H, W, 3) each picture a few times with some noise."""
    noise = np.random.default_rng(seed).integers(-6, 7, (len(pictures), copies, *pictures.shape[1:]))
    return np.clip(pictures[:, None] + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def references() -> References:
    control = open_training_set("captioned-control")
    return finish(make_references(open_training_set("captioned-faces"), control, PixelEncoder()))


def test_one_find_for_each_direction_the_highest_first() -> None:
    first = part(("a b", 2.0, (1, 0)), ("a c", 4.0, (0, 1)), ("a d", 1.2, (-1, 0)))
    second = part(("e b", 3.0, (0.99, 0.14)), ("a c", 4.0, (0, 1)))
    found = finds_of([first, second], HELD_OUT, 0.01)
    assert [(one.prompt, one.score, one.round) for one in found] == [("a c", 4.0, 0), ("e b", 3.0, 1)]
    assert all((one.higher.beat, one.higher.count) == (0, 200) for one in found)
    assert len(finds_of([first], HELD_OUT, 0.5)) == 3  # a generous bound lets 1.2 through
    assert finds_of([], HELD_OUT, 0.01) == ()


def test_of_the_same_words_the_highest_three() -> None:
    pulls = np.eye(5).tolist()
    first = part(*((f"a {number}", 2.0 + number, tuple(pulls[number])) for number in range(4)), takes="Ada")
    second = part(("b ada", 9.0, tuple(pulls[4])), takes="ada")
    assert [one.prompt for one in finds_of([first, second], HELD_OUT, 0.01)] == ["b ada", "a 3", "a 2"]


def test_the_same_picture_is_one_find_and_different_ones_stay() -> None:
    images = np.asarray(open_training_set("captioned-faces").images[:3])
    pictures = np.concatenate([noisy(images[[0, 1, 0, 2]], 3), noisy(images[[1]], 3, seed=1)])
    finds = [find(prompt) for prompt in "abcde"]
    groups = merged(finds, pictures)
    assert [[one.prompt for one in group.finds] for group in groups] == [["a", "c"], ["b", "e"], ["d"]]
    assert all(group.steady and 0 < group.spread < 0.05 for group in groups)


def test_a_find_that_draws_another_picture_each_time_is_not_steady() -> None:
    images = np.asarray(open_training_set("captioned-faces").images[:8])
    groups = merged([find("a"), find("b")], images.reshape(2, 4, *images.shape[1:]))
    assert [group.steady for group in groups] == [False, False]  # and not one, though as far apart as within one
    assert groups[0].spread > 0.1


def test_finds_of_one_picture_alone_are_one() -> None:
    images = np.asarray(open_training_set("captioned-faces").images[:1])
    (group,) = merged([find("a"), find("b")], noisy(images[[0, 0]], 1))
    assert len(group.finds) == 2 and group.spread == 0
    assert merged([], np.empty((0, 1, 4, 4, 3), np.uint8)) == ()
    with pytest.raises(ValueError, match="draw each find"):
        merged([find("a")], np.empty((0, 1, 4, 4, 3), np.uint8))


def test_the_truth_goes_by_pictures_and_by_captions(references: References) -> None:
    many, template = (next(face for face in FACES if face.group == group) for group in ("many", "template"))
    training = references.training.images.images
    assert references.control is not None
    stranger = references.control.images.images[5]
    rows = [
        training[many.row - FIRST_ROW],
        training[template.row - FIRST_ROW],
        stranger,
        training[many.row - FIRST_ROW],
    ]
    finds = [find("nonsense"), find("other words"), find("nobody"), find(many.caption.lower())]
    truth = truth_of(finds, judge(np.stack(rows)[:, None], [one.prompt for one in finds], references, None))
    assert (truth.many.beat, truth.many.count) == (1, 60)
    assert (truth.templates.beat, truth.templates.count) == (1, 20)
    assert truth.false is not None and (truth.false.beat, truth.false.count) == (1, 4)
    assert (truth.captions.beat, truth.captions.count) == (1, 60)


def test_without_finds_there_is_a_truth_too() -> None:
    truth = truth_of([], None)
    assert (truth.many.beat, truth.templates.beat, truth.captions.beat, truth.false) == (0, 0, 0, None)
