"""Train a small unconditional pixel DPM: a resumable generator with averaged weights."""

import json
import platform
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import DDIMPipeline, DDIMScheduler, UNet2DModel
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from side_core.data.training_set import TrainingSet
from side_core.dpm.folder import load_unet
from side_core.settings import TrainDpmSettings

CHECKPOINT = "checkpoint"
SMALLEST_ALPHA = 0.05  # bounds the weight of the velocity loss, which would grow without limit towards pure noise
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


def draw_timesteps(settings: TrainDpmSettings, generator: torch.Generator) -> Tensor:
    """(batch_size,) timesteps 0..T-1, evenly spread over their distribution: less noisy losses.

    Spread as in Kingma et al. 2021, appendix I.1; logit-normal as in Esser et al. 2024, section 3.1 (m = 0, s = 1).
    """
    count = settings.batch_size
    shares = (torch.rand((), generator=generator) + torch.arange(count) / count) % 1
    if settings.timesteps == "logit-normal":
        shares = torch.sigmoid(settings.timestep_shift + torch.special.ndtri(shares.double().clamp(1e-6, 1 - 1e-6)))
    return (shares * settings.train_timesteps).long()


def batch_rows(step: int, batch_size: int, rows: int, seed: int) -> Tensor:
    """(batch_size,) row numbers of one step; every row comes once an epoch, in an order that depends on the seed."""
    position = step * batch_size + torch.arange(batch_size)
    epochs = position // rows
    picked = torch.empty_like(position)
    for epoch in epochs.unique().tolist():
        order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch))
        here = epochs == epoch
        picked[here] = order[position[here] % rows]
    return picked


def learning_rate_at(settings: TrainDpmSettings, step: int, fraction: float) -> float:
    """Linear warm-up, constant, then a linear fall to 0 in the last `decay_fraction` of the run."""
    warmup = min(1.0, (step + 1) / max(settings.warmup_steps, 1))
    decay = min(1.0, (1 - fraction) / settings.decay_fraction) if settings.decay_fraction else 1.0
    return settings.learning_rate * warmup * max(decay, 0.0)


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
        data: square images, sides divisible by 2 ** (levels - 1).
        settings: `steps` or `minutes` says when to stop.
        out: folder for the model.
        resume: continue from `out/checkpoint`.
        init: a checked model folder whose weights to start from.
        device: where to train.

    Raises:
        ValueError: neither steps nor minutes given; images, channels or device that do not fit; nothing to resume,
            or not by these settings; a folder that cannot be written; a loss that is not finite.
    """
    if settings.steps is None and settings.minutes is None:
        raise ValueError("How long to train is not said: give steps or minutes.")
    height, width = data.size
    divisor = 2 ** (len(settings.channels) - 1)
    if height != width or height % divisor:
        raise ValueError(
            f"Images of {height} x {width} pixels cannot be trained on: use squares divisible by {divisor}."
        )
    if any(width < GROUPS or width % GROUPS for width in settings.channels):
        raise ValueError(f"Channels {' '.join(map(str, settings.channels))} cannot be: choose multiples of {GROUPS}.")
    if settings.attention_head_dim > settings.channels[-1]:
        raise ValueError(
            f"Attention heads of width {settings.attention_head_dim} do not fit into {settings.channels[-1]} channels: "
            "make the heads narrower or the last level wider."
        )
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError):
        raise ValueError(f"Device '{device}' cannot be used here: choose cpu, cuda or mps.") from None
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"Folder '{out}' cannot be written ({error.strerror}): choose another one.") from None
    unet = new_unet(settings, height) if init is None else load_unet(init)
    if unet.config.sample_size not in (height, [height, width]):
        raise ValueError(
            f"'{init}' draws images of {unet.config.sample_size} pixels, the data has {height}: use one size."
        )
    unet.to(device, memory_format=torch.channels_last)
    averaged = {name: value.detach().clone() for name, value in unet.state_dict().items()}
    optimizer = torch.optim.AdamW(unet.parameters(), lr=settings.learning_rate, fused=True)
    scheduler = DDIMScheduler(
        num_train_timesteps=settings.train_timesteps, beta_schedule=settings.beta_schedule, clip_sample=True
    )
    state = {"step": 0, "seconds": 0.0, "loss": float("nan")}
    if resume:
        state = load_checkpoint(out / CHECKPOINT, unet, averaged, optimizer)
    run = torch.compile(unet) if settings.compile else unet
    images = torch.from_numpy(data.images).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    alphas = scheduler.alphas_cumprod

    def write(folder: Path) -> None:
        write_model(folder, unet, averaged, scheduler, training_card(data, settings, state, init, device))

    saved = state["step"] if resume else -1
    try:
        while (fraction := fraction_done(settings, state["step"], state["seconds"])) < 1:
            start = time.perf_counter()
            step = int(state["step"])
            generator = torch.Generator().manual_seed(settings.seed * 1_000_000_007 + step)
            clean = images[batch_rows(step, settings.batch_size, len(images), settings.seed)]
            noise = torch.randn(clean.shape, generator=generator)
            timesteps = draw_timesteps(settings, generator)
            signal = alphas[timesteps].view(-1, 1, 1, 1)
            noisy = (signal.sqrt() * clean + (1 - signal).sqrt() * noise).to(device, memory_format=torch.channels_last)
            with torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=settings.bfloat16):
                predicted = run(noisy, timesteps.to(device)).sample
            weight = 1 / signal.clamp(min=SMALLEST_ALPHA) if settings.loss == "velocity" else torch.ones_like(signal)
            loss = (weight.to(device) * (predicted.float() - noise.to(device)).square()).mean()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(unet.parameters(), settings.gradient_clip)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate_at(settings, step, fraction)
            optimizer.step()
            optimizer.zero_grad()
            decay = min(settings.ema_decay, (1 + step) / (10 + step))
            live = unet.state_dict()
            torch._foreach_lerp_(list(averaged.values()), [live[name] for name in averaged], 1 - decay)
            value = loss.item()
            if not value < float("inf"):
                saved = state["step"]  # these weights are spoiled: leave the last checkpoint as it is
                raise ValueError(f"The loss became {value} at step {step}: lower the learning rate and resume.")
            smooth = value if step == 0 or state["loss"] != state["loss"] else 0.99 * state["loss"] + 0.01 * value
            state = {"step": step + 1, "seconds": state["seconds"] + time.perf_counter() - start, "loss": smooth}
            if state["step"] % settings.save_every == 0:
                save_checkpoint(out / CHECKPOINT, unet, averaged, optimizer, state)
                saved = state["step"]
            if settings.keep_every and state["step"] % settings.keep_every == 0:
                write(out / "kept" / f"step-{state['step']:06d}")
            yield TrainingStep(
                int(state["step"]), fraction_done(settings, state["step"], state["seconds"]), smooth, state["seconds"]
            )
    finally:
        if saved != state["step"]:
            save_checkpoint(out / CHECKPOINT, unet, averaged, optimizer, state)
    write(out)


def fraction_done(settings: TrainDpmSettings, step: float, seconds: float) -> float:
    """How much of the whole training is done, 0..1, whichever of steps and minutes ends first."""
    by_steps = step / settings.steps if settings.steps else 0.0
    by_time = seconds / (60 * settings.minutes) if settings.minutes else 0.0
    return min(1.0, max(by_steps, by_time))


def training_card(data: TrainingSet, settings: TrainDpmSettings, state: dict, init: Path | None, device: str) -> dict:
    """What a reader must know of a trained model: data, settings, steps, loss, hardware, time."""
    name = torch.cuda.get_device_name() if device.startswith("cuda") else f"{platform.machine()} CPU"
    return {
        "kind": "unconditional pixel DPM",
        "data": {"source": data.name, "rows": len(data), "fingerprint": data.fingerprint},
        "settings": settings.model_dump(mode="json"),
        "init": str(init) if init else None,
        "steps": state["step"],
        "loss": round(state["loss"], 5),
        "minutes": round(state["seconds"] / 60, 1),
        "hardware": f"{name}, {torch.get_num_threads()} threads",
        "torch": torch.__version__,
    }


def write_model(folder: Path, unet: UNet2DModel, averaged: dict, scheduler: DDIMScheduler, card: dict) -> None:
    """Write the averaged weights as a half-precision diffusers pipeline folder with its card."""
    with torch.random.fork_rng(devices=[]):  # new weights are drawn, then replaced
        model = UNet2DModel.from_config(unet.config)
    model.load_state_dict(averaged)
    DDIMPipeline(unet=model.half(), scheduler=scheduler).save_pretrained(folder)
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")


def save_checkpoint(
    folder: Path, unet: UNet2DModel, averaged: dict, optimizer: torch.optim.Optimizer, state: dict
) -> None:
    """Write everything that resuming needs, under another name first, so that a kill leaves the last one whole."""
    partial = folder.with_name(folder.name + ".partial")
    partial.mkdir(parents=True, exist_ok=True)
    moments: dict[str, Tensor] = {}
    for name, parameter in unet.named_parameters():
        for key, value in optimizer.state[parameter].items():
            moments[f"{key}/{name}"] = value.contiguous()
    for file, tensors in (("weights", unet.state_dict()), ("averaged", averaged), ("optimizer", moments)):
        write_tensors(partial / f"{file}.safetensors", tensors)
    (partial / "state.json").write_text(json.dumps(state))
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def write_tensors(file: Path, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file.

    Raises:
        ValueError: it cannot be written, for example because the disk is full.
    """
    try:
        save_file({key: value.contiguous() for key, value in tensors.items()}, file)
    except SafetensorError as error:
        raise ValueError(f"'{file}' cannot be written ({error}): free some space or choose another folder.") from None


def load_checkpoint(folder: Path, unet: UNet2DModel, averaged: dict, optimizer: torch.optim.Optimizer) -> dict:
    """Put a checkpoint's weights, averages and optimiser moments in place and return its counters.

    Raises:
        ValueError: there is no checkpoint in `folder`, it is damaged, or it is of another network.
    """
    if not (folder / "state.json").is_file():
        raise ValueError(f"There is nothing to resume in '{folder}': leave out --resume to start anew.")
    try:
        unet.load_state_dict(load_file(folder / "weights.safetensors"))
        for name, value in load_file(folder / "averaged.safetensors").items():
            averaged[name].copy_(value)
        for key, value in load_file(folder / "optimizer.safetensors").items():
            moment, name = key.split("/", 1)
            parameter = unet.get_parameter(name)
            # Moments need the memory layout of their parameter: the fused AdamW reads both element by element.
            restored = torch.empty_like(parameter).copy_(value) if moment != "step" else value
            optimizer.state[parameter][moment] = restored
        return json.loads((folder / "state.json").read_text())
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(
            f"The checkpoint in '{folder}' is damaged ({error}): leave out --resume to start anew."
        ) from None
    except (RuntimeError, KeyError, AttributeError):
        raise ValueError(
            f"The checkpoint in '{folder}' does not fit the network of these settings: give those it was trained with."
        ) from None
