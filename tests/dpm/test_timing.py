"""The estimate of time, on a denoiser whose pace is known."""

import pytest
import torch

from side_core.dpm import timing as module
from side_core.dpm.denoiser import PixelSpace
from side_core.dpm.ideal import IdealDenoiser
from side_core.dpm.timing import Timing, measure_timing, seconds_per_decode, seconds_per_step


class Clock:
    """Goes on only where something says how long it took."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        """Seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that steps are measured by."""
    found = Clock()
    monkeypatch.setattr(module, "time", found)
    return found


class Sleeper(PixelSpace):
    """Takes a known time for each image, far more while the machine is busy, and counts its calls."""

    shape = (3, 4, 4)
    image_size = (4, 4)
    classes = 3
    device = torch.device("cpu")
    alphas_cumprod = torch.linspace(0.99, 0.01, 10)
    arithmetic = fingerprint = "none"

    def __init__(self, seconds: float, clock: Clock, busy_until: float = 0.0) -> None:
        self.seconds, self.clock, self.busy_until = seconds, clock, busy_until
        self.batches: list[int] = []

    def predict_noise(self, x: torch.Tensor, t: int, condition: torch.Tensor | None = None) -> torch.Tensor:
        """Let time pass; labels are needed."""
        assert condition is not None and len(condition) == len(x)
        self.batches.append(len(x))
        self.clock.now += self.seconds * len(x) + (1.2 if self.clock.now < self.busy_until else 0)
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
    pace = measure_timing(sleeper, 4)
    assert pace.step == pytest.approx(4 * seconds)
    assert max(sleeper.batches) == largest


@pytest.mark.parametrize("busy", [0.5, 3.0, 6.0])
def test_a_machine_that_is_busy_for_a_moment_is_not_taken_for_a_slow_one(busy: float, clock: Clock) -> None:
    assert measure_timing(Sleeper(0.01, clock, busy), 16).step == pytest.approx(0.16)


@pytest.mark.parametrize(("batch", "step"), [(0.1, 0.1), (19.0, 0.16)])
def test_a_batch_takes_no_longer_than_its_images_one_by_one(
    batch: float, step: float, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "seconds_per_step", lambda _, count: 0.01 if count == 1 else batch)
    assert measure_timing(Sleeper(0.01, clock), 16).step == pytest.approx(step)


@pytest.mark.parametrize(("seconds", "calls"), [(0.01, 6), (0.6, 9), (2.5, 3)])
def test_only_what_may_be_quick_is_tried_again(seconds: float, calls: int, clock: Clock) -> None:
    sleeper = Sleeper(seconds, clock)
    assert measure_timing(sleeper, 4).step == pytest.approx(4 * seconds) and len(sleeper.batches) == calls


def test_the_estimate_counts_steps_of_all_images() -> None:
    pace = Timing(batch=4, step=0.5, decode=1.0)
    assert pace.seconds(count=8, steps=10) == pytest.approx(2 * (10 * 0.5 + 1.0))
    assert pace.seconds(count=2, steps=10) == pytest.approx(0.5 * (10 * 0.5 + 1.0))


def test_it_works_on_the_ideal_denoiser(ideal: IdealDenoiser) -> None:
    assert 0 < measure_timing(ideal, 2).seconds(4, 2) < 60
