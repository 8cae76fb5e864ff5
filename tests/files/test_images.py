"""Pictures for people show every pixel of the small images, and nothing of them is blurred."""

import io

import numpy as np
from PIL import Image

from side_core.data.training_set import TrainingSet
from side_core.files.images import enlarge, grid_of_rows, in_a_row, png


def test_enlarging_repeats_pixels_by_a_whole_factor(faces: TrainingSet) -> None:
    large = enlarge(faces.images[0], 128)
    assert large.shape == (128, 128, 3)
    assert np.array_equal(large[3::8, 5::8], faces.images[0])
    assert enlarge(np.zeros((300, 300, 3), np.uint8), 128).shape == (300, 300, 3)


def test_a_row_has_clear_gaps_between_opaque_images(faces: TrainingSet) -> None:
    row = in_a_row(list(faces.images[:2]), side=16, gap=4)
    assert row.shape == (16, 36, 4)
    assert np.array_equal(row[:, :16, :3], faces.images[0]) and np.array_equal(row[:, 20:, :3], faces.images[1])
    assert (row[:, 16:20, 3] == 0).all() and (np.delete(row, range(16, 20), axis=1)[..., 3] == 255).all()


def test_a_grid_holds_every_pair_in_reading_order(faces: TrainingSet) -> None:
    pairs = list(zip(faces.images[:5], faces.images[10:15], strict=True))
    grid = grid_of_rows(pairs, columns=2, side=16)
    height, width = 16 + 12, 34 + 12
    assert grid.shape == (3 * height + 12, 2 * width + 12, 3)
    for number, (left, right) in enumerate(pairs):
        top, start = 12 + number // 2 * height, 12 + number % 2 * width
        assert np.array_equal(grid[top : top + 16, start : start + 16], left)
        assert np.array_equal(grid[top : top + 16, start + 18 : start + 34], right)
    assert (grid[-height:, width + 12 :] == 255).all()  # the sixth place is empty


def test_png_keeps_every_pixel(faces: TrainingSet) -> None:
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(faces.images[0])))), faces.images[0])
