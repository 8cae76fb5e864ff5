"""CLIP features: against open_clip's own way, and a sentence for each way a model can be broken."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from side_core.data.training_set import TrainingSet
from side_core.similarity import network
from side_core.similarity.clip.encoder import CONFIG, TOKENIZER, WEIGHTS
from side_core.similarity.encoder import Encoder, open_encoder

MODEL = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
}
PREPROCESS = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.3], "interpolation": "bicubic", "resize_mode": "shortest"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny untrained CLIP model, as open_clip saves it."""
    import open_clip

    folder = tmp_path_factory.mktemp("clip")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        clip = open_clip.CLIP(**MODEL)
    save_file({name: tensor.contiguous() for name, tensor in clip.state_dict().items()}, folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps({"model_cfg": MODEL, "preprocess_cfg": PREPROCESS}))
    return folder


@pytest.fixture
def copied(model: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return shutil.copytree(model, tmp_path / "clip")


def opened(folder: Path) -> Encoder:
    return open_encoder("clip", f"local-dir:{folder}", None, "cpu")


def edit(folder: Path, change: Callable[[dict], object]) -> None:
    """Change the configuration."""
    config = json.loads((folder / CONFIG).read_text())
    change(config)
    (folder / CONFIG).write_text(json.dumps(config))


def edit_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)


def by_hand(folder: Path, images: np.ndarray, side: tuple[int, int]) -> np.ndarray:
    """Features of images resized to `side` (width, height) and cropped to 32 x 32, prepared without open_clip."""
    import open_clip

    clip = open_clip.create_model(f"local-dir:{folder}").eval()
    left, top = (side[0] - 32) // 2, (side[1] - 32) // 2
    parts = []
    for image in images:
        resized = Image.fromarray(image).resize(side, Image.Resampling.BICUBIC)
        pixels = np.asarray(resized.crop((left, top, left + 32, top + 32)), np.float64) / 255
        parts.append((pixels - PREPROCESS["mean"]) / PREPROCESS["std"])
    with torch.no_grad():
        features = clip.encode_image(torch.tensor(np.stack(parts)).permute(0, 3, 1, 2).float()).double().numpy()
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def test_square_images_are_resized_and_normalised_as_the_model_says(model: Path, faces: TrainingSet) -> None:
    encode = opened(model)
    vectors = encode(faces.images[:5])
    assert vectors.shape == (5, 16) and vectors.dtype == np.float32 and encode.unit
    np.testing.assert_allclose(vectors, by_hand(model, faces.images[:5], (32, 32)), atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3


def test_of_wide_images_the_middle_is_taken_or_all_of_it_squashed(copied: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 40, 80, 3), dtype=np.uint8)
    shortest = opened(copied)
    np.testing.assert_allclose(shortest(images), by_hand(copied, images, (64, 32)), atol=1e-5)
    edit(copied, lambda config: config["preprocess_cfg"].update(resize_mode="squash"))
    squash = opened(copied)
    np.testing.assert_allclose(squash(images), by_hand(copied, images, (32, 32)), atol=1e-5)
    assert "resize shortest" in shortest.description and "resize squash" in squash.description
    assert shortest.fingerprint != squash.fingerprint


def test_vectors_have_length_one_and_do_not_depend_on_the_batch(
    model: Path, faces: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = opened(model)
    together = encode(faces.images)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    monkeypatch.setattr(network, "BATCH", 7)
    np.testing.assert_allclose(encode(faces.images), together, atol=1e-6)
    assert encode(faces.images[:0]).shape == (0, 16)


def test_the_fingerprint_names_weights_and_preprocessing_and_not_the_place(model: Path, copied: Path) -> None:
    known = opened(model).fingerprint
    assert opened(copied).fingerprint == known
    edit(copied, lambda config: config["preprocess_cfg"].update(mean=[0.5, 0.4, 0.31]))
    other = opened(copied).fingerprint
    edit_weights(copied, lambda w: w["visual.proj"].mul_(1.001))
    assert len({known, other, opened(copied).fingerprint}) == 3


def test_opening_a_model_leaves_random_numbers_alone(model: Path) -> None:
    before = torch.default_generator.get_state()
    opened(model)
    assert torch.equal(torch.default_generator.get_state(), before)


def pickled(folder: Path) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / "open_clip_pytorch_model.bin")
    (folder / WEIGHTS).unlink()


def cut(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


def folder_of_weights(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).mkdir()


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (shutil.rmtree, "no encoder weights"),
    "a file": (lambda folder: (shutil.rmtree(folder), folder.write_text("x")), "is no folder"),
    "no config": (lambda folder: (folder / CONFIG).unlink(), f"it has no {CONFIG}"),
    "config is no json": (lambda folder: (folder / CONFIG).write_text("{"), "cannot be read as JSON"),
    "config is a list": (lambda folder: (folder / CONFIG).write_text("[]"), "no JSON object"),
    "no model": (lambda folder: edit(folder, lambda c: c.pop("model_cfg")), "has no model_cfg"),
    "no text network": (lambda folder: edit(folder, lambda c: c["model_cfg"].pop("text_cfg")), "has no model_cfg"),
    "unknown setting": (lambda folder: edit(folder, lambda c: c["model_cfg"].update(wings=2)), "do not fit"),
    "width is text": (lambda f: edit(f, lambda c: c["model_cfg"]["vision_cfg"].update(width="x")), "do not fit"),
    "other width": (lambda f: edit(f, lambda c: c["model_cfg"]["vision_cfg"].update(width=64)), "do not fit"),
    "mean of two": (lambda f: edit(f, lambda c: c["preprocess_cfg"].update(mean=[1, 2])), "cannot encode images"),
    "odd resizing": (lambda f: edit(f, lambda c: c["preprocess_cfg"].update(resize_mode="fold")), "do not fit"),
    "text network of the hub": (
        lambda folder: edit(folder, lambda c: c["model_cfg"]["text_cfg"].update(hf_model_name="roberta-base")),
        "from elsewhere",
    ),
    "image network of the hub": (
        lambda folder: edit(folder, lambda c: c["model_cfg"]["vision_cfg"].update(timm_model_name="hf-hub:a/b")),
        "from elsewhere",
    ),
    "no weights": (lambda folder: (folder / WEIGHTS).unlink(), f"a file {WEIGHTS} is needed"),
    "weights are a folder": (folder_of_weights, f"a file {WEIGHTS} is needed"),
    "pickle": (pickled, "open_clip_pytorch_model.bin' is a pickle"),
    "cut": (cut, "are damaged"),
    "empty weights": (lambda folder: (folder / WEIGHTS).write_bytes(b""), "are damaged"),
    "missing key": (lambda folder: edit_weights(folder, lambda w: w.pop("visual.proj")), "visual.proj"),
    "surplus key": (lambda folder: edit_weights(folder, lambda w: w.update(surplus=torch.zeros(2))), "surplus"),
    "nan": (lambda folder: edit_weights(folder, lambda w: w["visual.proj"].fill_(float("nan"))), "NaN or infinity"),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_each_broken_model_gets_one_sentence(kind: str, copied: Path) -> None:
    spoil, expected = BREAKS[kind]
    spoil(copied)
    with pytest.raises(ValueError, match=expected) as caught:
        opened(copied)
    text = str(caught.value)
    assert text.endswith(".") and "\n" not in text and len(text) < 500
    assert str(copied) in text or "'clip'" in text


@pytest.mark.parametrize("weights", ["ViT-B-32", "model.safetensors", "hf_hub:a/b", "/some/folder"])
def test_weights_are_named_in_one_of_two_forms(weights: str) -> None:
    with pytest.raises(
        ValueError, match=rf"cannot be '{weights}': name them as pixel-faces-clip, local-dir:FOLDER or hf-hub:ORG/NAME"
    ):
        open_encoder("clip", weights, None, "cpu")


@pytest.mark.parametrize("path", ["", "\0", "x" * 5000, "~nobody-of-this-name/x"])
def test_paths_that_no_file_can_have(path: str) -> None:
    with pytest.raises(ValueError, match=r"^There are no encoder weights"):
        open_encoder("clip", f"local-dir:{path}", None, "cpu")


def test_a_pickle_in_place_of_a_folder_is_called_one(tmp_path: Path) -> None:
    (tmp_path / "clip.pt").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"is a pickle, which could run code"):
        opened(tmp_path / "clip.pt")


def test_a_public_app_reads_its_own_folders_only(
    model: Path, copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setenv("SIDE_ROOTS", str(tmp_path))
    assert opened(copied).unit
    with pytest.raises(ValueError, match=r"cannot be read here: this app is public"):
        opened(model)
    with pytest.raises(ValueError, match=r"cannot be fetched here: this app is public"):
        open_encoder("clip", "hf-hub:org/name", None, "cpu")
    (copied / WEIGHTS).unlink()
    (copied / WEIGHTS).symlink_to(model / WEIGHTS)
    with pytest.raises(ValueError, match=r"cannot be read here: this app is public"):
        opened(copied)


@pytest.mark.parametrize("name", ["", "model", "a/b/c", "../x", "a/ b"])
def test_names_that_the_hub_cannot_have(name: str) -> None:
    with pytest.raises(ValueError, match=r"names no model of the Hub: write it as hf-hub:ORG/NAME\.$"):
        open_encoder("clip", f"hf-hub:{name}", None, "cpu")


def test_without_a_network_a_hub_model_gets_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^'hf-hub:side/none' cannot be fetched from the Hub .*local-dir:FOLDER\.$"):
        open_encoder("clip", "hf-hub:side/none", None, "cpu")


def test_of_a_hub_model_no_pickle_is_fetched_and_what_is_here_is_not_fetched_again(
    model: Path, copied: Path, monkeypatch: pytest.MonkeyPatch, faces: TrainingSet
) -> None:
    import huggingface_hub

    asked = []

    def snapshot(name: str, *, allow_patterns: list[str], local_files_only: bool = False) -> str:
        asked.append((name, sorted(allow_patterns), local_files_only))
        return str(copied if local_files_only else model)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    from_hub = open_encoder("clip", "hf-hub:org/name", None, "cpu")
    files = sorted([CONFIG, WEIGHTS, *TOKENIZER])
    assert asked == [("org/name", files, True)]
    assert from_hub.fingerprint == opened(model).fingerprint and "hf-hub:org/name" in from_hub.description
    (copied / WEIGHTS).unlink()  # as after a fetch that was broken off
    open_encoder("clip", "hf-hub:org/name", None, "cpu")
    assert asked[1:] == [("org/name", files, True), ("org/name", files, False)]
