"""The ideal denoiser against brute force, and what it must draw: its own training images."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from side_core.data.training_set import TrainingSet
from side_core.dpm.folder import open_denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.sampling.drawing import draw
from side_core.settings import SamplingSettings


def brute_force(x: np.ndarray, images: np.ndarray, alpha: float) -> np.ndarray:
    """E[image | x] over uint8 images in float64: sum of softmax weighted images, one query at a time."""
    points = images.transpose(0, 3, 1, 2).astype(np.float64) / 127.5 - 1
    means = []
    for query in x.astype(np.float64):
        logits = -((query - np.sqrt(alpha) * points) ** 2).sum(axis=(1, 2, 3)) / (2 * (1 - alpha))
        weights = np.exp(logits - logits.max())
        means.append(np.tensordot(weights / weights.sum(), points, axes=1))
    return np.stack(means)


def noisy(faces: TrainingSet, alpha: float, count: int = 8) -> torch.Tensor:
    """The first faces with the noise of one timestep."""
    clean = torch.from_numpy(faces.images[:count]).permute(0, 3, 1, 2) / 127.5 - 1
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    return alpha**0.5 * clean + (1 - alpha) ** 0.5 * noise


@pytest.mark.parametrize("t", [0, 100, 500, 700, 850, 950, 999])
def test_equals_brute_force_in_float64(ideal: IdealDenoiser, faces: TrainingSet, t: int) -> None:
    alpha = float(ideal.alphas_cumprod[t])
    x = noisy(faces, alpha)
    expected = brute_force(x.numpy(), faces.images, alpha)
    np.testing.assert_allclose(ideal.denoise(x, t).numpy(), expected, atol=2e-3)


@pytest.mark.parametrize("chunk", [1, 7, 59, 60])
@pytest.mark.parametrize("t", [0, 800, 950])
def test_chunks_do_not_change_the_estimate(ideal: IdealDenoiser, faces: TrainingSet, t: int, chunk: int) -> None:
    chunked = IdealDenoiser(faces, ideal.alphas_cumprod, chunk=chunk)
    x = noisy(faces, float(ideal.alphas_cumprod[t]))
    torch.testing.assert_close(chunked.denoise(x, t), ideal.denoise(x, t), atol=1e-4, rtol=0)


@pytest.mark.parametrize("t", [0, 300, 999])
def test_with_one_image_the_noise_found_is_the_noise_added(faces: TrainingSet, ideal: IdealDenoiser, t: int) -> None:
    alone = IdealDenoiser(faces.slice(0, 1, "one"), ideal.alphas_cumprod)
    alpha = float(ideal.alphas_cumprod[t])
    added = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    clean = torch.from_numpy(faces.images[:1]).permute(0, 3, 1, 2) / 127.5 - 1
    found = alone.predict_noise(alpha**0.5 * clean + (1 - alpha) ** 0.5 * added, t)
    torch.testing.assert_close(found, added, atol=1e-4, rtol=0)


def test_from_pure_noise_the_estimate_is_nearly_the_mean_image(ideal: IdealDenoiser, faces: TrainingSet) -> None:
    mean = torch.from_numpy(faces.images.mean(axis=0)).permute(2, 0, 1) / 127.5 - 1
    x = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    assert (ideal.denoise(x, 999) - mean).abs().max() < 0.01


@pytest.mark.parametrize(
    "changes",
    [{}, {"eta": 1.0}, {"clip": "off"}, {"clip": "clip-recompute"}, {"solver": "multistep"}, {"spacing": "karras"}],
    ids=str,
)
def test_draws_training_images_to_the_last_bit(ideal: IdealDenoiser, faces: TrainingSet, changes: dict) -> None:
    *_, last = draw(ideal, SamplingSettings(count=12, steps=20).model_copy(update=changes))
    known = {image.tobytes() for image in faces.images}
    drawn = {image.tobytes() for image in last.images}
    assert drawn <= known
    assert len(drawn) > 3  # not always the same one


def test_built_in_ideal_knows_the_faces_of_its_card() -> None:
    denoiser = open_denoiser("ideal")
    assert denoiser.shape == (3, 16, 16)
    assert len(denoiser.images) == 1000


def test_fingerprint_follows_the_images(faces: TrainingSet, ideal: IdealDenoiser) -> None:
    images = faces.images.copy()
    images[0, 0, 0, 0] ^= 1
    other = IdealDenoiser(replace(faces, images=images), ideal.alphas_cumprod)
    assert other.fingerprint != ideal.fingerprint
    assert IdealDenoiser(faces, ideal.alphas_cumprod).fingerprint == ideal.fingerprint
