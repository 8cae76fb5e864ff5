"""Duplicates, against comparing every image with every other."""

from pathlib import Path

import numpy as np
import pytest

from side_core.data import image_file
from side_core.data.duplicates import copies, first_of_each, overlap, row_digests


@pytest.fixture
def images() -> np.ndarray:
    """Sixty images of one pixel and three levels: many are equal."""
    return np.random.default_rng(0).integers(0, 3, (60, 1, 1, 3), dtype=np.uint8)


def equal(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n, m) which images are equal, one by one."""
    return np.array([[np.array_equal(a, b) for b in others] for a in images])


@pytest.fixture(params=[7, 4096])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_file, "CHUNK", request.param)


@pytest.mark.usefixtures("chunk")
def test_digests_are_equal_where_images_are(images: np.ndarray) -> None:
    digests = row_digests(images)
    assert (digests.shape, digests.itemsize) == ((60,), 16)
    assert np.array_equal(digests[:, None] == digests[None], equal(images, images))


def test_first_of_each_and_copies(images: np.ndarray) -> None:
    same = equal(images, images)
    digests = row_digests(images)
    assert 1 < len(first_of_each(digests)) < 60
    assert first_of_each(digests).tolist() == [row for row in range(60) if not same[row, :row].any()]
    assert copies(digests).tolist() == same.sum(1).tolist()


def test_overlap(images: np.ndarray) -> None:
    some, others = images[:30], images[30:]
    found = overlap(row_digests(some), row_digests(others))
    assert 0 < found.sum() < 30
    assert found.tolist() == equal(some, others).any(1).tolist()


def test_an_image_of_another_shape_is_another_image() -> None:
    wide, high = np.zeros((1, 2, 8, 3), np.uint8), np.zeros((1, 8, 2, 3), np.uint8)
    assert not overlap(row_digests(wide), row_digests(high)).any()


def test_memory_layout_and_mapping_make_no_difference(images: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", images)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    for other in (np.asfortranarray(images), mapped):
        assert np.array_equal(row_digests(other), row_digests(images))
    assert np.array_equal(row_digests(mapped[::7]), row_digests(images)[::7])


def test_no_images(images: np.ndarray) -> None:
    none = row_digests(images[:0])
    assert len(none) == len(first_of_each(none)) == len(copies(none)) == len(overlap(none, row_digests(images))) == 0
