"""What several tests of data need: a fresh cache, pictures as files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for each test."""
    monkeypatch.setenv("SIDE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder for the data of one test."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def draw() -> Callable[..., Path]:
    """Write a noisy picture, another for each seed, and return its file."""

    def write(file: Path, seed: int = 0, height: int = 6, width: int = 6, **options: object) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(seed, height, width)).save(file, **options)
        return file

    return write


def noise(seed: int, height: int = 6, width: int = 6) -> np.ndarray:
    """(H, W, 3) random levels."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def pixels() -> Callable[..., np.ndarray]:
    """The levels that `draw` writes."""
    return noise
