"""The estimate of time, on a denoiser whose pace is known."""

import pytest
import torch

from side_core.dpm import pace as module
from side_core.dpm.denoiser import PixelSpace
from side_core.dpm.ideal import IdealDenoiser
from side_core.dpm.pace import Pace, measure_pace, seconds_per_decode, seconds_per_step


class Clock:
    """Goes on only where something says how long it took."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that steps are measured by."""
    found = Clock()
    monkeypatch.setattr(module, "time", found)
    return found


class Sleeper(PixelSpace):
    """Takes a known time for each image, and counts its calls."""

    shape = (3, 4, 4)
    image_size = (4, 4)
    classes = 3
    device = torch.device("cpu")
    alphas_cumprod = torch.linspace(0.99, 0.01, 10)
    arithmetic = fingerprint = "none"

    def __init__(self, seconds: float, clock: Clock) -> None:
        self.seconds, self.clock = seconds, clock
        self.batches: list[int] = []

    def predict_noise(self, x: torch.Tensor, t: int, condition: torch.Tensor | None = None) -> torch.Tensor:
        """Let time pass; labels are needed."""
        assert condition is not None and len(condition) == len(x)
        self.batches.append(len(x))
        self.clock.now += self.seconds * len(x)
        return x

    def decode(self, x: torch.Tensor) -> torch.Tensor:
        """A tenth of it."""
        self.clock.now += self.seconds * len(x) / 10
        return x


def test_one_step_is_measured_after_a_warm_up(clock: Clock) -> None:
    sleeper = Sleeper(0.02, clock)
    assert seconds_per_step(sleeper, 2) == pytest.approx(0.04)
    assert sleeper.batches == [2, 2, 2]
    assert seconds_per_decode(sleeper, 2) == pytest.approx(0.004)


@pytest.mark.parametrize(("seconds", "largest"), [(0.002, 4), (0.51, 1)])
def test_quick_models_are_measured_on_a_batch_and_slow_ones_on_an_image(
    seconds: float, largest: int, clock: Clock
) -> None:
    sleeper = Sleeper(seconds, clock)
    pace = measure_pace(sleeper, 4)
    assert pace.step == pytest.approx(4 * seconds)
    assert max(sleeper.batches) == largest


def test_the_estimate_counts_steps_of_all_images() -> None:
    pace = Pace(batch=4, step=0.5, decode=1.0)
    assert pace.seconds(count=8, steps=10) == pytest.approx(2 * (10 * 0.5 + 1.0))
    assert pace.seconds(count=2, steps=10) == pytest.approx(0.5 * (10 * 0.5 + 1.0))


def test_it_works_on_the_ideal_denoiser(ideal: IdealDenoiser) -> None:
    assert 0 < measure_pace(ideal, 2).seconds(4, 2) < 60
