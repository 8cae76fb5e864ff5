"""Scores of single pictures: how much a model's answer speaks for having been trained on them. Higher: more so.

Each is a generator that hands out None after every evaluation and returns (n,) figures of an `Asked`. Where a score is
a loss, `against` divides by the same loss of a reference model, else it subtracts.
"""

import itertools
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from side_core.evidence.asked import Asked

LOSS_AT = (0.05, 0.1, 0.15, 0.2)  # shares of all timesteps; about t = 100 of 1,000 (Matsumoto et al. 2023)
PIA_AT, PIA_NORM = 0.2, 4  # Kong et al. 2024
SECMI_TO, SECMI_STEP = 0.1, 0.01  # Duan et al. 2023: up to t = 100 by steps of 10
PFAMI_CROPS = 10  # Fu et al. 2024
PFAMI_LEAST = 0.75  # share of a side that the smallest crop keeps
CLID_AT = (0.1, 0.2, 0.4, 0.6)  # Zhai et al. 2024

Scoring = Generator[None, None, Tensor]


@dataclass(frozen=True)
class Score:
    """A membership score.

    Attributes:
        make: measures an `Asked`.
        evaluations: of the model on each picture.
        loss: whether it is minus a loss, so that a reference divides.
    """

    make: Callable[[Asked], Scoring]
    evaluations: int
    loss: bool


def _size(x: Tensor, power: float = 2) -> Tensor:
    """(n,) the p-norm of (n, C, H, W)."""
    return torch.linalg.vector_norm(x.flatten(1), power, dim=1)


@torch.no_grad()
def by_loss(asked: Asked) -> Scoring:
    """-||e_p(x_t, t) - n||, mean over some timesteps, a draw each (Matsumoto et al. 2023)."""
    condition, total = asked.condition(asked.captions), torch.zeros(len(asked.seeds), device=asked.clean.device)
    for draw, share in enumerate(LOSS_AT):
        t, noise = asked.timestep(share), asked.noise(draw)
        total += _size(asked.denoiser.predict_noise(asked.noised(asked.clean, noise, t), t, condition) - noise)
        yield
    return -total / len(LOSS_AT)


@torch.no_grad()
def by_pia(asked: Asked) -> Scoring:
    """-||e_p(x_0, 0) - e_p(sqrt(a) x_0 + sqrt(1-a) e_p(x_0, 0), t)||_4 (PIA, Kong et al. 2024, eq. 9)."""
    condition, first, t = asked.condition(asked.captions), asked.timestep(0), asked.timestep(PIA_AT)
    start = asked.denoiser.predict_noise(asked.clean, first, condition)
    yield
    found = asked.denoiser.predict_noise(asked.noised(asked.clean, start, t), t, condition)
    yield
    return -_size(start - found, PIA_NORM)


@torch.no_grad()
def by_secmi(asked: Asked) -> Scoring:
    """-||x_t - (one DDIM step on, one back)||^2 after deterministic DDIM up to t (SecMI, Duan et al. 2023, eq. 9)."""
    condition, alphas = asked.condition(asked.captions), asked.denoiser.alphas_cumprod
    times = [asked.timestep(step * SECMI_STEP) for step in range(round(SECMI_TO / SECMI_STEP) + 2)]

    def moved(x: Tensor, noise: Tensor, before: int, after: int) -> Tensor:
        denoised = (x - (1 - float(alphas[before])) ** 0.5 * noise) / float(alphas[before]) ** 0.5
        return asked.noised(denoised, noise, after)

    x = asked.clean
    for before, after in itertools.pairwise(times):
        at, noise = x, asked.denoiser.predict_noise(x, before, condition)
        yield
        x = moved(x, noise, before, after)
    noise = asked.denoiser.predict_noise(x, times[-1], condition)
    yield
    return -(_size(moved(x, noise, times[-1], times[-2]) - at) ** 2)


@torch.no_grad()
def by_pfami(asked: Asked) -> Scoring:
    """The relative rise of the loss when a picture is cropped slightly (PFAMI, Fu et al. 2024).

    As published the mean of 10 crops at 10 timesteps each; here crop k at timestep k, a fifth of the work.
    """
    condition = asked.condition(asked.captions)
    plain, cropped = torch.zeros(2, len(asked.seeds), device=asked.clean.device)
    for index in range(PFAMI_CROPS):
        t, noise = asked.timestep((index + 0.5) / PFAMI_CROPS / 2), asked.noise(index)
        share = 1 - (1 - PFAMI_LEAST) * (index + 1) / PFAMI_CROPS
        for clean, total in ((asked.clean, plain), (_cropped(asked.clean, share), cropped)):
            total += _size(asked.denoiser.predict_noise(asked.noised(clean, noise, t), t, condition) - noise) ** 2
            yield
    return (cropped - plain) / plain


def _cropped(x: Tensor, share: float) -> Tensor:
    """The middle of (n, C, H, W), enlarged to the whole."""
    height, width = (max(2, round(side * share)) for side in x.shape[2:])
    top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
    middle = x[:, :, top : top + height, left : left + width]
    return interpolate(middle, size=tuple(x.shape[2:]), mode="bilinear", antialias=False)


@torch.no_grad()
def by_clid(asked: Asked) -> Scoring:
    """E[||e(x_t, c*) - n||^2 - ||e(x_t, c) - n||^2] over reduced captions c* (CLiD, Zhai et al. 2024, eq. 7).

    The reduced captions are the empty one and the first half of the words; t and noise are the same for all.

    Raises:
        ValueError: the model reads no text.
    """
    if asked.captions is None:
        raise ValueError("CLiD compares captions, but this model reads no text: leave that score out.")
    texts = (asked.captions, tuple(_half(text) for text in asked.captions), ("",) * len(asked.captions))
    whole, *reduced = (asked.condition(part) for part in texts)
    total = torch.zeros(len(asked.seeds), device=asked.clean.device)
    for draw, share in enumerate(CLID_AT):
        t, noise = asked.timestep(share), asked.noise(draw)
        x = asked.noised(asked.clean, noise, t)
        own = _size(asked.denoiser.predict_noise(x, t, whole) - noise) ** 2
        yield
        for condition in reduced:
            total += _size(asked.denoiser.predict_noise(x, t, condition) - noise) ** 2 - own
            yield
    return total / (len(CLID_AT) * len(reduced))


def _half(text: str) -> str:
    """The first half of a text's words."""
    words = text.split()
    return " ".join(words[: len(words) // 2])


SCORES = {
    "loss": Score(by_loss, len(LOSS_AT), True),
    "pia": Score(by_pia, 2, True),
    "secmi": Score(by_secmi, round(SECMI_TO / SECMI_STEP) + 2, True),
    "pfami": Score(by_pfami, 2 * PFAMI_CROPS, False),
    "clid": Score(by_clid, 3 * len(CLID_AT), False),
}
BATCH = 128


def measured(name: str, asked: Asked) -> Generator[None, None, list[float]]:
    """A score of every picture, by batches; a step each evaluation.

    Raises:
        ValueError: the model returns no numbers.
    """
    found: list[float] = []
    for first in range(0, len(asked.seeds), BATCH):
        found += (yield from SCORES[name].make(asked.part(first, first + BATCH))).tolist()
    return found


def steps_of(name: str, count: int) -> int:
    """How many steps `measured` hands out."""
    return SCORES[name].evaluations * -(-count // BATCH)


def against(name: str, own: Sequence[float], reference: Sequence[float]) -> list[float]:
    """(n,) a score in the light of a reference model's: the logarithm of the losses' ratio, else the difference."""
    mine, other = torch.tensor(own, dtype=torch.float64), torch.tensor(reference, dtype=torch.float64)
    if not SCORES[name].loss:
        return (mine - other).tolist()
    tiny = torch.finfo(torch.float32).tiny
    return ((-other).clamp_min(tiny).log() - (-mine).clamp_min(tiny).log()).tolist()
