"""Encoders: what two images are compared by."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from side_core.data.training_set import TrainingSet
from side_core.dpm.folder import open_denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.similarity import encoder
from side_core.similarity.encoder import open_encoder


def test_pixels_keep_their_values() -> None:
    images = np.array([[[[0, 51, 255]]]], np.uint8)
    assert open_encoder("pixel")(images).tolist() == [pytest.approx([0, 0.2, 1])]


def test_pixels_are_always_the_same_encoder_and_no_unit_vectors() -> None:
    one, other = open_encoder("pixel"), open_encoder("pixel")
    assert one.fingerprint == other.fingerprint and len(one.fingerprint) == 64
    assert not one.unit


def test_features_are_the_same_for_the_same_image_in_any_batch(
    pipeline: Path, faces: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = open_encoder("dpm", None, open_denoiser(str(pipeline)))
    together = encode(faces.images[:7])
    assert together.dtype == np.float32 and len(together) == 7
    monkeypatch.setattr(encoder, "BATCH", 3)
    np.testing.assert_allclose(encode(faces.images[:7]), together, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-2  # and others for other images


@pytest.mark.parametrize("name", ["pixel", "dpm"])
def test_images_on_disk_and_views_of_them_are_encoded_like_those_in_memory(
    name: str, pipeline: Path, faces: TrainingSet, tmp_path: Path
) -> None:
    np.save(tmp_path / "images.npy", np.ascontiguousarray(np.moveaxis(faces.images, -1, 1)))
    mapped = np.moveaxis(np.load(tmp_path / "images.npy", mmap_mode="r"), 1, -1)
    grey = np.broadcast_to(mapped[..., :1], mapped.shape)
    encode = open_encoder(name, None, open_denoiser(str(pipeline)))
    assert np.array_equal(encode(mapped[3:9:2]), encode(faces.images[3:9:2]))
    assert type(encode(mapped[:1])) is np.ndarray
    assert np.array_equal(encode(grey[:2]), encode(np.repeat(faces.images[:2, :, :, :1], 3, axis=3)))


def test_the_fingerprint_of_features_follows_model_and_arithmetic(
    pipeline: Path, make_pipeline: Callable[..., Path]
) -> None:
    denoiser = open_denoiser(str(pipeline))
    known = open_encoder("dpm", None, denoiser).fingerprint
    assert open_encoder("dpm", None, open_denoiser(str(pipeline))).fingerprint == known
    other = open_denoiser(str(make_pipeline(beta_end=0.03)))
    assert open_encoder("dpm", None, other).fingerprint != known
    denoiser.arithmetic = "half of it"
    changed = open_encoder("dpm", None, denoiser)
    assert changed.fingerprint != known and "half of it" in changed.description


def test_the_ideal_denoiser_has_no_features(ideal: IdealDenoiser) -> None:
    with pytest.raises(ValueError, match=r"^Encoder 'dpm' .*the ideal denoiser has none: choose encoder pixel\.$"):
        open_encoder("dpm", None, ideal)


def test_without_a_model_there_are_no_features() -> None:
    with pytest.raises(ValueError, match=r"^Encoder 'dpm' .*no model here: choose encoder pixel, clip or sscd\.$"):
        open_encoder("dpm")


def test_images_of_another_size_are_refused(pipeline: Path) -> None:
    encode = open_encoder("dpm", None, open_denoiser(str(pipeline)))
    with pytest.raises(ValueError, match=r"^Images of 8x12 pixels do not fit a model of 16x16"):
        encode(np.zeros((1, 8, 12, 3), np.uint8))


def test_features_that_are_no_numbers_are_refused(pipeline: Path, faces: TrainingSet) -> None:
    denoiser = open_denoiser(str(pipeline))
    denoiser.unet.conv_in.weight[0] = float("nan")
    with pytest.raises(ValueError, match=r"^Encoder 'dpm' returned NaN or infinity"):
        open_encoder("dpm", None, denoiser)(faces.images[:1])


@pytest.mark.parametrize("name", ["pixel", "dpm"])
def test_pixel_and_dpm_take_no_weights(name: str, pipeline: Path) -> None:
    with pytest.raises(
        ValueError, match=rf"^Encoder '{name}' takes no weights, but 'x.pt' was given: leave them out\.$"
    ):
        open_encoder(name, "x.pt", open_denoiser(str(pipeline)))


@pytest.mark.parametrize("name", ["clip", "sscd"])
@pytest.mark.parametrize("weights", [None, ""])
def test_clip_and_sscd_ask_for_their_weights(name: str, weights: str | None) -> None:
    with pytest.raises(ValueError, match=rf"^Encoder '{name}' needs .*: name it"):
        open_encoder(name, weights, None, "cpu")


def test_open_clip_is_imported_when_it_is_used() -> None:
    code = (
        "import sys; from side_core.similarity import encoder, clip, sscd; encoder.open_encoder('pixel'); "
        "sys.exit('open_clip' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
