"""Train a small unconditional pixel DPM: a resumable generator with averaged weights."""

import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DModel

from side_core.data.source import fitted
from side_core.data.training_set import TrainingSet
from side_core.dpm.batch import Batch, make_batch
from side_core.dpm.checkpoint import Counters, Learner
from side_core.dpm.device import open_device
from side_core.dpm.pipeline import read_pipeline
from side_core.progress import finish
from side_core.settings import TrainDpmSettings

CHECKPOINT = "checkpoint"
GROUPS = 16  # of group normalisation: channels are multiples of it


@dataclass(frozen=True)
class TrainingStep:
    """One optimiser step, as the training hands it out.

    Attributes:
        step: steps done so far, over all resumed runs.
        fraction: how much of the whole training is done, 0..1, by steps or by minutes.
        loss: mean squared error of the predicted noise (weighted as the settings say), over about 100 steps.
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


def new_unet(settings: TrainDpmSettings, image_size: int) -> UNet2DModel:
    """A U-Net (Ho et al. 2020), self-attention at its lowest resolution only; the seed alone decides its weights."""
    levels = len(settings.channels)
    with torch.random.fork_rng(devices=[]):  # leaves the process's own random state as it was
        torch.default_generator.manual_seed(settings.seed)
        return UNet2DModel(
            sample_size=image_size,
            in_channels=3,
            out_channels=3,
            layers_per_block=settings.layers_per_block,
            block_out_channels=settings.channels,
            down_block_types=("DownBlock2D",) * (levels - 1) + ("AttnDownBlock2D",),
            up_block_types=("AttnUpBlock2D",) + ("UpBlock2D",) * (levels - 1),
            norm_num_groups=GROUPS,
            attention_head_dim=settings.attention_head_dim,
        )


def open_at(data: TrainingSet, image_size: int) -> TrainingSet:
    """The images scaled and cropped to squares of `image_size` pixels."""
    return finish(fitted(data, (image_size, image_size)))


def starting_unet(folder: Path, image_size: int) -> UNet2DModel:
    """The U-Net of a model folder, to go on from.

    Raises:
        ValueError: it cannot be opened, works on latents, has classes, or draws images of another size.
    """
    pipeline = read_pipeline(folder)
    if pipeline.autoencoder is not None or pipeline.classes:
        kind = "class-conditional" if pipeline.classes else "latent"
        raise ValueError(f"'{folder}' is a {kind} model: only unconditional pixel models can be trained on.")
    if pipeline.image_size != (image_size, image_size):
        size = pipeline.unet.network.config.sample_size
        raise ValueError(f"'{folder}' draws images of {size} pixels, the data has {image_size}: use one size.")
    return pipeline.unet.load()


def learning_rate_at(settings: TrainDpmSettings, step: int, fraction: float) -> float:
    """Linear warm-up, constant, then a linear fall to 0 in the last `decay_fraction` of the run."""
    warmup = min(1.0, (step + 1) / max(settings.warmup_steps, 1))
    decay = min(1.0, (1 - fraction) / settings.decay_fraction) if settings.decay_fraction else 1.0
    return settings.learning_rate * warmup * max(decay, 0.0)


def check_request(data: TrainingSet, settings: TrainDpmSettings, out: Path, device: str) -> None:
    """Raise ValueError for what cannot be trained: see `train_dpm`. Makes the folder `out`."""
    if settings.steps is None and settings.minutes is None:
        raise ValueError("How long to train is not said: give steps or minutes.")
    height, width = data.size
    divisor = 2 ** (len(settings.channels) - 1)
    if height != width or height % divisor:
        raise ValueError(
            f"Images of {height} x {width} pixels cannot be trained on: use squares divisible by {divisor}."
        )
    if any(channels < GROUPS or channels % GROUPS for channels in settings.channels):
        raise ValueError(f"Channels {' '.join(map(str, settings.channels))} cannot be: choose multiples of {GROUPS}.")
    if settings.attention_head_dim > settings.channels[-1]:
        raise ValueError(
            f"Attention heads of width {settings.attention_head_dim} do not fit into {settings.channels[-1]} channels: "
            "make the heads narrower or the last level wider."
        )
    open_device(device)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"Folder '{out}' cannot be written ({error.strerror}): choose another one.") from None


def train_dpm(
    data: TrainingSet,
    settings: TrainDpmSettings,
    out: Path,
    resume: bool = False,
    init: Path | None = None,
    device: str = "cpu",
) -> Iterator[TrainingStep]:
    """Train a noise-predicting DPM on `data` (Ho et al. 2020, algorithm 1) and write a diffusers folder.

    The random numbers of step k depend on the seed and k alone, so a resumed run continues the same course.
    At the end, and whenever the caller stops iterating, a checkpoint to resume from stands in `out/checkpoint`;
    at the end the averaged weights are written to `out` as a half-precision diffusers pipeline with `card.json`.

    Args:
        data: square images, sides divisible by 2 ** (levels - 1), or of any size where the settings name one.
        settings: `steps` or `minutes` says when to stop, `stop_at` that it may be sooner.
        out: folder for the model.
        resume: continue from `out/checkpoint`.
        init: a checked model folder whose weights to start from.
        device: where to train.

    Raises:
        ValueError: neither steps nor minutes given; images, channels or device that do not fit; nothing to resume,
            or not by these settings; a folder that cannot be written; a loss that is not finite.
    """
    if settings.image_size is not None:
        data = open_at(data, settings.image_size)
    check_request(data, settings, out, device)
    height, _ = data.size
    unet = new_unet(settings, height) if init is None else starting_unet(init, height)
    unet.to(device, memory_format=torch.channels_last)
    learner = Learner(unet, torch.optim.AdamW(unet.parameters(), lr=settings.learning_rate, fused=True))
    if resume:
        learner.load(out / CHECKPOINT)
    scheduler = DDIMScheduler(
        num_train_timesteps=settings.train_timesteps, beta_schedule=settings.beta_schedule, clip_sample=True
    )
    network = torch.compile(unet) if settings.compile else unet
    images = torch.from_numpy(np.array(data.images)).permute(0, 3, 1, 2).float().div(127.5).sub(1)

    def write(folder: Path) -> None:
        learner.write_model(folder, scheduler, training_card(data, settings, learner.counters, init, device))

    spoiled = False
    try:
        while not stopped_early(settings, learner.counters.step) and (
            (fraction := fraction_done(settings, learner.counters.step, learner.counters.seconds)) < 1
        ):
            start, step = time.perf_counter(), learner.counters.step
            batch = make_batch(images, scheduler.alphas_cumprod, settings, step)
            loss = train_step(learner, network, batch, settings, learning_rate_at(settings, step, fraction))
            if not loss < float("inf"):
                spoiled = True  # by these weights: leave the last checkpoint as it is
                raise ValueError(f"The loss became {loss} at step {step}: lower the learning rate and resume.")
            learner.counters = learner.counters.after(loss, time.perf_counter() - start)
            if learner.counters.step % settings.save_every == 0:
                learner.save(out / CHECKPOINT)
            if settings.keep_every and learner.counters.step % settings.keep_every == 0:
                write(out / "kept" / f"step-{learner.counters.step:06d}")
            now = learner.counters
            yield TrainingStep(now.step, fraction_done(settings, now.step, now.seconds), now.loss, now.seconds)
    finally:
        if not spoiled and learner.saved_at != learner.counters.step:
            learner.save(out / CHECKPOINT)
    write(out)


def train_step(learner: Learner, network: Any, batch: Batch, settings: TrainDpmSettings, learning_rate: float) -> float:
    """One optimiser step (Ho et al. 2020, algorithm 1, lines 2 to 5) and the loss before it.

    Args:
        learner: whose weights, moments and averages change.
        network: the learner's U-Net, compiled or not.
        batch: what to learn from.
        settings: precision, clipping and averaging.
        learning_rate: of this step.
    """
    device = learner.unet.device
    noisy = batch.noisy.to(device, memory_format=torch.channels_last)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=settings.bfloat16):
        predicted = network(noisy, batch.timesteps.to(device)).sample
    squares = (predicted.float() - batch.noise.to(device)).square()
    loss = (batch.weights.to(device) * squares).mean()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(learner.unet.parameters(), settings.gradient_clip)
    for group in learner.optimizer.param_groups:
        group["lr"] = learning_rate
    learner.optimizer.step()
    learner.optimizer.zero_grad()
    step = learner.counters.step
    learner.average(min(settings.ema_decay, (1 + step) / (10 + step)))  # follows quickly at first
    return loss.item()


def fraction_done(settings: TrainDpmSettings, step: int, seconds: float) -> float:
    """How much of the whole training is done, 0..1, whichever of steps and minutes ends first."""
    by_steps = step / settings.steps if settings.steps else 0.0
    by_time = seconds / (60 * settings.minutes) if settings.minutes else 0.0
    return min(1.0, max(by_steps, by_time))


def stopped_early(settings: TrainDpmSettings, step: int) -> bool:
    """Whether the step at which to stop early has come."""
    return settings.stop_at is not None and step >= settings.stop_at


def training_card(
    data: TrainingSet, settings: TrainDpmSettings, counters: Counters, init: Path | None, device: str
) -> dict:
    """What a reader must know of a trained model: data, settings, steps, loss, hardware, time."""
    name = torch.cuda.get_device_name() if device.startswith("cuda") else f"{platform.machine()} CPU"
    return {
        "kind": "unconditional pixel DPM",
        "data": {"source": data.name, "rows": len(data), "fingerprint": data.fingerprint},
        "settings": settings.model_dump(mode="json"),
        "init": str(init) if init else None,
        "steps": counters.step,
        "loss": round(counters.loss, 5),
        "minutes": round(counters.seconds / 60, 1),
        "hardware": f"{name}, {torch.get_num_threads()} threads",
        "torch": version("torch"),
    }
