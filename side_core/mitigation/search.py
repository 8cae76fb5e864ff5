"""The search for triggers: prompts that bring training pictures back, found without a caption (MemBench, Hong et al.).

The score of a prompt is how far it pulls the noise at the first step, D(p) = || e_c - e_0 ||^2. A sentence's words are
drawn anew by Gibbs sampling, the next word with a probability proportional to exp(D / tau); D is in units of the
median of held-out prompts, as its scale differs from model to model.

What we add: where half of a trigger pulls no harder than nothing, single words have nothing to climb, so two adjacent
words are also drawn together. Prompts with the same picture pull in the same direction, which costs nothing to see:
they are one find, and a round that has looked around it does not come back. A find may have the words that a picture
belongs to, but beside others that lead elsewhere; so its words are put into other sentences too. A word that pulls
above the threshold whatever stands beside it is one find, not one with each of them, and is not drawn any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from side_core.dpm.denoiser import no_numbers
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.mitigation.sentences import Words, in_words
from side_core.prompts.held_out import HeldOut
from side_core.prompts.norms import embedded
from side_core.sampling.sampler import first_noise
from side_core.sampling.schedule import make_schedule
from side_core.settings.mitigation import MitigationSettings
from side_core.wording import counted

SAME_PULL = 0.9  # cosine; of triggers of one picture 95 % are nearer to each other, of two pictures 0.1 %
_CANDIDATES = 300  # sentences scored in each iteration, or all words where they are fewer
_BATCH = 64
_NOISE_SEED = 4_000_000  # nobody's first pictures
_NUMBERS = 64  # of a direction, by random projections: a cosine of 0.9 to within 0.024


@dataclass(frozen=True, eq=False)
class Pulls:
    """What n prompts do to the noise.

    Attributes:
        norms: (n,) float64 || e_c - e_0 ||_2, the mean over the noises.
        directions: (n, k) float64 of length 1, random projections of the mean of e_c - e_0.
    """

    norms: np.ndarray
    directions: np.ndarray


class Search:
    """Opened and checked; nothing is computed yet.

    Args:
        denoiser: the model.
        held_out: first-step norms of held-out prompts, with the same number of steps.
        settings: seed, iterations, steps, false positives.
        words: to draw from, see `words_of`.
        sentences: how rounds begin, in turn, and where the words of a find are tried, see `sentences_of`.

    Raises:
        ValueError: the held-out norms are of more than the first step; fewer than two words; nothing to change.
    """

    def __init__(
        self,
        denoiser: TextDenoiser,
        held_out: HeldOut,
        settings: MitigationSettings,
        words: Words,
        sentences: Sequence[str],
    ):
        if held_out.norms.shape[2] != 1:
            raise ValueError(
                f"The held-out norms are of {held_out.norms.shape[2]} steps: the search needs those of the first alone."
            )
        if len(words) < 2:
            raise ValueError(f"{counted(len(words), 'word')} cannot be searched: name two or more.")
        self.denoiser, self.settings, self.words = denoiser, settings, words
        self.sentences = tuple(map(in_words, sentences))
        if not self.sentences or not all(sentence.words for sentence in self.sentences):
            raise ValueError("There is no sentence with a word that could change: name another.")
        self.threshold = held_out.threshold(settings.false_positives).value
        self.usual = float(np.median(held_out.scores))
        self.noises = held_out.norms.shape[1]
        self.timestep = make_schedule(denoiser.alphas_cumprod, settings.steps).timesteps[0]
        self.candidates = min(_CANDIDATES, len(words))
        self.batch = _BATCH
        self.batches = -(-self.candidates // _BATCH)

    def steps_a_round(self) -> int:
        """How many events a round hands out: one for each batch of candidates, one for what stood out of them."""
        return self.settings.iterations * (self.batches + 1)

    @cached_property
    def _noise(self) -> Tensor:
        """(noises, C, H, W)."""
        return first_noise(self.denoiser, range(_NOISE_SEED, _NOISE_SEED + self.noises))

    @cached_property
    def _without_text(self) -> Tensor:
        """(noises, C, H, W) e_0 of each noise."""
        return self.denoiser.predict_noise(self._noise, self.timestep)

    @cached_property
    def _projection(self) -> Tensor:
        """(numbers, k)."""
        generator = torch.Generator().manual_seed(_NOISE_SEED)
        return torch.randn(self._noise[0].numel(), _NUMBERS, generator=generator).to(self.denoiser.device)

    def pulls(self, sentences: Sequence[str], noises: Sequence[int]) -> Pulls:
        """What some sentences, a batch or a few, do to some of the noises: a conditional evaluation for each pair."""
        condition = embedded(self.denoiser, sentences)
        norms, change = torch.zeros(len(sentences), dtype=torch.float64), torch.zeros(())
        for noise in noises:
            x = self._noise[noise].expand(len(sentences), -1, -1, -1)
            with_text = self.denoiser.predict_noise(x, self.timestep, condition)
            if not with_text.isfinite().all():
                raise no_numbers(self.denoiser, f"The model returned NaN or infinity at timestep {self.timestep}")
            difference = (with_text - self._without_text[noise]).flatten(1)
            norms += difference.norm(dim=1).double().cpu() / len(noises)
            change = change + difference
        projected = (change @ self._projection).double().cpu()
        return Pulls(norms.numpy(), (projected / projected.norm(dim=1, keepdim=True).clamp(min=1e-12)).numpy())
