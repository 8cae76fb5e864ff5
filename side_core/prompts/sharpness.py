"""How sharp a peak the text makes of pure noise: the detector of Jeon et al. 2025, before anything is drawn."""

from collections.abc import Sequence

import torch
from torch import Tensor

from side_core.dpm.denoiser import no_numbers
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.text.guided import Guided
from side_core.sampling.sampler import first_noise
from side_core.sampling.schedule import make_schedule

_REACH = 0.01  # of the noise's own length: how far the difference quotient reaches


def sharpness(denoiser: TextDenoiser, condition: Tensor, seeds: Sequence[int], steps: int = 50) -> Tensor:
    """|| H s ||_2 of each image at the first step (Jeon et al. 2025, arXiv 2412.04140).

    s = s_c - s_0 is the difference of the scores with and without text, s = -(e_c - e_0) / sqrt(1 - a), and H its
    Jacobian, the difference of the two Hessians. The authors' code takes the product by forward differentiation; here
    it is a central difference quotient along s, which needs no gradient: three evaluations an image.

    Args:
        denoiser: the model.
        condition: (n, L, d) an embedded prompt for each image.
        seeds: (n,) one for each image.
        steps: of the schedule whose first timestep is taken.

    Returns:
        (n,) float32 on the CPU.

    Raises:
        ValueError: the model returns NaN or infinity.
    """
    schedule = make_schedule(denoiser.alphas_cumprod, steps)
    t, alpha = schedule.timesteps[0], schedule.alphas[0]
    guided = Guided(denoiser, 1.0)

    def difference(x: Tensor) -> Tensor:
        halves = guided.halves(x, t, condition)
        return -(halves.with_text - halves.without_text) / (1 - alpha) ** 0.5

    x = first_noise(denoiser, seeds)
    score = difference(x)
    length = score.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    reach = _REACH * x[0].numel() ** 0.5
    step = reach * score / length.clamp(min=1e-12)
    product = (difference(x + step) - difference(x - step)) / (2 * reach) * length
    found = product.flatten(1).norm(dim=1).cpu()
    if not torch.isfinite(found).all():
        raise no_numbers(denoiser, f"The model returned NaN or infinity at timestep {t}")
    return found
