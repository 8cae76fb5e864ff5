"""How long drawing will take here, from one measured step."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from side_core.dpm.arithmetic import synchronize
from side_core.dpm.denoiser import Denoiser

PATIENCE = 0.5  # seconds: a step of one image that takes less is measured again on the whole batch
_SURELY_SLOW = 2.0  # seconds: what takes less may have met a machine that was busy for a moment, and is tried again
_AGAIN, _PAUSE = 2, 1.0  # how often, and seconds before each


@dataclass(frozen=True)
class Timing:
    """How fast a model draws in batches here.

    Attributes:
        batch: images in a batch.
        step: seconds of one denoising step of a batch.
        decode: seconds of turning a finished batch into pixels.
    """

    batch: int
    step: float
    decode: float

    def seconds(self, count: int, steps: int, evaluations: int = 1) -> float:
        """Estimate for `count` images in `steps` steps, each of so many evaluations."""
        full, rest = divmod(count, self.batch)
        batches = full + rest / self.batch
        return batches * (steps * evaluations * self.step + self.decode)


def measure_timing(denoiser: Denoiser, batch: int) -> Timing:
    """Time one step and one decoding.

    Quick models are measured on a whole batch; slow ones on one image, as it keeps the device busy already.
    """
    one = seconds_per_step(denoiser, 1)
    for _ in range(_AGAIN):
        if PATIENCE <= one < _SURELY_SLOW:
            time.sleep(_PAUSE)
            one = min(one, seconds_per_step(denoiser, 1))
    measured = batch if one < PATIENCE else 1
    step = min(seconds_per_step(denoiser, batch), batch * one) if measured == batch else batch * one
    return Timing(batch, step, seconds_per_decode(denoiser, measured) * batch / measured)


def seconds_per_step(denoiser: Denoiser, batch: int) -> float:
    """Wall-clock seconds of one denoising step on a batch."""
    middle = len(denoiser.alphas_cumprod) // 2
    x = torch.zeros(batch, *denoiser.shape, device=denoiser.device)
    labels = torch.zeros(batch, dtype=torch.int64) if denoiser.classes else None
    return seconds_of(lambda: denoiser.predict_noise(x, middle, labels), denoiser.device)


def seconds_per_decode(denoiser: Denoiser, batch: int) -> float:
    """Wall-clock seconds of turning a finished batch into pixels."""
    x = torch.zeros(batch, *denoiser.shape, device=denoiser.device)
    return seconds_of(lambda: denoiser.decode(x), denoiser.device)


def seconds_of(call: Callable[[], object], device: torch.device) -> float:
    """Wall-clock seconds of the quicker of two calls, after a first one that warms up."""
    seconds = []
    for _ in range(3):
        synchronize(device)
        start = time.perf_counter()
        call()
        synchronize(device)
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])
