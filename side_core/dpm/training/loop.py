"""The loop that every training of a network shares: steps, learning rate, averaged weights, checkpoints."""

import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor

from side_core.dpm.training.checkpoint import Counters, Learner
from side_core.settings import LearningSettings

CHECKPOINT = "checkpoint"


@dataclass(frozen=True)
class TrainingStep:
    """One optimiser step, as the training hands it out.

    Attributes:
        step: steps done so far, over all resumed runs.
        fraction: how much of the whole training is done, 0..1, by steps or by minutes.
        loss: what is being made small, over about 100 steps.
        seconds: training time so far, over all resumed runs.
    """

    step: int
    fraction: float
    loss: float
    seconds: float

    @property
    def seconds_left(self) -> float:
        """Estimate from the pace so far."""
        return self.seconds * (1 - self.fraction) / max(self.fraction, 1e-9)


def new_learner(network: torch.nn.Module, settings: LearningSettings) -> Learner:
    """A network with its optimiser, AdamW."""
    return Learner(network, torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, fused=True))


def learn(
    learner: Learner, loss_at: Callable[[int], Tensor], settings: LearningSettings, checkpoint: Path
) -> Iterator[TrainingStep]:
    """Train until the settings' steps or minutes are over.

    At the end, and whenever the caller stops iterating, a checkpoint to resume from stands in `checkpoint`.

    Args:
        learner: whose weights, moments and averages change.
        loss_at: the loss of a step by its 0-based number; what it draws follows from that number alone, so that a
            resumed run continues the same course.
        settings: pace and end.
        checkpoint: the folder to save to.

    Raises:
        ValueError: the loss is not finite.
    """
    spoiled = False
    try:
        while not _stopped_early(settings, learner.counters.step) and (
            (fraction := fraction_done(settings, learner.counters.step, learner.counters.seconds)) < 1
        ):
            start, step = time.perf_counter(), learner.counters.step
            loss = _take_step(learner, loss_at(step), settings, learning_rate_at(settings, step, fraction))
            if not loss < float("inf"):
                spoiled = True  # by these weights: leave the last checkpoint as it is
                raise ValueError(f"The loss became {loss} at step {step}: lower the learning rate and resume.")
            learner.counters = learner.counters.after(loss, time.perf_counter() - start)
            if learner.counters.step % settings.save_every == 0:
                learner.save(checkpoint)
            now = learner.counters
            yield TrainingStep(now.step, fraction_done(settings, now.step, now.seconds), now.loss, now.seconds)
    finally:
        if not spoiled and learner.saved_at != learner.counters.step:
            learner.save(checkpoint)


def _take_step(learner: Learner, loss: Tensor, settings: LearningSettings, learning_rate: float) -> float:
    """One optimiser step, and the loss before it.

    Args:
        learner: whose weights, moments and averages change.
        loss: a scalar that depends on the weights.
        settings: clipping and averaging.
        learning_rate: of this step.
    """
    loss.backward()
    torch.nn.utils.clip_grad_norm_(learner.network.parameters(), settings.gradient_clip)
    for group in learner.optimizer.param_groups:
        group["lr"] = learning_rate
    learner.optimizer.step()
    learner.optimizer.zero_grad()
    step = learner.counters.step
    learner.average(min(settings.ema_decay, (1 + step) / (10 + step)))  # follows quickly at first
    return loss.item()


def learning_rate_at(settings: LearningSettings, step: int, fraction: float) -> float:
    """Linear warm-up, constant, then a linear fall to 0 in the last `decay_fraction` of the run."""
    warmup = min(1.0, (step + 1) / max(settings.warmup_steps, 1))
    decay = min(1.0, (1 - fraction) / settings.decay_fraction) if settings.decay_fraction else 1.0
    return settings.learning_rate * warmup * max(decay, 0.0)


def fraction_done(settings: LearningSettings, step: int, seconds: float) -> float:
    """How much of the whole training is done, 0..1, whichever of steps and minutes ends first."""
    by_steps = step / settings.steps if settings.steps else 0.0
    by_time = seconds / (60 * settings.minutes) if settings.minutes else 0.0
    return min(1.0, max(by_steps, by_time))


def _stopped_early(settings: LearningSettings, step: int) -> bool:
    """Whether the step at which to stop early has come."""
    return settings.stop_at is not None and step >= settings.stop_at


def check_length(settings: LearningSettings) -> None:
    """Raise ValueError where it is not said when to stop."""
    if settings.steps is None and settings.minutes is None:
        raise ValueError("How long to train is not said: give steps or minutes.")


def effort(counters: Counters, device: str) -> dict[str, object]:
    """What a card says of how a training went: steps, loss, minutes, hardware."""
    name = torch.cuda.get_device_name() if device.startswith("cuda") else f"{platform.machine()} CPU"
    return {
        "steps": counters.step,
        "loss": round(counters.loss, 5),
        "minutes": round(counters.seconds / 60, 1),
        "hardware": f"{name}, {torch.get_num_threads()} threads",
        "torch": version("torch"),
    }
