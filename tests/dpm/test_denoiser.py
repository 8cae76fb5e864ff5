"""Pixels to 8 bit and back."""

import numpy as np
import torch

from side_core.dpm.denoiser import PixelSpace, from_uint8, to_uint8


def test_every_level_survives_encoding_and_decoding() -> None:
    images = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    space = PixelSpace()
    assert np.array_equal(to_uint8(space.decode(space.encode(from_uint8(images)))), images)


def test_channels_and_axes_keep_their_places() -> None:
    images = np.zeros((2, 4, 5, 3), np.uint8)
    images[1, 2, 3, 0] = 255
    pixels = from_uint8(images)
    assert pixels.shape == (2, 3, 4, 5)
    assert pixels[1, 0, 2, 3] == 1 and pixels.sum() == 1


def test_images_that_may_not_be_written_are_read() -> None:
    images = np.full((1, 2, 2, 3), 51, np.uint8)
    images.flags.writeable = False
    assert from_uint8(images).unique().tolist() == [np.float32(0.2)]


def test_values_outside_are_clamped_and_halves_are_rounded() -> None:
    x = torch.tensor([-3.0, -1.0, 0.0, 1.0, 9.0]).view(1, 1, 1, 5).expand(1, 3, 1, 5)
    assert to_uint8(PixelSpace().decode(x))[0, 0, :, 0].tolist() == [0, 0, 128, 255, 255]
