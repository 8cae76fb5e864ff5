"""A prompt drawn to the end, several times: what detectors need that look at pictures or at attention."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from side_core.dpm.text.attention import AttentionMaps
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.text.guided import Guided, Halves
from side_core.prompts.norms import embedded
from side_core.sampling.sampler import sample
from side_core.sampling.schedule import make_schedule


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Several pictures of one prompt, from noise to the end.

    Attributes:
        pictures: (n, 3, H, W) float32 in 0..1.
        squares: (steps, n, h, w) (e_c - e_0)^2, summed over channels.
        attention: (steps, layers, n, L) cross-attention with text, averaged over heads and pixels.
        ending: (n, h', w') cross-attention to the end-of-text token at the last step, averaged over heads and over the
            layers of the finest resolution.
        end: position of the end-of-text token; all behind it is padding.
    """

    pictures: np.ndarray
    squares: np.ndarray
    attention: np.ndarray
    ending: np.ndarray
    end: int


@dataclass(frozen=True, eq=False)
class DrawingTrajectory:
    """How far the drawing of a batch of prompts is; at its last step with what came of each prompt.

    Attributes:
        done: steps taken; `total` in all.
        finished: one for each prompt of the batch, in their order; empty before.
    """

    done: int
    total: int
    finished: tuple[Trajectory, ...]


class Watched(Guided):
    """Classifier-free guidance that notes, at every evaluation, the difference and what the text part looks at.

    Args:
        denoiser: the model.
        scale: of the guidance.
        ends: (n,) position of the end-of-text token of each image.
    """

    needs_both = True

    def __init__(self, denoiser: TextDenoiser, scale: float, ends: Sequence[int]):
        super().__init__(denoiser, scale)
        self.ends = torch.tensor(ends)
        self.squares: list[Tensor] = []
        self.attention: list[Tensor] = []
        self.ending = torch.empty(0)

    def halves(self, x: Tensor, t: int, condition: Tensor) -> Halves:
        """Both predictions, watched."""
        with self.denoiser.watching() as maps:
            halves = super().halves(x, t, condition)
        self.squares.append((halves.with_text - halves.without_text).square().sum(dim=1).cpu())
        self.look(maps, len(x))
        return halves

    def look(self, maps: AttentionMaps, count: int) -> None:
        """Note the averages of the `count` maps with text, which come first."""
        means = [layer.probabilities[:count].mean(dim=(1, 2)) for layer in maps.layers]
        self.attention.append(torch.stack(means).cpu())
        finest = max(layer.size for layer in maps.layers)
        views = [
            layer.probabilities[:count].mean(dim=1).unflatten(1, layer.size)  # (n, h', w', L)
            for layer in maps.layers
            if layer.size == finest
        ]
        rows = torch.arange(count)
        self.ending = torch.stack(views).mean(dim=0).cpu()[rows, :, :, self.ends]


def draw_trajectory(
    denoiser: TextDenoiser, prompts: Sequence[str], seeds: np.ndarray, steps: int, scale: float
) -> Iterator[DrawingTrajectory]:
    """Draw a batch of prompts to the end, handing out the progress.

    Args:
        denoiser: the model.
        prompts: (n,) few enough that all their images fit in memory at once.
        seeds: (n, images) int.
        steps: of the schedule.
        scale: of the guidance.

    Raises:
        ValueError: the model returns NaN or infinity.
    """
    images = seeds.shape[1]
    ends = [denoiser.tokens(prompt).end for prompt in prompts]
    guided = Watched(denoiser, scale, np.repeat(ends, images).tolist())
    condition = embedded(denoiser, [prompt for prompt in prompts for _ in range(images)])
    schedule = make_schedule(denoiser.alphas_cumprod, steps)
    for step in sample(guided, schedule, seeds.flatten().tolist(), condition=condition):
        if step.index < steps - 1:
            yield DrawingTrajectory(step.index + 1, steps, ())
            continue
        pictures = denoiser.decode(step.x).float().cpu().numpy()
        squares = torch.stack(guided.squares).numpy()
        attention = torch.stack(guided.attention).numpy()
        parts = [slice(start, start + images) for start in range(0, len(pictures), images)]
        found = tuple(
            Trajectory(pictures[part], squares[:, part], attention[:, :, part], guided.ending[part].numpy(), end)
            for part, end in zip(parts, ends, strict=True)
        )
        yield DrawingTrajectory(steps, steps, found)
