"""Against memorisation while training: samples with too large a text norm are skipped, captions are randomised."""

from typing import Literal

import torch
from torch import Tensor

FilterBy = Literal["sample", "pair"]

BINS = 10  # of timesteps
_NOISY = 0.7  # from this share of the schedule on, what was learnt by heart stands out
_RATE = 0.2  # of the running means
_SMALLEST = 1e-12  # of a typical norm: a network that heeds no text at all has none


class NormFilter(torch.nn.Module):
    """Skips the samples of a batch whose text norm || e_c - e_0 ||_2 is too large (Wen et al. 2024, when training).

    Wen et al. compare with a fixed number. Ours is a multiple of what is typical at that timestep: the median, in each
    of ten equal bins of timesteps, over the lesson's pairs, each counted once, by the weights that training starts
    from. The norm varies manyfold with the timestep and from model to model, the ratio does not. As e = sqrt(a) v +
    sqrt(1 - a) x, it is that of || v_c - v_0 ||_2. Also ours: where the caption of a sample was left empty, its own
    caption is asked for, so that a picture that is skipped is not learnt without its caption, either.

    By `sample`, each one is judged by itself, as Wen et al. do. By `pair` (ours), a pair of picture and caption is
    skipped at all timesteps while the running mean of its ratios is too large: that of the noisiest 30 % of timesteps,
    as at the others what was learnt by heart pulls hardly harder than anything else. Each time it is shown there, the
    mean moves a fifth of the way to the new ratio, from 1 on, so that what is shown once or twice is left alone.

    What is typical, the means and what was skipped are buffers, so that they are part of a checkpoint.

    Args:
        factor: skipped is what is above so many times the typical norm.
        captions: pairs that the lesson has, each counted once.
        by: what is judged.
    """

    typical: Tensor
    means: Tensor
    shown: Tensor
    skipped: Tensor

    def __init__(self, factor: float, captions: int, by: FilterBy = "sample"):
        super().__init__()
        self.factor, self.by = factor, by
        self.register_buffer("typical", torch.zeros(BINS))
        self.register_buffer("means", torch.ones(captions))
        for name in ("shown", "skipped"):
            self.register_buffer(name, torch.zeros(captions))

    def keeps(self, difference: Tensor, shares: Tensor, places: Tensor) -> Tensor:
        """(n,) whether each sample is learnt from; what is skipped is counted.

        Args:
            difference: (n, C, h, w) v_c - v_0.
            shares: (n,) timesteps, 0..1 of the schedule.
            places: (n,) each sample's pair.
        """
        shares, places = shares.to(self.typical.device), places.to(self.typical.device)
        ratios = norms_of(difference) / self.typical[bins_of(shares)].clamp(min=_SMALLEST)
        if self.by == "pair":
            noisy = shares >= _NOISY
            for place, ratio in zip(places[noisy].tolist(), ratios[noisy].tolist(), strict=True):
                self.means[place] += _RATE * (ratio - self.means[place])
            ratios = self.means[places]
        too_large = ratios > self.factor
        self.shown.index_add_(0, places, torch.ones_like(shares))
        self.skipped.index_add_(0, places, too_large.float())
        return ~too_large


def norms_of(difference: Tensor) -> Tensor:
    """(n,) of (n, C, h, w) differences."""
    return difference.detach().flatten(1).norm(dim=1)


def bins_of(shares: Tensor) -> Tensor:
    """(n,) the bin of each timestep, from its share of the schedule."""
    return (shares * BINS).long().clamp(max=BINS - 1)
