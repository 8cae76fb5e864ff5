"""What is compared with what: copies once, no overlap, both sides of one size."""

from dataclasses import replace

import numpy as np
import pytest

from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet
from side_core.extraction.headline import Headline, headline
from side_core.extraction.matching import match
from side_core.extraction.references import References, make_references
from side_core.progress import finish
from side_core.settings import MatchSettings
from side_core.similarity.encoder import open_encoder


def references(data: TrainingSet, control: TrainingSet | None) -> References:
    return finish(make_references(data, control, open_encoder("pixel", None, None)))


def joined(name: str, *parts: TrainingSet) -> TrainingSet:
    """Several sets as one."""
    images = np.concatenate([part.images for part in parts])
    return TrainingSet(name, images, np.arange(len(images)).astype(str))


@pytest.fixture(scope="module")
def control() -> TrainingSet:
    return open_training_set("pixel-faces[100:160]")


def test_sets_of_one_size_are_compared_whole_and_without_a_word(faces: TrainingSet, control: TrainingSet) -> None:
    found = references(faces, control)
    assert found.compared is found.training and found.notes == ()
    assert found.control is not None
    assert len(found.training.rows) == len(found.control.rows) == 60
    assert (found.copies == 1).all()


def test_a_copied_training_image_is_found_as_clearly_as_any_other(faces: TrainingSet, control: TrainingSet) -> None:
    """Searched twice, it would be its own second nearest and its ratio 1."""
    doubled = joined("doubled", faces, faces.slice(3, 6, "three"))
    found = references(doubled, control)
    assert len(found.training.rows) == 60
    assert np.flatnonzero(found.copies > 1).tolist() == [3, 4, 5, 60, 61, 62]
    assert "3 of 63 training images are exact copies of others" in found.notes[0]
    nearly = faces.images[3:4].copy()
    nearly[0, 0, 0] ^= 8
    scores = match(nearly, ("x",), found).training.scores
    assert scores.ratio[0] < 0.1


def test_control_images_that_were_trained_on_are_left_out(faces: TrainingSet, control: TrainingSet) -> None:
    mixed = joined("mixed", control, faces.slice(0, 7, "seven"), control.slice(0, 2, "twice"))
    found = references(faces, mixed)
    assert found.control is not None and found.control.rows.tolist() == list(range(60))
    assert "7 of 69 control images are also in the training images and left out." in found.notes
    assert "2 control images are exact copies of others and left out." in found.notes
    drawn = match(faces.images[:7], tuple("abcdefg"), found)
    assert drawn.control is not None and (drawn.control.scores.l2 > 0).all()


@pytest.mark.parametrize(("known", "unseen"), [(60, 20), (20, 60)])
def test_the_larger_set_is_compared_by_a_subsample_of_the_smaller_ones_size(
    faces: TrainingSet, control: TrainingSet, known: int, unseen: int
) -> None:
    data, others = faces.slice(0, known, "data"), control.slice(0, unseen, "control")
    found, again = references(data, others), references(data, others)
    assert found.control is not None and again.control is not None
    assert len(found.compared.rows) == len(found.control.rows) == 20
    assert len(found.training.rows) == known
    assert np.array_equal(found.compared.rows, again.compared.rows)
    assert np.array_equal(found.control.rows, again.control.rows)
    assert "subsample of 20" in " ".join(found.notes)


def test_with_a_small_control_the_fair_figure_leads_and_the_full_one_stands_beside(
    faces: TrainingSet, control: TrainingSet
) -> None:
    found = references(faces, control.slice(0, 20, "few"))
    line = headline(match(faces.images, tuple(map(str, range(60))), found), MatchSettings(score="l2"), "l2", None)
    assert isinstance(line, Headline) and line.full is not None
    assert line.full.beat == 60  # every one is a training image
    assert line.training.beat == 20  # of which twenty are compared with
    assert line.searched == (20, 60)
    assert "(both of 20 images); against all 60 training images 60 of 60" in str(line)


def test_few_training_images_are_averaged_over_and_said(faces: TrainingSet, control: TrainingSet) -> None:
    found = references(faces.slice(0, 9, "nine"), control.slice(0, 9, "others"))
    assert found.notes == ("nL2 is averaged over the 9 nearest images instead of 50: there are no more.",)


def test_a_control_of_training_images_alone_is_refused(faces: TrainingSet) -> None:
    with pytest.raises(ValueError, match=r"^0 images of the control 'same' are left besides .*'pixel-faces\[0:60\]'"):
        references(faces, replace(faces, name="same"))


def test_training_images_that_are_all_equal_are_refused(faces: TrainingSet) -> None:
    one = faces.slice(0, 1, "one")
    with pytest.raises(ValueError, match=r"^'equal' has 1 different image, but scores compare two"):
        references(joined("equal", one, one, one), None)


def test_a_threshold_from_a_control_rate_lets_so_few_pass(faces: TrainingSet, control: TrainingSet) -> None:
    found = match(
        open_training_set("pixel-faces[300:400]").images, tuple(map(str, range(100))), references(faces, control)
    )
    for rate in (0.01, 0.1, 0.5):
        line = headline(found, MatchSettings(control_rate=rate), "nl2", None)
        assert line is not None and line.control.beat == int(100 * rate)
