"""A dry run on torch's meta device: does the network run at this size, and what memory does one image take?"""

import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


@dataclass(frozen=True)
class DryRun:
    """What a dry run found.

    Attributes:
        shape: of the output.
        peak_bytes: the most that its tensors took at one time, weights and inputs left out.
    """

    shape: tuple[int, ...]
    peak_bytes: int


class Tally(TorchDispatchMode):
    """Adds up the memory of all tensors that operations make, while they live."""

    def __init__(self, known: Iterable[Tensor]) -> None:
        super().__init__()
        self.known = {_storage_of(tensor) for tensor in known}  # weights: their views are no new memory
        self.users: Counter[int] = Counter()
        self.live = self.peak = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(output):
            if isinstance(tensor, Tensor) and _storage_of(tensor) not in self.known:
                self.add(tensor)
        return output

    def add(self, tensor: Tensor) -> None:
        """Count a tensor's memory once for all its views, until the last of them is gone."""
        key, size = _storage_of(tensor), tensor.untyped_storage().nbytes()
        if not self.users[key]:
            self.live += size
            self.peak = max(self.peak, self.live)
        self.users[key] += 1
        weakref.finalize(tensor, self.drop, key, size)

    def drop(self, key: int, size: int) -> None:
        """One tensor less that uses this memory."""
        self.users[key] -= 1
        if not self.users[key]:
            del self.users[key]
            self.live -= size


class FusedAttention(TorchFunctionMode):
    """Attention as the fused kernels of real devices do it: its table of weights is never held in memory."""

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is torch.nn.functional.scaled_dot_product_attention and len(args) >= 3:
            query, _, value = args[:3]
            return query.new_empty((*query.shape[:-1], value.shape[-1]))
        return func(*args, **(kwargs or {}))


def _storage_of(tensor: Tensor) -> int:
    """Names the memory behind a tensor, which its views share."""
    return int(tensor.untyped_storage()._cdata)


@torch.no_grad()
def dry_run(call: Callable[[Tensor], Tensor], network: torch.nn.Module, shape: tuple[int, ...]) -> DryRun:
    """Run `call` on a meta tensor of `shape`: every operation is done in shapes only.

    The peak is that of plain PyTorch in float32: kernels' own workspaces come on top, memory that the allocator keeps
    for reuse as well.

    Args:
        call: what to do with the input.
        network: whose weights are not counted.
        shape: of the input.

    Raises:
        ValueError, RuntimeError and whatever else torch raises for shapes that do not fit.
    """
    x = torch.empty(shape, device="meta")
    tally = Tally([x, *network.parameters(), *network.buffers()])
    with FusedAttention(), tally:
        output = call(x)
        found = tuple(output.shape)
    return DryRun(found, tally.peak)
