"""Class-conditional models: labels reach the network, image by image, and mistakes get a sentence."""

import shutil
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DModel

from side_core.dpm.arithmetic import fastest
from side_core.dpm.folder import open_denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.sampling.drawing import draw
from side_core.settings import SamplingSettings

LABELS = torch.tensor([4, 0, 0, 2])


def noise(count: int = 4) -> torch.Tensor:
    """Pure noise, the same each time."""
    return torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def network(folder: Path) -> UNet2DModel:
    """The folder's U-Net as diffusers loads it."""
    return UNet2DModel.from_pretrained(folder / "unet", use_safetensors=True).eval()


@pytest.mark.parametrize("t", [0, 500, 999])
def test_the_noise_is_that_of_the_network_given_each_label(conditional: Path, t: int) -> None:
    denoiser = open_denoiser(str(conditional))
    assert denoiser.classes == 5
    with torch.no_grad():
        expected = network(conditional)(noise(), t, class_labels=LABELS).sample
    torch.testing.assert_close(denoiser.predict_noise(noise(), t, LABELS), expected, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(expected, denoiser.predict_noise(noise(), t, LABELS.flip(0)), atol=1e-2)


def test_fast_arithmetic_takes_labels_too(conditional: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("side_core.dpm.arithmetic.probed", {})
    exact, fast = open_denoiser(str(conditional)), open_denoiser(str(conditional), "fast")
    expected = exact.predict_noise(noise(), 500, LABELS)
    torch.testing.assert_close(fast.predict_noise(noise(), 500, LABELS), expected, atol=0.05, rtol=0.05)
    assert fast.fingerprint == exact.fingerprint


def test_unusual_networks_get_their_labels_as_well(conditional: Path) -> None:
    """A U-Net that centres its input is evaluated by diffusers itself."""
    denoiser = open_denoiser(str(conditional))
    denoiser.unet.register_to_config(center_input_sample=True)
    with torch.no_grad():
        expected = network(conditional)(2 * noise() - 1, 300, class_labels=LABELS).sample
    torch.testing.assert_close(denoiser.predict_noise(noise(), 300, LABELS), expected, atol=1e-5, rtol=1e-5)
    with pytest.raises(ValueError, match="features of this model's U-Net cannot be read"):
        denoiser.bottleneck(torch.rand(1, 3, 8, 8))


def test_features_are_those_of_the_average_class(conditional: Path) -> None:
    denoiser, unet = open_denoiser(str(conditional)), network(conditional)
    images = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    seen = []
    unet.mid_block.register_forward_hook(lambda module, inputs, output: seen.append(output))
    with torch.no_grad():
        unet.class_embedding.weight[:] = sum(unet.class_embedding.weight) / 5
        unet(denoiser.alphas_cumprod[50].sqrt().float() * (images * 2 - 1), 50, class_labels=torch.tensor([3, 1]))
    torch.testing.assert_close(denoiser.bottleneck(images), seen[0].flatten(1), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        (None, r"^The model is class-conditional \(5 classes\): give each image the label"),
        (torch.tensor([1]), r"^The labels are \[1\] torch\.int64: give 4 int64 numbers"),
        (torch.zeros(4), r"^The labels are \[4\] torch\.float32: give 4 int64 numbers"),
        (torch.tensor([0, 1, 5, 2]), "^Class label 5 does not exist: the model has classes 0 to 4"),
        (torch.tensor([0, 1, -1, 2]), "^Class label -1 does not exist"),
    ],
    ids=str,
)
def test_labels_that_do_not_fit_get_a_sentence(conditional: Path, condition: torch.Tensor | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        open_denoiser(str(conditional)).predict_noise(noise(), 5, condition)


def test_unconditional_models_take_no_labels(pipeline: Path, ideal: IdealDenoiser) -> None:
    for denoiser in (open_denoiser(str(pipeline)), ideal):
        assert denoiser.classes == 0
        with pytest.raises(ValueError, match=r"^The model is unconditional"):
            denoiser.predict_noise(torch.zeros(4, 3, 16, 16), 5, LABELS)


def test_probing_for_speed_leaves_the_weights_as_they_were(conditional: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("side_core.dpm.arithmetic.probed", {})
    unet = network(conditional)
    before = {name: value.clone() for name, value in unet.state_dict().items()}
    fastest(unet, (3, 8, 8), torch.device("cpu"))
    assert all(torch.equal(value, before[name]) for name, value in unet.state_dict().items())


def test_a_chosen_label_draws_that_class(conditional: Path) -> None:
    denoiser = open_denoiser(str(conditional))
    pictures = {}
    for label in (None, 1, 3):
        *_, last = draw(denoiser, SamplingSettings(steps=3, count=3, label=label))
        pictures[label] = last.images.tobytes()
    assert len(set(pictures.values())) == 3


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"class_embed_type": "identity", "num_class_embeds": None}, "class_embed_type 'identity': only classes by"),
        ({"class_embed_type": "timestep"}, "class_embed_type 'timestep': only classes by number"),
        ({"num_class_embeds": 0}, "num_class_embeds is 0"),
    ],
    ids=str,
)
def test_other_conditions_are_refused(conditional: Path, tmp_path: Path, changes: dict, says: str) -> None:
    folder = shutil.copytree(conditional, tmp_path / "other")
    config = {**UNet2DModel.load_config(folder / "unet"), **changes}
    UNet2DModel.from_config(config).save_pretrained(folder / "unet")
    with pytest.raises(ValueError, match=says) as error:
        open_denoiser(str(folder))
    assert str(folder) in str(error.value)
