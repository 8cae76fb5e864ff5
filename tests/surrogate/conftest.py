"""What tests of surrogates need: a model of two groups of images, and surrogates built of it in a second."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from side_core.data.training_set import TrainingSet
from side_core.dpm.ideal import IdealDenoiser
from side_core.progress import finish
from side_core.settings import SurrogateSettings
from side_core.surrogate.building import gather, learn
from side_core.surrogate.surrogate import Surrogate

ALPHAS = torch.linspace(0.9999, 0.0005, 200, dtype=torch.float64)


class CountingDenoiser(IdealDenoiser):
    """An ideal denoiser that counts the images it is asked about."""

    asked = 0

    def predict_noise(self, x: torch.Tensor, t: int, condition: torch.Tensor | None = None) -> torch.Tensor:
        """The noise in x."""
        self.asked += len(x)
        return super().predict_noise(x, t, condition)


@pytest.fixture(scope="session")
def groups() -> TrainingSet:
    """Twelve dark red, then twelve bright blue images of 8 x 8 pixels, each with a pattern of its own."""
    random = np.random.default_rng(0)
    colours = np.repeat([[110, 30, 30], [140, 170, 225]], 12, axis=0)[:, None, None]
    patterns = random.integers(-30, 31, (24, 4, 4, 3)).repeat(2, axis=1).repeat(2, axis=2)
    return TrainingSet("groups", (colours + patterns).astype(np.uint8), np.arange(24).astype(str))


@pytest.fixture(scope="session")
def make_model() -> Callable[[TrainingSet], CountingDenoiser]:
    """The perfect memoriser of some images."""
    return lambda images: CountingDenoiser(images, ALPHAS)


@pytest.fixture(scope="session")
def model(groups: TrainingSet, make_model: Callable[[TrainingSet], CountingDenoiser]) -> CountingDenoiser:
    """The perfect memoriser of `groups`."""
    return make_model(groups)


@pytest.fixture(scope="session")
def small() -> Callable[..., SurrogateSettings]:
    """Settings of a surrogate that takes a second, with changes."""
    plain = {
        "synthetic_count": 96,
        "steps": 8,
        "mode": "exact",
        "encoder": "pixel",
        "label_source": "clusters",
        "clusters": 2,
        "cohesion": 0.2,
        "width": 8,
        "train_steps": 120,
        "batch_size": 32,
        "learning_rate": 5e-3,
        "held_out": 0.25,
        "evaluate_every": 20,
    }
    return lambda **changes: SurrogateSettings.model_validate(plain | changes)


@pytest.fixture(scope="session")
def build(model: CountingDenoiser, small: Callable[..., SurrogateSettings]) -> Callable[..., Surrogate]:
    """Build a surrogate of `model`, once for each change of the settings."""
    made: dict[str, Surrogate] = {}

    def make(**changes: object) -> Surrogate:
        key = json.dumps(changes, sort_keys=True)
        if key not in made:
            settings = small(**changes)
            made[key] = finish(learn("groups", model, finish(gather(model, settings)), settings))
        return made[key]

    return make


@pytest.fixture(scope="session")
def built(build: Callable[..., Surrogate]) -> Surrogate:
    """A surrogate of `model` with a label for each group."""
    return build()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for one test."""
    monkeypatch.setenv("SIDE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
