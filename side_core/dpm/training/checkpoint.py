"""What a training changes as it goes, and how that is saved, resumed and shipped."""

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor


@dataclass(frozen=True)
class Counters:
    """How far a training is, over all resumed runs.

    Attributes:
        step: steps done.
        seconds: training time.
        loss: running mean of the loss; NaN before the first step.
    """

    step: int = 0
    seconds: float = 0.0
    loss: float = float("nan")

    def after(self, loss: float, seconds: float) -> "Counters":
        """One step further; the loss is averaged over about 100 steps."""
        mean = loss if self.step == 0 or self.loss != self.loss else 0.99 * self.loss + 0.01 * loss
        return Counters(self.step + 1, self.seconds + seconds, mean)


@dataclass
class Learner:
    """A network in training: live weights, averaged weights, optimiser moments, counters."""

    network: torch.nn.Module
    optimizer: torch.optim.Optimizer
    counters: Counters = field(default_factory=Counters)
    averaged: dict[str, Tensor] = field(init=False)
    saved_at: int = field(default=-1, init=False)

    def __post_init__(self) -> None:
        self.averaged = {name: value.detach().clone() for name, value in self.network.state_dict().items()}

    def average(self, decay: float) -> None:
        """Move the averaged weights towards the live ones (exponential moving average)."""
        live = self.network.state_dict()
        torch._foreach_lerp_(list(self.averaged.values()), [live[name] for name in self.averaged], 1 - decay)

    def save(self, folder: Path) -> None:
        """Write all that resuming needs under another name, then swap: a kill leaves the last checkpoint or this one.

        Raises:
            ValueError: it cannot be written.
        """
        partial, old = (folder.with_name(f"{folder.name}.{end}") for end in ("partial", "old"))
        partial.mkdir(parents=True, exist_ok=True)
        moments = {
            f"{key}/{name}": value
            for name, parameter in self.network.named_parameters()
            for key, value in self.optimizer.state[parameter].items()
        }
        parts = {"weights": self.network.state_dict(), "averaged": self.averaged, "optimizer": moments}
        for file, tensors in parts.items():
            write_tensors(partial / f"{file}.safetensors", tensors)
        (partial / "state.json").write_text(json.dumps(asdict(self.counters)))
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        partial.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
        self.saved_at = self.counters.step

    def load(self, folder: Path) -> None:
        """Take up where a checkpoint stopped.

        Raises:
            ValueError: there is no checkpoint in `folder`, it is damaged, or it is of another network.
        """
        if not folder.exists() and folder.with_name(f"{folder.name}.old").exists():
            folder = folder.with_name(f"{folder.name}.old")  # killed between the two renames of `save`
        if not (folder / "state.json").is_file():
            raise ValueError(f"There is nothing to resume in '{folder}': start anew.")
        try:
            self.network.load_state_dict(load_file(folder / "weights.safetensors"))
            for name, value in load_file(folder / "averaged.safetensors").items():
                self.averaged[name].copy_(value)
            for key, value in load_file(folder / "optimizer.safetensors").items():
                moment, name = key.split("/", 1)
                parameter = self.network.get_parameter(name)
                # Moments need the memory layout of their parameter: the fused AdamW reads both element by element.
                restored = torch.empty_like(parameter).copy_(value) if moment != "step" else value
                self.optimizer.state[parameter][moment] = restored
            self.counters = Counters(**json.loads((folder / "state.json").read_text()))
        except (OSError, SafetensorError, json.JSONDecodeError) as error:
            raise ValueError(f"The checkpoint in '{folder}' is damaged ({error}): start anew.") from None
        except (RuntimeError, KeyError, AttributeError, TypeError):
            raise ValueError(
                f"The checkpoint in '{folder}' does not fit the network of these settings: "
                "give those it was trained with."
            ) from None
        self.saved_at = self.counters.step


def write_tensors(file: Path, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file.

    Raises:
        ValueError: it cannot be written, for example because the disk is full.
    """
    try:
        save_file({key: value.contiguous() for key, value in tensors.items()}, file)
    except SafetensorError as error:
        raise ValueError(f"'{file}' cannot be written ({error}): free some space or choose another folder.") from None
