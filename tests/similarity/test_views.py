"""Views undo what was done to a copy."""

import numpy as np
import pytest

from side_core.similarity.views import (
    AS_IT_IS,
    View,
    as_compared,
    check_align,
    most_align,
    seen,
    views_of,
    window,
)
from tests.similarity.altered import cropped, photographs, shifted


@pytest.mark.parametrize(("mirror", "align", "count"), [(False, 0, 1), (True, 0, 2), (False, 1, 18), (True, 2, 118)])
def test_the_first_view_is_the_picture_as_it_is_and_all_have_one_size(mirror: bool, align: int, count: int) -> None:
    views, images = views_of(mirror, align), photographs(3, 0)
    assert len(views) == len(set(views)) == count and views[0] == AS_IT_IS
    shapes = {look.shape for look in seen(images, views)}
    assert shapes == {window(images, align).shape} == {(3, 32 - 4 * align, 32 - 4 * align, 3)}
    assert np.array_equal(next(seen(images, views)), window(images, align))


@pytest.mark.parametrize("right", [-2, 0, 1, 2])
@pytest.mark.parametrize("down", [-2, 0, 2])
def test_a_shift_is_undone_exactly(right: int, down: int) -> None:
    (image,) = photographs(1, 1)
    views = views_of(True, 2)
    looks = list(seen(shifted(image, right, down)[None], views))
    equal = [view for view, look in zip(views, looks, strict=True) if np.array_equal(look, window(image[None], 2))]
    assert View(down=down, right=right) in equal


def test_mirrored_and_shifted_is_undone_too() -> None:
    (image,) = photographs(1, 2)
    views = views_of(True, 1)
    looks = list(seen(shifted(image, 1, 0)[None, :, ::-1], views))
    equal = [view for view, look in zip(views, looks, strict=True) if np.array_equal(look, window(image[None], 1))]
    assert [str(view) for view in equal] == ["mirrored, shifted by 1, 0"]


@pytest.mark.parametrize(("left", "top"), [(0, 0), (2, 2), (4, 1)])
def test_a_crop_that_was_enlarged_is_undone_nearly(left: int, top: int) -> None:
    (image,) = photographs(1, 3)
    original = window(image[None], 2)[0].astype(float)
    views = views_of(False, 2)
    errors = [np.abs(look[0] - original).mean() for look in seen(cropped(image, left, top, 28)[None], views)]
    assert min(errors) < errors[0] / 3 and views[int(np.argmin(errors))].shrunk == 2


def test_what_is_shown_as_compared_is_what_was_compared() -> None:
    images = photographs(2, 4)
    views = views_of(True, 2)
    for view, look in zip(views, seen(images, views), strict=True):
        mine, theirs = as_compared(images[1], images[0], view, views)
        assert np.array_equal(mine, look[1]) and np.array_equal(theirs, window(images, 2)[0])


def test_pictures_too_small_or_too_large_to_be_shifted_get_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"^align is 3, but of 16 x 18 pixels too few would be left"):
        check_align(3, (18, 16))
    with pytest.raises(ValueError, match=r"^align is 1, but for 512 x 512 pixels shifts would take hours"):
        check_align(1, (512, 512))
    check_align(0, (512, 512))
    for size in ((8, 8), (16, 16), (20, 64), (32, 32), (128, 128), (129, 129)):
        check_align(most_align(size), size)
    assert [most_align(size) for size in ((16, 16), (32, 32), (512, 512))] == [2, 4, 0]
