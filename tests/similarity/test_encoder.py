"""Encoders: what two images are compared by."""

from pathlib import Path

import numpy as np
import pytest

from side_core.data.training_set import TrainingSet
from side_core.dpm.folder import open_denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.similarity import encoder
from side_core.similarity.encoder import encode_images


def test_pixels_keep_their_values(ideal: IdealDenoiser) -> None:
    images = np.array([[[[0, 51, 255]]]], np.uint8)
    assert encode_images(images, "pixel", ideal).tolist() == [pytest.approx([0, 0.2, 1])]


def test_features_are_the_same_for_the_same_image_in_any_batch(
    pipeline: Path, faces: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    denoiser = open_denoiser(str(pipeline))
    together = encode_images(faces.images[:7], "dpm", denoiser)
    assert together.dtype == np.float32 and len(together) == 7
    monkeypatch.setattr(encoder, "BATCH", 3)
    np.testing.assert_allclose(encode_images(faces.images[:7], "dpm", denoiser), together, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-2  # and others for other images


def test_the_ideal_denoiser_has_no_features(ideal: IdealDenoiser, faces: TrainingSet) -> None:
    with pytest.raises(ValueError, match=r"^Encoder 'dpm' .*choose encoder pixel\.$"):
        encode_images(faces.images, "dpm", ideal)


def test_images_of_another_size_are_refused(pipeline: Path) -> None:
    with pytest.raises(ValueError, match=r"^Images of 8x12 pixels do not fit a model of 16x16"):
        encode_images(np.zeros((1, 8, 12, 3), np.uint8), "dpm", open_denoiser(str(pipeline)))
