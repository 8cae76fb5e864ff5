"""Which pictures are one: planted copies are found, and nothing else is."""

from pathlib import Path

import numpy as np
import pytest

from side_core.data.source import open_training_set
from side_core.progress import finish
from side_core.similarity import near_duplicates
from side_core.similarity.near_duplicates import grouping, near_copies
from side_core.similarity.views import AS_IT_IS, views_of
from tests.similarity.altered import cropped, jpeg, photographs, set_of, shifted


def test_a_picture_stored_as_png_and_jpeg_is_one() -> None:
    images = photographs(300, 0)
    again = np.stack([jpeg(image, 92) for image in images[:100]])
    groups = finish(grouping(set_of(np.concatenate([images, again, images[:3]]))))
    assert np.array_equal(groups.of[300:400], np.arange(100)) and np.array_equal(groups.of[400:], np.arange(3))
    assert (groups.count, groups.copies, groups.near) == (300, 3, 100)
    assert groups.sizes[[0, 50, 200, 301]].tolist() == [3, 2, 1, 3]


def test_more_copies_than_are_looked_at_first_are_one_group() -> None:
    images = photographs(200, 1)
    again = np.stack([jpeg(images[7], quality) for quality in range(50, 95)])
    groups = finish(grouping(set_of(np.concatenate([images, again]))))
    assert groups.sizes[7] == 1 + len(np.unique(again.reshape(45, -1), axis=0)) > near_duplicates.NEIGHBOURS
    assert groups.count == 200


@pytest.mark.parametrize("source", ["pixel-faces[0:1000]", "pixel-faces[1000:2000]", "pixel-faces[2000:3000]"])
def test_the_shipped_faces_are_all_different(source: str) -> None:
    groups = finish(grouping(open_training_set(source)))
    assert (groups.count, groups.copies, groups.near) == (1000, 0, 0)


def test_a_chain_of_pictures_each_like_the_next_is_no_group() -> None:
    """As the frames of a film: none is much nearer than the one after it."""
    first, last = photographs(2, 2).astype(float)
    frames = np.stack([first + (last - first) * step / 40 for step in range(41)]).round().astype(np.uint8)
    assert finish(grouping(set_of(frames))).near == 0


def test_noise_flat_pictures_and_few_pictures_have_no_near_duplicates() -> None:
    random = np.random.default_rng(3)
    noise = random.integers(0, 256, (200, 20, 20, 3), np.uint8)
    assert finish(grouping(set_of(noise))).near == 0
    for count in (1, 2):
        assert finish(grouping(set_of(noise[:count]))).count == count


def test_mirrored_and_shifted_pictures_are_one_where_such_views_are_compared() -> None:
    images = photographs(80, 4)
    again = [images[3][:, ::-1], shifted(images[4], 2, -2), cropped(images[5], 1, 3, 28)]
    data = set_of(np.concatenate([images, np.stack(again)]))
    assert finish(grouping(data)).near == 0
    mirrored = finish(grouping(data, views_of(True, 0)))
    assert (mirrored.near, mirrored.of[80]) == (1, 3)
    assert finish(grouping(data, views_of(True, 2))).of[80:].tolist() == [3, 4, 5]


def test_near_copies_of_another_set_are_found() -> None:
    known, unseen = photographs(150, 5), photographs(150, 6)
    resaved = np.stack([jpeg(image, 80) for image in known[:50]])
    images, views = np.concatenate([unseen, resaved]), (AS_IT_IS,)
    found = finish(near_copies(images, np.arange(200), known, np.arange(150), views))
    assert found.tolist() == list(range(150, 200))
    assert not len(finish(near_copies(images, np.arange(150), known, np.arange(150), views)))
    mirrored = known[:20, :, ::-1]
    assert not len(finish(near_copies(mirrored, np.arange(20), known, np.arange(150), views)))
    assert len(finish(near_copies(mirrored, np.arange(20), known, np.arange(150), views_of(True, 0)))) == 20


def test_large_pictures_are_averaged_before_they_are_looked_through_and_compared_as_they_are() -> None:
    images = photographs(40, 7, side=80)
    again = np.stack([jpeg(image, 92) for image in images[:5]])
    striped = images[6].copy()  # the same on average, far from it pixel by pixel
    striped[::2] = striped[::2].astype(int).clip(60, 195) - 60
    striped[1::2] = striped[1::2].astype(int).clip(60, 195) + 60
    groups = finish(grouping(set_of(np.concatenate([images, again, striped[None]]))))
    assert groups.of[40:45].tolist() == list(range(5)) and groups.of[45] == 45


def test_groups_are_kept_in_the_cache_and_found_anew_where_it_is_damaged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SIDE_CACHE", str(tmp_path))
    monkeypatch.setattr(near_duplicates, "KEPT_FROM", 10)
    images = photographs(30, 8)
    data = set_of(np.concatenate([images, jpeg(images[2], 92)[None]]))
    first = finish(grouping(data))
    (file,) = tmp_path.glob("groups/*/groups.npy")
    with monkeypatch.context() as patch:
        patch.setattr(near_duplicates, "near_pairs", None)  # nothing is searched again
        assert np.array_equal(finish(grouping(data)).of, first.of)
    file.write_bytes(b"damaged")
    assert finish(grouping(data)).of.tolist() == first.of.tolist() == [*range(30), 2]


def test_long_work_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "MOMENT", 0.0)
    monkeypatch.setattr(near_duplicates, "CHUNK", 20)
    events = list(grouping(set_of(photographs(90, 9))))
    shares = [event.done / event.total for event in events]
    assert len(events) > 5 and shares == sorted(shares) and shares[-1] == 1
