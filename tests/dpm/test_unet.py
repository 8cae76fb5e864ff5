"""The U-Net adapter: fingerprint, features and fast arithmetic. Its predictions are tested in tests/sampling."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DModel

from side_core.data.training_set import TrainingSet
from side_core.dpm.arithmetic import fastest
from side_core.dpm.denoiser import from_uint8
from side_core.dpm.folder import open_denoiser
from side_core.dpm.unet import UnetDenoiser


def test_fingerprint_names_the_model_and_not_the_folder(pipeline: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(pipeline, tmp_path / "elsewhere")
    assert open_denoiser(str(copy)).fingerprint == open_denoiser(str(pipeline)).fingerprint


def test_fingerprint_changes_with_schedule_prediction_and_one_weight(
    pipeline: Path, make_pipeline: Callable[..., Path]
) -> None:
    unet = UNet2DModel.from_pretrained(pipeline / "unet", use_safetensors=True)
    with torch.no_grad():
        unet.conv_out.bias[0] += 1e-3
    plain = open_denoiser(str(pipeline))
    others = [
        UnetDenoiser(unet, plain.alphas_cumprod),
        open_denoiser(str(make_pipeline(prediction_type="v_prediction"))),
        open_denoiser(str(make_pipeline(beta_schedule="scaled_linear"))),
    ]
    assert len({plain.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_features_are_those_the_network_computes_itself(pipeline: Path, faces: TrainingSet) -> None:
    """A hook on the middle block of a whole forward pass sees what `bottleneck` returns, here 8 x 8 pooled to 4 x 4."""
    denoiser = open_denoiser(str(pipeline))
    unet = UNet2DModel.from_pretrained(pipeline / "unet", use_safetensors=True).eval()
    seen = []
    unet.mid_block.register_forward_hook(lambda module, inputs, output: seen.append(output))
    images = from_uint8(faces.images[:3])
    with torch.no_grad():
        unet(denoiser.alphas_cumprod[50].sqrt().float() * (images * 2 - 1), 50)
    pooled = seen[0].unflatten(3, (4, 2)).unflatten(2, (4, 2)).mean(dim=(3, 5))
    torch.testing.assert_close(denoiser.bottleneck(images), pooled.flatten(1), atol=1e-4, rtol=1e-4)


def test_fast_arithmetic_changes_neither_fingerprint_nor_much_of_the_noise(pipeline: Path) -> None:
    exact, fast = open_denoiser(str(pipeline)), open_denoiser(str(pipeline), "fast")
    x = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    found = fast.predict_noise(x, 500)
    assert fast.fingerprint == exact.fingerprint
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, exact.predict_noise(x, 500), atol=0.05, rtol=0.05)


def test_probing_for_speed_leaves_the_weights_as_they_were(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("side_core.dpm.arithmetic.probed", {})  # probe, whatever earlier tests found
    unet = UNet2DModel.from_pretrained(pipeline / "unet", use_safetensors=True).eval()
    before = {name: value.clone() for name, value in unet.state_dict().items()}
    fastest(unet, (3, 16, 16), torch.device("cpu"))
    assert all(torch.equal(value, before[name]) for name, value in unet.state_dict().items())


def test_a_schedule_that_ends_without_signal_stays_finite(make_pipeline: Callable[..., Path]) -> None:
    """Zero terminal SNR (Lin et al. 2024): the last of alphas_cumprod is 0 in the folder."""
    folder = make_pipeline(rescale_betas_zero_snr=True, timestep_spacing="trailing", prediction_type="v_prediction")
    denoiser = open_denoiser(str(folder))
    assert 0 < float(denoiser.alphas_cumprod[-1]) < 1e-6
    x = torch.randn(1, *denoiser.shape, generator=torch.Generator().manual_seed(0))
    assert denoiser.predict_noise(x, 999).isfinite().all()


def test_an_unknown_prediction_is_refused(pipeline: Path) -> None:
    unet = UNet2DModel.from_pretrained(pipeline / "unet", use_safetensors=True)
    with pytest.raises(ValueError, match=r"prediction type is 'flow': only epsilon, v_prediction and sample"):
        UnetDenoiser(unet, torch.linspace(0.99, 0.01, 10), "flow")
