"""The classifier of a surrogate: a small ResNet over noisy images that knows how much noise there is."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUPS = 8  # of group normalisation: widths are multiples of it
_SMALLEST = 4  # pixels: the side at which the last level works
_WIDEST = 4  # times the width of the first level
_LARGEST_FILTER = 16  # pixels: the side of what the linear map sees
_FREQUENCIES = 32  # of the embedding of a timestep


class TimeBlock(nn.Module):
    """Two convolutions and a short cut (He et al. 2016); the time enters once, after the first normalisation (SIDE)."""

    def __init__(self, channels: int, out: int, stride: int, time_width: int):
        super().__init__()
        self.first = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.first_norm = nn.GroupNorm(GROUPS, out)
        self.time = nn.Linear(time_width, 2 * out)
        self.second = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.second_norm = nn.GroupNorm(GROUPS, out)
        same = stride == 1 and channels == out
        self.shortcut = nn.Identity() if same else nn.Conv2d(channels, out, 1, stride, bias=False)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """(n, channels, H, W) and (n or 1, time_width) to (n, out, H / stride, W / stride)."""
        scale, shift = self.time(time)[:, :, None, None].chunk(2, dim=1)
        h = torch.addcmul(shift, self.first_norm(self.first(x)), 1 + scale)
        h = self.second_norm(self.second(functional.silu(h)))
        return functional.silu(h + self.shortcut(x))


class TimeClassifier(nn.Module):
    """log p_t(c | x_t) for every label c.

    Levels halve the side until it is about 4 pixels; widths double up to four times the first. A time-independent one
    is the same network that is always told time 0. Beside the ResNet a linear map of the noisy image, weighed by the
    time, adds to its features: where noise is strong, the best classifier is a matched filter, which is linear in x_t.

    Args:
        channels: of the images (or latents).
        size: height and width.
        labels: how many there are.
        width: of the first level.
        blocks: residual blocks of each level.
        timed: whether it is told the timestep.
    """

    def __init__(
        self, channels: int, size: tuple[int, int], labels: int, width: int = 32, blocks: int = 1, timed: bool = True
    ):
        super().__init__()
        self.width, self.blocks_a_level, self.timed = width, blocks, timed
        time_width = 2 * width
        self.embed = nn.Sequential(
            nn.Linear(2 * _FREQUENCIES, time_width), nn.SiLU(), nn.Linear(time_width, time_width)
        )
        self.stem = nn.Conv2d(channels, width, 3, 1, 1)
        self.blocks = nn.ModuleList()
        before = width
        for level, out in enumerate(_level_widths(size, width)):
            for block in range(blocks):
                stride = 2 if level and not block else 1
                self.blocks.append(TimeBlock(before, out, stride, time_width))
                before = out
        self.filter = nn.Linear(channels * math.prod(_filter_size(size)), before, bias=False)
        self.filter_size = _filter_size(size)
        self.gate = nn.Linear(time_width, before)
        self.head = nn.Linear(before, labels)

    def forward(self, x: Tensor, times: Tensor) -> Tensor:
        """Logits.

        Args:
            x: (n, C, H, W).
            times: (n,) or (1,) timestep over the number of timesteps, 0 (image) .. 1 (noise).

        Returns:
            (n, labels) in float32, under autocast too (in float64 where the network is).
        """
        times = times if self.timed else torch.zeros_like(times)
        time = functional.silu(self.embed(embed_time(times).to(x.dtype)))
        h = self.stem(x)
        for block in self.blocks:
            h = block(h, time)
        small = x if x.shape[2:] == self.filter_size else functional.adaptive_avg_pool2d(x, self.filter_size)
        h = h.mean(dim=(2, 3)) + self.gate(time) * self.filter(small.flatten(1))
        exact = torch.promote_types(h.dtype, torch.float32)
        with torch.autocast(h.device.type, enabled=False):
            return functional.linear(h.to(exact), self.head.weight.to(exact), self.head.bias.to(exact))


def _level_widths(size: Sequence[int], width: int) -> list[int]:
    """Width of each level for images of this height and width."""
    levels = max(1, round(math.log2(max(min(size), _SMALLEST) / _SMALLEST)) + 1)
    return [width * min(2**level, _WIDEST) for level in range(levels)]


def _filter_size(size: Sequence[int]) -> tuple[int, int]:
    """Height and width at which the linear map sees images: strong noise leaves only what is coarse to be seen."""
    return min(size[0], _LARGEST_FILTER), min(size[1], _LARGEST_FILTER)


def embed_time(times: Tensor) -> Tensor:
    """(n,) times 0..1 to (n, 2 * FREQUENCIES) sines and cosines (Vaswani et al. 2017), periods from 0.02 to 20."""
    rates = torch.exp(torch.linspace(math.log(2 * math.pi / 20), math.log(2 * math.pi / 0.02), _FREQUENCIES))
    angles = times.float()[:, None] * rates.to(times.device)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def parameters_of(network: nn.Module) -> int:
    """How many numbers it has learned."""
    return sum(parameter.numel() for parameter in network.parameters())


@torch.no_grad()
def probabilities(network: TimeClassifier, x: Tensor, t: int, timesteps: int) -> Tensor:
    """(n, labels) float32 p_t(c | x_t) of each label, 0..1; each row adds up to 1.

    Args:
        network: on the device of x, in its number type.
        x: (n, C, H, W) noisy images.
        t: timestep of all of them, 0 (image) .. timesteps - 1 (noise).
        timesteps: of the noise schedule.

    Raises:
        ValueError: t lies outside the schedule.
    """
    if not 0 <= t < timesteps:
        raise ValueError(f"Timestep {t} lies outside the noise schedule: choose 0 to {timesteps - 1}.")
    time = torch.tensor([t / timesteps], device=x.device)
    return network(x, time).softmax(dim=1)
