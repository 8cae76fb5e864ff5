"""SSCD features: any TorchScript file that turns images into vectors, and a sentence for each that does not."""

import hashlib
import io
import os
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from side_core.data.training_set import TrainingSet
from side_core.similarity import network
from side_core.similarity.encoder import Encoder, open_encoder

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # ImageNet's


class Grid(nn.Module):
    """Means over a grid of 4 x 4."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(x, 4).flatten(1)


class Images(nn.Module):
    """No vectors: the images themselves."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 2


class One(nn.Module):
    """One vector for all images."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(0, 2, 3)).unsqueeze(0)


class Whole(nn.Module):
    """Whole numbers."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3)).long()


class Two(nn.Module):
    """Two outputs."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


class Nothing(nn.Module):
    """No numbers."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3)) / 0.0


class Grey(nn.Module):
    """Takes no colours."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x).mean(dim=(2, 3))


class Tokens(nn.Module):
    """Takes two arguments."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y


def save(module: nn.Module, file: Path) -> Path:
    """Save a module as TorchScript."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.\w+` is deprecated", FutureWarning)
        torch.jit.save(torch.jit.script(module), file)
    return file


def opened(file: Path) -> Encoder:
    return open_encoder("sscd", str(file), None, "cpu")


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(Grid(), tmp_path_factory.mktemp("sscd") / "grid.torchscript.pt")


@pytest.mark.parametrize("shape", [(16, 16), (300, 500), (288, 288)])
def test_images_are_squashed_to_288_and_normalised_like_imagenet(grid: Path, shape: tuple[int, int]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, *shape, 3), dtype=np.uint8)
    encode = opened(grid)
    expected = []
    for image in images:
        pixels = np.asarray(Image.fromarray(image).resize((288, 288), Image.Resampling.BILINEAR), np.float64) / 255
        means = ((pixels - MEAN) / STD).reshape(4, 72, 4, 72, 3).mean(axis=(1, 3))
        expected.append(means.transpose(2, 0, 1).ravel() / np.linalg.norm(means))
    vectors = encode(images)
    assert vectors.shape == (3, 48) and vectors.dtype == np.float32 and encode.unit
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_preparation_equals_that_of_torchvision(faces: TrainingSet) -> None:
    """The authors' own, in torchvision's words."""
    from torchvision import transforms

    from side_core.similarity.sscd import prepare

    theirs = transforms.Compose(
        [transforms.Resize([288, 288]), transforms.ToTensor(), transforms.Normalize(mean=MEAN, std=STD)]
    )
    image = Image.fromarray(faces.images[0])
    torch.testing.assert_close(prepare(image), theirs(image).float(), atol=1e-6, rtol=0)


def test_vectors_do_not_depend_on_the_batch(grid: Path, faces: TrainingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    encode = opened(grid)
    together = encode(faces.images[:9])
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    monkeypatch.setattr(network, "BATCH", 2)
    np.testing.assert_allclose(encode(faces.images[:9]), together, atol=1e-6)
    assert encode(faces.images[:0]).shape == (0, 48)


def test_description_and_fingerprint_name_the_file_by_its_contents(grid: Path, tmp_path: Path) -> None:
    encode = opened(grid)
    digest = hashlib.sha256(grid.read_bytes()).hexdigest()
    assert "grid.torchscript.pt" in encode.description and digest[:12] in encode.description
    assert "288 x 288" in encode.description and "ImageNet" in encode.description
    moved = tmp_path / "other.pt"
    moved.write_bytes(grid.read_bytes())
    assert opened(moved).fingerprint == encode.fingerprint
    assert opened(save(nn.Flatten(), tmp_path / "flat.pt")).fingerprint != encode.fingerprint


def broken(tmp_path: Path, grid: Path) -> Iterator[tuple[str, bytes]]:
    content = grid.read_bytes()
    tensors = io.BytesIO()
    torch.save({"a": torch.ones(2)}, tensors)
    yield "empty", b""
    yield "text", b"hello\n" * 100
    yield "cut", content[: len(content) // 2]
    yield "tensors", tensors.getvalue()
    yield "pickle", pickle.dumps([1, 2])


def test_what_is_no_torchscript_gets_one_sentence(tmp_path: Path, grid: Path) -> None:
    for name, content in broken(tmp_path, grid):
        file = tmp_path / name
        file.write_bytes(content)
        with pytest.raises(ValueError, match=rf"^'{file}' is no TorchScript file or is damaged") as caught:
            opened(file)
        assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    mark = tmp_path / "sprung"

    class Armed:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (mark,)

    file = tmp_path / "trap.pt"
    torch.save({"weights": Armed()}, file)
    with pytest.raises(ValueError, match="is no TorchScript file"):
        opened(file)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (Images(), r"turns 2 images into torch.float32 of shape \(2, 3, 288, 288\)"),
        (One(), r"into torch.float32 of shape \(1, 3\)"),
        (Whole(), r"into torch.int64 of shape \(2, 3\)"),
        (Two(), "into tuple"),
        (Nothing(), "NaN or infinity"),
        (Grey(), "does not take images of 288 x 288 pixels"),
        (Tokens(), "does not take images of 288 x 288 pixels"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_network_that_does_not_make_vectors_of_images(module: nn.Module, expected: str, tmp_path: Path) -> None:
    file = save(module, tmp_path / "net.pt")
    with pytest.raises(ValueError, match=expected) as caught:
        opened(file)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for weights in (str(tmp_path / "none.pt"), "a\0b", "x" * 5000):
        with pytest.raises(ValueError, match=r"^There are no encoder weights"):
            open_encoder("sscd", weights, None, "cpu")
    with pytest.raises(ValueError, match=r"cannot be read \(it is no file\): name the TorchScript file\.$"):
        opened(tmp_path)


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "net.pt").touch()
    os.truncate(tmp_path / "net.pt", 2**36)
    with pytest.raises(ValueError, match=r"cannot be read \(it has more than 2,048 MiB\): name the Torch"):
        opened(tmp_path / "net.pt")


def test_a_public_app_loads_none_but_its_own(grid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    with pytest.raises(ValueError, match=r"cannot be read here: this app is public"):
        opened(grid)
    monkeypatch.setenv("SIDE_ROOTS", str(grid.parent))
    assert opened(grid).unit
    (tmp_path / "link.pt").symlink_to(grid)
    assert opened(tmp_path / "link.pt").unit  # it is the file that counts
