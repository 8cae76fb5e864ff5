"""Which words carry a prompt: how much the text's part of the noise changes with each of them (Wen et al. 2024)."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from side_core.dpm.denoiser import no_numbers
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.text.guided import Guided
from side_core.dpm.text.tokens import Tokens, need_prompt
from side_core.sampling.sampler import sample
from side_core.sampling.schedule import make_schedule
from side_core.settings import PromptSettings


@dataclass(frozen=True)
class Explaining:
    """How far it is.

    Attributes:
        done: steps that are finished, of all images together.
        total: in all.
    """

    done: int
    total: int


@dataclass(frozen=True)
class WordWeight:
    """What one word of a prompt does.

    Attributes:
        text: the word.
        tokens: its places among those of the text.
        value: its significance: that of the most significant of its rows.
        rank: 1 for the most significant word of the prompt.
    """

    text: str
    tokens: tuple[int, ...]
    value: float
    rank: int


@dataclass(frozen=True)
class Significance:
    """What each word of a prompt does, on average over images and steps.

    Attributes:
        words: in the order of the prompt.
        rows: (L,) of every token.
        start: of the row that begins every text.
        end: of the row behind the last word, which sums the text up where the encoder reads from left to right.
        padding: the largest of the rows behind that one; 0 where there are none.
        images: over how many images it is averaged.
        timesteps: over which steps.
    """

    words: tuple[WordWeight, ...]
    rows: tuple[float, ...]
    start: float
    end: float
    padding: float
    images: int
    timesteps: tuple[int, ...]

    @property
    def ranked(self) -> tuple[WordWeight, ...]:
        """The words, the most significant first."""
        return tuple(sorted(self.words, key=lambda word: word.rank))


class Differentiated(Guided):
    """Classifier-free guidance that also asks, at every evaluation, how the text's part changes with the text.

    Args:
        denoiser: the model.
        scale: of the guidance.
        words: (1, L, d) what goes into the text encoder, to be differentiated by; left out: what comes out of it.

    Attributes:
        significance: of every evaluation, (n, L) || d/d e_i || e_c - e_0 ||_2 ||_2 of each image alone.
    """

    def __init__(self, denoiser: TextDenoiser, scale: float, words: Tensor | None = None):
        super().__init__(denoiser, scale)
        self.words = words
        self.significance: list[Tensor] = []

    def predict_noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """(n, C, H, W) guided noise, as `Guided` gives it."""
        if condition is None:
            return super().predict_noise(x, t)
        without = self.denoiser.predict_noise(x, t)
        with torch.enable_grad():
            source = condition if self.words is None else self.words
            rows = source.detach().expand(len(x), -1, -1).clone().requires_grad_()
            text = rows if self.words is None else self.denoiser.encode_words(rows)
            with_text = self.denoiser.noise(x, t, text)
            # An image's norm depends on its own rows alone, so that one backward pass serves all.
            norms = (with_text - without).flatten(1).norm(dim=1)
            (gradient,) = torch.autograd.grad(norms.sum(), rows)
        self.significance.append(gradient.norm(dim=2).cpu())
        return without + self.scale * (with_text.detach() - without)


def explaining(
    denoiser: TextDenoiser, prompt: str, settings: PromptSettings
) -> Generator[Explaining, None, Significance]:
    """How significant each word of a prompt is, handing out the progress (Wen et al. 2024, section 4.2).

    The mean over steps and images of || d/d e_i || e_c - e_0 ||_2 ||_2, on the ordinary guided trajectory. Wen et al.
    take e_i to be row i of the text encoder's output (`encoded`). CLIP's encoder reads from left to right, so that the
    rows of later words hold the name as well; so by default e_i is the embedding of token i that goes in (`words`),
    which holds nothing else. A word has the largest value of its tokens, so that none gains by being spelt in many.
    The rows that belong to no word (start, end, padding, punctuation) are not among the words.

    Args:
        denoiser: the model.
        prompt: the text.
        settings: seeds, guidance, and how many of the sampling steps are looked at, from pure noise on. Image k counts
            the same in any batch.

    Raises:
        ValueError: the prompt has no word; the gradient is NaN or infinite.
    """
    tokens = denoiser.tokens(need_prompt(prompt))
    if not tokens.words:
        raise ValueError(f"There is no word in {prompt!r} to explain: type some.")
    condition, schedule = (
        denoiser.embed([prompt.strip()]),
        make_schedule(denoiser.alphas_cumprod, settings.steps),
    )
    seeds, size, first = settings.seeds, settings.batch_size, settings.first_steps
    batches = [seeds[begin : begin + size] for begin in range(0, len(seeds), size)]
    rows, done = torch.zeros(denoiser.context, dtype=torch.float64), 0
    words = denoiser.words(prompt.strip()) if settings.significance_at == "words" else None
    for batch in batches:
        watched = Differentiated(denoiser, settings.text_scale, words)
        for _ in islice(sample(watched, schedule, batch, condition=condition), first):
            done += 1
            yield Explaining(done, len(batches) * first)
        rows += torch.stack(watched.significance).double().sum(dim=(0, 1))
    rows /= len(seeds) * first
    if not torch.isfinite(rows).all():
        raise no_numbers(denoiser, "The gradient of the model is NaN or infinite")
    return significance_of(tokens, rows.tolist(), len(seeds), schedule.timesteps[:first])


def significance_of(tokens: Tokens, rows: Sequence[float], images: int, timesteps: tuple[int, ...]) -> Significance:
    """Merge the rows' values to words.

    Args:
        tokens: of the prompt.
        rows: (L,) values.
        images: over how many they were averaged.
        timesteps: over which steps.
    """
    values = [max(rows[place] for place in word.tokens) for word in tokens.words]
    order = sorted(range(len(values)), key=lambda place: -values[place])
    ranks = {place: rank for rank, place in enumerate(order, 1)}
    words = tuple(
        WordWeight(word.text, word.tokens, value, ranks[place])
        for place, (word, value) in enumerate(zip(tokens.words, values, strict=True))
    )
    end, padding = rows[tokens.end], max(rows[tokens.end + 1 :], default=0.0)
    return Significance(words, tuple(rows), rows[0], end, padding, images, timesteps)
