"""TrainingSet: slices keep what is known about each image; the fingerprint notices every change."""

from dataclasses import replace

import numpy as np
import pytest

from side_core.data.training_set import TrainingSet


@pytest.fixture
def small() -> TrainingSet:
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 3), dtype=np.uint8)
    return TrainingSet(
        "small",
        images,
        np.array(list("abcdef")),
        labels=np.array([0, 1, 2, 3, 4, 5]),
        captions=np.array(["one", "two", "three", "four", "five", "six"]),
        attributes={"hat": np.array(["none", "cap", "none", "bowler", "none", "cap"])},
    )


def test_slice_keeps_everything_of_each_row(small: TrainingSet) -> None:
    part = small.slice(1, 4, "part")
    assert (part.name, len(part), part.size) == ("part", 3, (4, 4))
    assert part.ids.tolist() == ["b", "c", "d"]
    assert part.labels.tolist() == [1, 2, 3]
    assert part.captions.tolist() == ["two", "three", "four"]
    assert part.attributes["hat"].tolist() == ["cap", "none", "bowler"]
    assert np.array_equal(part.images[0], small.images[1])


def test_slice_of_slice_is_the_direct_slice(small: TrainingSet) -> None:
    assert small.slice(1, 6, "a").slice(1, 3, "b").fingerprint == small.slice(2, 4, "c").fingerprint


@pytest.mark.parametrize(("first", "stop"), [(-1, 3), (3, 3), (4, 2), (0, 7), (6, 7)])
def test_slice_outside_is_refused(small: TrainingSet, first: int, stop: int) -> None:
    with pytest.raises(ValueError, match=rf"^Rows {first}:{stop} do not lie in small, which has 6 images: .*<= 6\.$"):
        small.slice(first, stop, "part")


def test_fingerprint_changes_with_one_level_of_one_pixel(small: TrainingSet) -> None:
    images = small.images.copy()
    assert replace(small, images=images).fingerprint == small.fingerprint
    images[5, 3, 3, 2] ^= 1
    assert replace(small, images=images).fingerprint != small.fingerprint


def test_fingerprint_changes_with_ids_order_and_shape_but_not_with_the_name(small: TrainingSet) -> None:
    others = [
        replace(small, ids=np.array(list("abcdeg"))),
        replace(small, images=small.images[::-1], ids=small.ids[::-1]),
        replace(small, images=small.images.reshape(6, 2, 8, 3)),
    ]
    assert len({small.fingerprint, *(other.fingerprint for other in others)}) == 4
    assert replace(small, name="renamed").fingerprint == small.fingerprint


def test_fingerprint_does_not_depend_on_memory_layout(small: TrainingSet) -> None:
    assert replace(small, images=np.asfortranarray(small.images)).fingerprint == small.fingerprint


@pytest.mark.parametrize(
    ("images", "quoted"),
    [
        (np.zeros((2, 4, 4, 3), np.float32), "float32"),
        (np.zeros((2, 4, 4), np.uint8), r"\(2, 4, 4\)"),
        (np.zeros((2, 4, 4, 1), np.uint8), r"\(2, 4, 4, 1\)"),
    ],
)
def test_other_images_are_refused(images: np.ndarray, quoted: str) -> None:
    with pytest.raises(ValueError, match=rf"^Images must be uint8 .*{quoted}"):
        TrainingSet("bad", images, np.array(["a", "b"]))


def test_columns_of_another_length_are_refused(small: TrainingSet) -> None:
    with pytest.raises(ValueError, match=r"^6 images but 2 beard: "):
        replace(small, attributes={"beard": np.array(["none", "none"])})
