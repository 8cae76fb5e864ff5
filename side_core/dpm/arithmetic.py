"""In which number type and memory layout a U-Net is evaluated, and which of them is fastest here."""

import fcntl
import hashlib
import json
import math
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from side_core.dpm.forward import predict
from side_core.files.cache import cache_folder, discard, filling, used
from side_core.settings import Mode

_ANSWER = "answer.json"  # in an entry of the cache
_PROBE_BATCH = 16
_PROBE_ROUNDS = 3
_SLOW = 0.3  # seconds: a model that takes longer for one image is timed on one, once in each arithmetic
_PATIENCE, _PAUSE = 120.0, 0.05  # seconds to wait for another process's probe, and between two looks
_CLEARLY = 0.85  # of the time of `EXACT`: what takes more is not worth other pictures, and may be no faster at all


@dataclass(frozen=True)
class Arithmetic:
    """How a U-Net is evaluated: number type and memory layout of weights and activations."""

    dtype: torch.dtype
    layout: torch.memory_format

    def __str__(self) -> str:
        layout = " channels-last" if self.layout == torch.channels_last else ""
        return f"{str(self.dtype).removeprefix('torch.')}{layout}"


EXACT = Arithmetic(torch.float32, torch.channels_last)  # the faster of both layouts where it was measured
probed: dict[tuple[object, ...], Arithmetic] = {}  # what `fastest` found, by device and kind of U-Net
_probing = threading.Lock()  # two probes at once would time each other


def place(unet: Any, arithmetic: Arithmetic) -> None:
    """Convert the U-Net's weights in place."""
    torch.nn.Module.to(unet, dtype=arithmetic.dtype)  # diffusers' own `to` warns of modules that none of these have
    torch.nn.Module.to(unet, memory_format=arithmetic.layout)


def chosen(
    mode: Mode,
    recorded: str | None,
    unet: Any,
    shape: tuple[int, int, int],
    device: torch.device,
    evaluate: Callable[[Tensor], object] | None = None,
) -> Arithmetic:
    """The arithmetic of a mode; of fast mode the one that was recorded, where this device could choose it.

    Args:
        mode: `exact` is float32.
        recorded: text of the arithmetic that pictures were begun in, so that they go on alike; None: none were.
        unet: see `fastest`, as for the others.
        shape: the same.
        device: the same.
        evaluate: the same.
    """
    if mode == "exact":
        return EXACT
    known = next((found for found in candidates(device) if str(found) == recorded), None)
    return known or fastest(unet, shape, device, evaluate)


def candidates(device: torch.device) -> list[Arithmetic]:
    """What a device may be fastest in."""
    half = torch.float16 if device.type in ("cuda", "mps") else torch.bfloat16
    layouts = (torch.contiguous_format, torch.channels_last)
    return [Arithmetic(dtype, layout) for dtype in (torch.float32, half) for layout in layouts]


def fastest(
    unet: Any, shape: tuple[int, int, int], device: torch.device, evaluate: Callable[[Tensor], object] | None = None
) -> Arithmetic:
    """The fastest arithmetic here, or `EXACT` where none is clearly faster, so that one machine always finds the same.

    Each candidate is timed on a small batch, once for each kind of U-Net: the answer is kept in the cache, for this
    machine and these versions, so that another process draws the same pictures. Which one wins cannot be told from the
    hardware alone: on one CPU bfloat16 is nearly twice as fast as float32, on another slower, and group normalisation
    may prefer either layout. The float32 weights are left as they were.

    Args:
        unet: of diffusers.
        shape: (C, H, W) of what it works on.
        device: where it is.
        evaluate: one evaluation of a batch; left out: of class 0 where there are classes.
    """
    kind = (device.type, shape, str(sorted(unet.config.items(), key=str)))
    with _probing:
        if kind not in probed:
            folder = (
                cache_folder() / "arithmetic" / hashlib.sha256(f"{machine(device)}\n{kind}".encode()).hexdigest()[:32]
            )
            probed[kind] = kept(folder) or found_first(
                folder, lambda: probe(unet, shape, device, evaluate or (lambda x: _predict_any(unet, x)))
            )
        return probed[kind]


def machine(device: torch.device) -> str:
    """What decides which arithmetic is fast: processor and threads, or the GPU, and the version of PyTorch."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} {torch.__version__}"
    model = platform.processor() or platform.machine()
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    abilities = sorted(torch.cpu.get_capabilities().items())
    return f"{model} {os.cpu_count()} {torch.get_num_threads()} {device.type} {abilities} {torch.__version__}"


def kept(folder: Path) -> Arithmetic | None:
    """What was found before; None where nothing was, or it cannot be read."""
    try:
        found = json.loads((folder / _ANSWER).read_text(encoding="utf-8"))
        answer = Arithmetic(getattr(torch, found["dtype"]), getattr(torch, found["layout"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    used(folder)
    return answer if str(answer) == found.get("text") else None


def found_first(folder: Path, find: Callable[[], Arithmetic]) -> Arithmetic:
    """What `find` finds, or what another process has found and kept meanwhile: the first answer is everybody's.

    One process after the other looks, as two that probe at once would time each other. A cache that cannot be written
    is no reason to stop.
    """
    with _alone(folder.with_name(f".{folder.name}.lock")):
        if (known := kept(folder)) is not None:
            return known
        discard(folder)  # it is damaged, or not there
        arithmetic = find()
        dtype, layout = (str(part).removeprefix("torch.") for part in (arithmetic.dtype, arithmetic.layout))
        with suppress(ValueError), filling(folder) as unfinished:
            answer = {"dtype": dtype, "layout": layout, "text": str(arithmetic)}
            (unfinished / _ANSWER).write_text(json.dumps(answer), encoding="utf-8")
        return kept(folder) or arithmetic


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Wait until no other process is inside, but not for ever: one that hangs must not stop all others."""
    with ExitStack() as stack:
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            opened = stack.enter_context(file.open("w"))
            until = time.monotonic() + _PATIENCE
            while time.monotonic() < until:
                with suppress(BlockingIOError):
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)  # closing the file lets it go
                    break
                time.sleep(_PAUSE)
        yield


def probe(
    unet: Any, shape: tuple[int, int, int], device: torch.device, evaluate: Callable[[Tensor], object]
) -> Arithmetic:
    """Time all candidates in turns, so that a moment in which the machine is busy meets more than one of them.

    The winner and `EXACT` are then timed as often again. A slow model is busy for longer than such a moment, and too
    slow for all this.
    """
    all_of_them = candidates(device)
    weights = {name: value.clone() for name, value in unet.state_dict().items()}
    seconds = dict.fromkeys(all_of_them, math.inf)

    def timed(arithmetic: Arithmetic, batch: int, warm: bool) -> float:
        place(unet, arithmetic)
        x = torch.zeros(batch, *shape, device=device, dtype=arithmetic.dtype)
        x = x.contiguous(memory_format=arithmetic.layout)
        if warm:
            seconds_of_call(evaluate, x)
        return seconds_of_call(evaluate, x)

    slow = min(timed(EXACT, 1, warm) for warm in (True, False)) > _SLOW
    batch, rounds = (1, 1) if slow else (_PROBE_BATCH, _PROBE_ROUNDS)

    def best_of(among: Sequence[Arithmetic]) -> Arithmetic:
        for arithmetic in [*among] * rounds:
            seconds[arithmetic] = min(seconds[arithmetic], timed(arithmetic, batch, warm=not slow))
        best = min(seconds, key=seconds.__getitem__)
        return best if seconds[best] < _CLEARLY * seconds[EXACT] else EXACT

    best = best_of(all_of_them)
    if best != EXACT and not slow:
        best = best_of((EXACT, best))
    place(unet, EXACT)
    unet.load_state_dict(weights)
    return best


def _predict_any(unet: Any, x: Tensor) -> Tensor:
    """What an unconditional U-Net returns for x, or one with classes for the first of them."""
    labels = torch.zeros(len(x), dtype=torch.long, device=x.device) if unet.config.num_class_embeds else None
    return predict(unet, x, 500, labels)


@torch.no_grad()
def seconds_of_call(evaluate: Callable[[Tensor], object], x: Tensor) -> float:
    """Wall-clock seconds of one evaluation."""
    synchronize(x.device)
    start = time.perf_counter()
    evaluate(x)
    synchronize(x.device)
    return time.perf_counter() - start


def synchronize(device: torch.device) -> None:
    """Wait until the device has done its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
