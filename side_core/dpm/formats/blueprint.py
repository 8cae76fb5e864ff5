"""A network as its folder describes it, before any weight is loaded: what cannot fit is found here, at no cost."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from side_core.dpm.formats.config import first_line, read_config, shown, whole_number
from side_core.dpm.formats.third_party_logs import quiet
from side_core.files.paths import check_allowed

WEIGHTS = "diffusion_pytorch_model.safetensors"
SHARDS = f"{WEIGHTS}.index.json"
_SHARD = re.compile(r".+-\d{5}-of-\d{5}\.safetensors")
_BYTES = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2}  # number types that weights may have
_NAMES = {"F64": "float64", "F32": "float32", "BF16": "bfloat16", "F16": "float16"}
_MOST_CHANNELS = 2**16  # a layer wider than this is a typing mistake
_MOST_BLOCKS = 64  # on the way down; SDXL has three
MOST_LAYERS = 256  # of a block; SDXL's have two, with ten transformers in each
_MOST_TENSORS = 2**14  # of a network; SDXL's U-Net has 1,680
_MOST_SHARDS = 256
_MOST_HEADER_BYTES = 2**23  # of a safetensors file; that of SDXL's U-Net has 240,000
LEAST_TENSORS = 8  # of a layer, or of a transformer in it, on the way down and up together

# Attention layers were called otherwise before diffusers 0.14, and the first models on the Hub still are.
_FORMER = re.compile(r"\.(query|key|value|proj_attn)\.(weight|bias)$")
_PRESENT = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}


@dataclass(frozen=True)
class Stored:
    """Where one tensor lies.

    Attributes:
        file: the safetensors file.
        name: its name in there, which may be a former one.
        dtype: number type, in the words of safetensors.
        shape: its shape.
    """

    file: Path
    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Blueprint:
    """A network whose weights are known to fit, but are not loaded.

    Attributes:
        folder: where its `config.json` and weights are.
        config: what its `config.json` says, defaults left out.
        network: the module on torch's meta device, which holds shapes only.
        stored: where each of its tensors lies, by its name in the network.
    """

    folder: Path
    config: dict[str, Any]
    network: Any
    stored: dict[str, Stored]

    @property
    def parameters(self) -> int:
        """How many numbers it has learnt."""
        return sum(torch.Size(tensor.shape).numel() for tensor in self.stored.values())

    @property
    def dtypes(self) -> set[str]:
        """Number types of the files, in torch's words."""
        return {_NAMES[tensor.dtype] for tensor in self.stored.values()}

    def load(self) -> Any:
        """The network with its weights in float32, on the CPU, in evaluation mode.

        Raises:
            ValueError: the weights cannot be read.
        """
        network = copy.deepcopy(self.network)
        try:
            network.load_state_dict(self.read(), assign=True)
        except (SafetensorError, OSError, RuntimeError, ValueError) as error:
            raise _damaged(self.folder, error) from None
        if any(tensor.is_meta for tensor in network.buffers()):
            raise ValueError(
                f"The network in '{self.folder}' has layers whose numbers are not in its weights: "
                "only the ordinary blocks of diffusers can be opened."
            )
        return network.eval()

    def read(self) -> dict[str, torch.Tensor]:
        """All tensors in float32, copied out of their files."""
        tensors = {}
        for file in {tensor.file for tensor in self.stored.values()}:
            with safe_open(file, "pt") as opened:
                for name, tensor in self.stored.items():
                    if tensor.file == file:
                        tensors[name] = opened.get_tensor(tensor.name).to(torch.float32, copy=True)
        return tensors


def draft(folder: Path, kind: type) -> Blueprint:
    """The blueprint of one network of a pipeline.

    Args:
        folder: its folder, with `config.json` and safetensors weights.
        kind: diffusers' class.

    Raises:
        ValueError: configuration or weights are missing or damaged, or do not fit each other.
    """
    config = read_config(folder / "config.json")
    found: dict[str, Stored] = {}
    for file in weight_files(folder):
        found |= tensors_in(file)
    _check_extent(config, len(found), folder / "config.json")
    network = build(lambda: kind.from_config(config), folder)  # type: ignore[attr-defined]
    return Blueprint(folder, config, network, matched(network, found, folder))


def weight_files(folder: Path, name: str = WEIGHTS) -> list[Path]:
    """The safetensors files of a network, one or several.

    Args:
        folder: of the network.
        name: of the file, where it is one.

    Raises:
        ValueError: there are none, only pickles, or they lie where a public app may not read.
    """
    index = folder / f"{name}.index.json"
    if (folder / name).is_file():
        files = [folder / name]
    elif index.is_file():
        shards = read_config(index).get("weight_map")
        names = set(shards.values()) if isinstance(shards, dict) and all(map(_plain, shards.values())) else set()
        files = [folder / name for name in sorted(names)]
        if len(files) > _MOST_SHARDS:
            raise ValueError(f"'{index}' names {len(files):,} files, more than {_MOST_SHARDS}: save the model again.")
        if not files or not all(file.is_file() for file in files):
            raise ValueError(f"'{index}' names weights that are not there: copy the folder again.")
    else:
        raise ValueError(_lacking(folder, name))
    return [check_allowed(file, str(file)) for file in files]


def _plain(name: object) -> bool:
    """Whether it is the name of a safetensors file in the same folder."""
    return isinstance(name, str) and name.endswith(".safetensors") and Path(name).name == name


def _lacking(folder: Path, name: str) -> str:
    """The sentence for a folder without weights of this name."""
    if (folder / name).exists() or (folder / name).is_symlink():
        return f"'{folder / name}' is no plain file: copy the folder again."
    if pickles := sorted(folder.glob("*.bin")):
        return f"'{pickles[0]}' is a pickle, which could run code: save the model again with safe_serialization=True."
    if any(_SHARD.fullmatch(file.name) for file in folder.glob("*.safetensors")):
        return (
            f"The weights in '{folder}' are in parts, but {name}.index.json, which names them, is missing: copy it too."
        )
    if others := sorted(folder.glob("*.safetensors")):
        return f"The weights in '{folder}' are called {others[0].name}: rename the file to {name}."
    return f"'{folder}' has no weights: a file {name} is needed."


def tensors_in(file: Path, leave_out: str = "") -> dict[str, Stored]:
    """What a safetensors file holds, by its header alone.

    Args:
        file: of any network.
        leave_out: the end of names that do not count.

    Raises:
        ValueError: the header is damaged, does not go with the file's size, or names integers.
    """
    found = {}
    _check_header(file)
    try:
        with safe_open(file, "pt") as opened:
            names = opened.keys()
            check_tensors(len(names), file)
            for name in names:
                if leave_out and name.endswith(leave_out):
                    continue
                part = opened.get_slice(name)
                found[name] = Stored(file, name, str(part.get_dtype()), tuple(part.get_shape()))
    except TooLargeError:
        raise
    except (SafetensorError, OSError, RuntimeError, ValueError, TypeError) as error:
        raise _damaged(file.parent, error) from None
    odd = next((tensor for tensor in found.values() if tensor.dtype not in _BYTES), None)
    if odd is not None:
        raise _damaged(file.parent, f"'{shown(odd.name)}' has number type {odd.dtype}")
    return found


class TooLargeError(ValueError):
    """Something in a model's files is far larger than in any sane model; its text is the sentence."""


def _check_header(file: Path) -> None:
    """Raise TooLargeError for a safetensors file whose header, by its first eight bytes, is absurdly long."""
    try:
        with file.open("rb") as opened:
            size = int.from_bytes(opened.read(8), "little")
    except OSError:
        return  # said where it is read
    if _MOST_HEADER_BYTES < size <= file.stat().st_size:
        raise TooLargeError(
            f"The header of '{file}' has {size:,} bytes, more than {_MOST_HEADER_BYTES:,}: save the model again."
        )


def check_tensors(count: int, file: Path) -> None:
    """Raise TooLargeError for more tensors than any sane network has."""
    if count > _MOST_TENSORS:
        raise TooLargeError(f"'{file}' holds {count:,} tensors, more than {_MOST_TENSORS:,}: save the model again.")


def _check_extent(config: dict[str, Any], tensors: int, file: Path) -> None:
    """Raise ValueError for a network that would take for ever to build: absurd numbers, or more layers than weights.

    Args:
        config: of a U-Net or an autoencoder.
        tensors: how many its weights hold.
        file: that the configuration is from.
    """
    check_tensors(tensors, file.parent)
    types, widths = config.get("down_block_types"), config.get("block_out_channels", [1])
    for name in ("down_block_types", "up_block_types", "block_out_channels"):
        value = config.get(name)
        if isinstance(value, list) and len(value) > _MOST_BLOCKS:
            raise TooLargeError(
                f"{name} names {len(value):,} blocks in '{file}', more than {_MOST_BLOCKS}: save the model again."
            )
    if not isinstance(widths, list) or not widths or not all(type(width) is int for width in widths):
        raise unfit(file.parent, f"block_out_channels is {shown(widths)}")
    if not all(1 <= width <= _MOST_CHANNELS for width in widths):
        raise unfit(file.parent, f"block_out_channels is {shown(widths)}")
    layers = whole_number({"layers_per_block": 1} | config, "layers_per_block", file, 1, MOST_LAYERS)
    if layers * len(widths) * LEAST_TENSORS > tensors:
        raise unfit(file.parent, f"layers_per_block is {layers} in {len(widths)} blocks, with {tensors} tensors")
    attending = [isinstance(kind, str) and "CrossAttn" in kind for kind in types] if isinstance(types, list) else []
    for name in ("transformer_layers_per_block", "reverse_transformer_layers_per_block"):
        _check_transformers(name, config.get(name), layers, attending, tensors, file)


def _check_transformers(name: str, value: Any, layers: int, attending: list[bool], tensors: int, file: Path) -> None:
    """The same for the transformers of a text-to-image U-Net.

    Args:
        name: of the entry.
        value: how many stand in each layer: one number, one for each block, or one for each layer of each block.
        layers: of a block.
        attending: of each block on the way down, whether it has any.
        tensors: how many the weights hold.
        file: that the configuration is from.
    """
    if value is None:
        return
    blocks = value if isinstance(value, list) else [value] * max(1, sum(attending))
    if isinstance(value, list) and len(value) == len(attending):
        blocks = [block for block, attends in zip(value, attending, strict=True) if attends or isinstance(block, list)]
    total = 0
    for block in blocks:
        each = block if isinstance(block, list) else [block] * layers
        for number in each:
            total += whole_number({name: number}, name, file, 1, MOST_LAYERS)
    if total * LEAST_TENSORS > tensors:
        raise unfit(file.parent, f"{name} is {shown(value)}, with {tensors} tensors")


def build(make: Callable[[], Any], folder: Path) -> Any:
    """The module that `make` makes, on the meta device: no memory, no random numbers.

    Raises:
        ValueError: diffusers or transformers does not understand its configuration.
    """
    try:
        with quiet(), torch.device("meta"):
            return make()
    except Exception as error:  # whatever torch and the libraries raise for values that make no network
        raise unfit(folder, first_line(error)) from None


def matched(network: Any, found: dict[str, Stored], folder: Path) -> dict[str, Stored]:
    """Which stored tensor becomes which of the network's.

    Raises:
        ValueError: one is missing, surplus or of another shape.
    """
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    stored = {name if name in wanted else _present_name(name): tensor for name, tensor in found.items()}
    for name in [*sorted(wanted.keys() - stored.keys()), *sorted(stored.keys() - wanted.keys())]:
        raise unfit(folder, f"for example '{shown(name)[1:-1]}'")
    for name, shape in wanted.items():
        if stored[name].shape != shape:
            raise unfit(folder, f"for example '{name}' is {list(stored[name].shape)} instead of {list(shape)}")
    return stored


def _present_name(name: str) -> str:
    """Today's name of an attention layer's tensor."""
    return _FORMER.sub(lambda match: f".{_PRESENT[match[1]]}.{match[2]}", name)


def unfit(folder: Path, reason: str) -> ValueError:
    """The sentence for weights and configuration that do not go together."""
    return ValueError(f"The weights in '{folder}' do not fit their config.json ({reason}): save the model again.")


def _damaged(folder: Path, reason: BaseException | str) -> ValueError:
    """The sentence for files that cannot be read."""
    text = reason if isinstance(reason, str) else first_line(reason)
    return ValueError(f"The weights in '{folder}' are damaged ({text}): copy the folder again.")
