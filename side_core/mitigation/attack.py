"""The adversarial re-test: embeddings optimised until they bring a picture back, whatever stands in between.

Adam, learning rate 0.1, on what the prompt became, to predict the noise of one picture (DoRI 2026). How much work that
is, beside the same for pictures the model never saw, says what a mitigation is worth against somebody who tries.
"""

import base64
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from side_core.dpm.text.denoiser import TextDenoiser
from side_core.mitigation.treatment import Treatment

WORK = (0, 10, 25, 50, 100)  # steps of an attacker after which is looked
_LEARNING_RATE = 0.1
_DRAWS = 4  # timesteps and noises a step
_SEED = 900
IMMUNE = frozenset({"tokens", "numbers", "words"})  # they change a prompt's words: an embedding has none to change


@dataclass(frozen=True, eq=False)
class Targets:
    """What an attacker wants back.

    Attributes:
        prompts: (n,) where each begins.
        latents: (n, C, H, W) the pictures, in the model's space: training images, then as many of the control.
        rows: (n / 2,) of the former.
        control: (n / 2,) of the latter.
    """

    prompts: tuple[str, ...]
    latents: Tensor
    rows: np.ndarray
    control: np.ndarray


def attacking(denoiser: TextDenoiser, targets: Targets) -> Generator[None, None, list[Tensor]]:
    """Optimise an embedding for each target, handing out each step.

    min over c of the mean of || e(x_t, c) - e ||^2, x_t the noised target, t uniform, four draws a step. The attacker
    knows the model, and not the mitigation.

    Returns:
        (n, L, d) after each number of steps of `WORK`.

    Raises:
        ValueError: the model returns NaN or infinity.
    """
    count, device = len(targets.prompts), denoiser.device
    rows = denoiser.embed(list(targets.prompts)).clone().requires_grad_()
    clean = targets.latents.to(device).repeat_interleave(_DRAWS, dim=0)
    optimiser = torch.optim.Adam([rows], lr=_LEARNING_RATE)
    total, kept = len(denoiser.alphas_cumprod), [rows.detach().clone()]
    for step in range(1, WORK[-1] + 1):
        random = torch.Generator().manual_seed(_SEED + step)
        # One timestep for all: the model is asked for one at a time. It goes through the schedule evenly.
        t = int(torch.randint(total, (), generator=random))
        alpha = float(denoiser.alphas_cumprod[t])
        noise = torch.randn(clean.shape, generator=random).to(device)
        x = alpha**0.5 * clean + (1 - alpha) ** 0.5 * noise
        with torch.enable_grad():
            text = rows.repeat_interleave(_DRAWS, dim=0)
            losses = (denoiser.noise(x, t, text) - noise).square().flatten(1).mean(dim=1)
            if not torch.isfinite(losses).all():
                raise ValueError(f"The attack returned NaN or infinity at step {step}: check the model's weights.")
            (rows.grad,) = torch.autograd.grad(losses.view(count, _DRAWS).mean(dim=1).sum(), rows)
        optimiser.step()
        if step in WORK:
            kept.append(rows.detach().clone())
        yield
    return kept


def withstanding(treatment: Treatment | None) -> Treatment | None:
    """What still stands against an embedding: methods that change the words of a prompt have nothing to act upon."""
    return None if treatment is not None and treatment.method in IMMUNE else treatment


def packed(embeddings: Sequence[Tensor]) -> dict[str, Any]:
    """As JSON keeps them."""
    values = torch.stack(list(embeddings)).cpu().numpy().astype("<f4")
    return {"shape": list(values.shape), "values": base64.b64encode(values.tobytes()).decode()}


def unpacked(part: Mapping[str, Any]) -> Tensor:
    """(steps, n, L, d) float32."""
    values = np.frombuffer(base64.b64decode(part["values"]), "<f4").reshape(part["shape"])
    return torch.from_numpy(values.copy())
