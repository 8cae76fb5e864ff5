"""Methods that change what the prompt became: optimise it, add noise to it, put other words between its own."""

from collections.abc import Callable, Generator
from dataclasses import replace

import torch

from side_core.mitigation.treatment import Batch, Known, check_finite
from side_core.prompts.norms import embedded

_LEARNING_RATE, _ITERATIONS = 0.05, 10  # Wen et al. 2024, section 5.1
_NUMBERS = 1_000_000  # Somepalli et al. 2023: a number from 0 to 10^6


def optimised(batch: Batch, strength: float, known: Known) -> Generator[None, None, Batch]:
    """Optimise each embedding until its prompt pulls no harder than usual at the first step (Wen et al. 2024, 5.1).

    AdamW on all rows but the first, until || e_c - e_0 ||_2 is at the target, for each picture alone, at most ten
    times. The paper's target is an absolute norm, which differs from model to model; here it is a multiple of the
    usual one.
    """
    assert known.usual_norm is not None
    denoiser, t, target = batch.denoiser, batch.first, strength * known.usual_norm
    without = denoiser.predict_noise(batch.start, t)
    first, rows = batch.condition[:, :1], batch.condition[:, 1:].clone().requires_grad_()
    optimiser = torch.optim.AdamW([rows], lr=_LEARNING_RATE)
    for step in range(1, _ITERATIONS + 1):
        with torch.enable_grad():
            text = torch.cat([first, rows], dim=1)
            norms = (denoiser.noise(batch.start, t, text) - without).flatten(1).norm(dim=1)
            check_finite(norms, "wen", step)
            above = norms > target
            if not above.any():
                break
            (rows.grad,) = torch.autograd.grad(norms[above].sum(), rows)
        before = rows.detach().clone()
        optimiser.step()
        with torch.no_grad():
            rows.copy_(torch.where(above[:, None, None], rows, before))
        yield
    return replace(batch, condition=torch.cat([first, rows.detach()], dim=1))


def noised(batch: Batch, strength: float, known: Known) -> Generator[None, None, Batch]:
    """Add Gaussian noise to the embedding of each picture's prompt (Somepalli et al. 2023: 0.1)."""
    shape = batch.condition.shape[1:]
    noise = torch.stack([torch.randn(shape, generator=own) for own in batch.generators("noise on the embedding")])
    yield from ()
    return replace(batch, condition=batch.condition + strength * noise.to(batch.condition.device))


def with_tokens(batch: Batch, strength: float, known: Known) -> Generator[None, None, Batch]:
    """Insert random tokens of the vocabulary at random places (Somepalli et al. 2023)."""
    pieces = batch.denoiser.vocabulary.whole_words()
    yield from ()
    return _inserted(batch, strength, lambda words, random: pieces[_integer(len(pieces), random)])


def with_numbers(batch: Batch, strength: float, known: Known) -> Generator[None, None, Batch]:
    """Insert random numbers at random places (Somepalli et al. 2023)."""
    yield from ()
    return _inserted(batch, strength, lambda words, random: str(_integer(_NUMBERS, random)))


def with_words_again(batch: Batch, strength: float, known: Known) -> Generator[None, None, Batch]:
    """Repeat random words of the prompt at random places (Somepalli et al. 2023)."""
    yield from ()
    return _inserted(batch, strength, lambda words, random: words[_integer(len(words), random)] if words else "")


def _inserted(batch: Batch, strength: float, new: Callable[[list[str], torch.Generator], str]) -> Batch:
    """The batch with so many words put into each prompt; what then lies beyond the model's context is not read."""
    prompts = []
    for prompt, random in zip(batch.prompts, batch.generators("words that are inserted"), strict=True):
        own = prompt.split()
        words = list(own)
        for _ in range(round(strength)):
            words.insert(_integer(len(words) + 1, random), new(own, random))
        prompts.append(" ".join(word for word in words if word))
    return replace(batch, prompts=tuple(prompts), condition=embedded(batch.denoiser, prompts))


def _integer(below: int, random: torch.Generator) -> int:
    """A random whole number, 0 <= it < below."""
    return int(torch.randint(below, (), generator=random))
