"""The search for triggers: prompts that bring training pictures back, found without a caption (MemBench, Hong et al.).

The score of a prompt is how far it pulls the noise at the first step, D(p) = || e_c - e_0 ||^2. A sentence's words are
drawn anew by Gibbs sampling, the next word with a probability proportional to exp(D / tau); D is in units of the
median of held-out prompts, as its scale differs from model to model.

What we add: where half of a trigger pulls no harder than nothing, single words have nothing to climb, so two adjacent
words are also drawn together. Prompts with the same picture pull in the same direction, which costs nothing to see:
they are one find, and a round that has looked around it does not come back.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from side_core.dpm.denoiser import no_numbers
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.mitigation.sentences import Words, frame_of
from side_core.prompts.held_out import HeldOut
from side_core.prompts.norms import embedded
from side_core.sampling.sampler import first_noise
from side_core.sampling.schedule import make_schedule
from side_core.settings.mitigation import MitigationSettings
from side_core.wording import counted

SAME_PULL = 0.9  # cosine; of triggers of one picture 95 % are nearer to each other, of two pictures 0.1 %
_CANDIDATES = 300  # sentences scored in each iteration, or all words where they are fewer
_BATCH = 64
_TAU = 5.0  # of exp(D / tau); 0.1 (Hong et al.) always takes the highest in our units, and stays with odd sentences
_VISIT = 0.67  # how often the chain goes on to a find that waits, so that one region does not take the whole round
_GO_ON = 0.5  # how often the chain goes on from a sentence that is no find, instead of beginning again
_SINGLE = 0.25  # of the iterations that stand on no find, how many draw one word; the others draw two
_LOOSE = 0.9  # of the threshold, by one noise: what is looked at with all noises
_PROBES = 3  # words that are put in place of one that may not matter
_PLACES = 2  # of a find that are scanned at most: those where other words change most
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


@dataclass(eq=False)
class _Known:
    """A direction that stood out in a round, and the prompt that pulls hardest in it.

    Attributes:
        words: of that prompt.
        norm, direction: by one noise.
        score, mean_direction: by all noises.
        siblings: how many directions stood out for the first time in the same iteration.
        visited: whether the round has looked around it.
    """

    words: Words
    norm: float
    direction: np.ndarray
    score: float = 0.0
    mean_direction: np.ndarray | None = None
    siblings: int = 0
    visited: bool = False


class Search:
    """Opened and checked; nothing is computed yet.

    Args:
        denoiser: the model.
        held_out: first-step norms of held-out prompts, with the same number of steps.
        settings: seed, iterations, steps, false positives.
        words: to draw from, see `words_of`.
        sentences: how rounds begin, in turn, see `sentences_of`.

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
        self.frames = tuple(map(frame_of, sentences))
        if not self.frames or not all(frame.words for frame in self.frames):
            raise ValueError("There is no sentence with a word that could change: name another.")
        self.threshold = held_out.threshold(settings.false_positives).value
        self.usual = float(np.median(held_out.scores)) ** 2
        self.noises = held_out.norms.shape[1]
        self.timestep = make_schedule(denoiser.alphas_cumprod, settings.steps).timesteps[0]
        self.candidates = min(_CANDIDATES, len(words))
        self.batch = _BATCH
        self.batches = -(-self.candidates // _BATCH)

    def steps_a_round(self) -> int:
        """How many events a round hands out: one for each batch of candidates, one for what stood out of them."""
        return self.settings.iterations * (self.batches + 1)

    def round(self, number: int) -> Generator[None, None, Mapping[str, Any]]:
        """One round, from its own seed and sentence: it depends on settings, model and number alone.

        Returns:
            {"finds": [{"prompt", "score", "pull"}, ...], "evaluations": n}, the highest score first.

        Raises:
            ValueError: the model returns NaN or infinity.
        """
        chain = _Chain(self, number)
        for _ in range(self.settings.iterations):
            yield from chain.iterate()
        return chain.part()

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


class _Chain:
    """One round of a search: the present sentence, and what has stood out so far."""

    def __init__(self, search: Search, number: int):
        self.search, self.random = search, np.random.default_rng(search.settings.seed + number)
        self.frame = search.frames[number % len(search.frames)]
        self.noise = number % search.noises  # the one that is explored with
        self.known: list[_Known] = []
        self.seen: set[Words] = set()
        self.scanned: set[tuple[int, Words]] = set()  # a place, and the words beside it that a trigger takes
        self.to_scan: list[int] = []  # places of a find that the chain stands on
        self.needed = np.ones(len(self.frame.words))  # for each place, how many finds take its word, and one more
        self.evaluations = 0
        self.words = self.frame.words

    def _word(self) -> str:
        return self.search.words[self.random.integers(len(self.search.words))]

    def iterate(self) -> Generator[None, None, None]:
        """Draw one or two words anew."""
        candidates = [words for words in self._candidates() if words not in self.seen]
        self.seen.update(candidates)
        parts: list[Pulls] = []
        for batch in range(self.search.batches):
            if some := candidates[batch * _BATCH : (batch + 1) * _BATCH]:
                parts.append(self._pulls(some, [self.noise]))
            yield
        if parts:
            norms = np.concatenate([part.norms for part in parts])
            known = self._sorted_in(candidates, norms, np.concatenate([part.directions for part in parts]))
            self._move(candidates, norms, known)
        else:
            self._move([], np.empty(0), [])
        yield

    def _candidates(self) -> list[Words]:
        """Sentences that differ from the present one at one place or at two adjacent ones."""
        places, search = len(self.words), self.search
        if self.to_scan or places == 1 or self.random.random() < _SINGLE:
            place = self.to_scan.pop(0) if self.to_scan else self._place(self.needed)
            drawn = self.random.permutation(len(search.words))[: search.candidates]
            return [(*self.words[:place], search.words[word], *self.words[place + 1 :]) for word in drawn]
        place = self._place(self.needed[:-1] + self.needed[1:])
        pairs = {(self._word(), self._word()): None for _ in range(search.candidates)}
        return [(*self.words[:place], *pair, *self.words[place + 2 :]) for pair in pairs]

    def _place(self, weights: np.ndarray) -> int:
        """A place, the likelier the more finds take its word."""
        return int(self.random.choice(len(weights), p=weights / weights.sum()))

    def _sorted_in(self, candidates: list[Words], norms: np.ndarray, directions: np.ndarray) -> list[_Known | None]:
        """Which known direction each candidate that stands out pulls in; new and better ones are measured again."""
        found: list[_Known | None] = [None] * len(candidates)
        changed: dict[int, _Known] = {}
        before = len(self.known)
        for row in np.argsort(-norms, kind="stable"):
            if norms[row] <= _LOOSE * self.search.threshold:
                break
            one = self._same(directions[row])
            if one is None:
                one = _Known(candidates[row], float(norms[row]), directions[row])
                self.known.append(one)
                changed[id(one)] = one
            elif norms[row] > one.norm:
                one.words, one.norm, one.direction = candidates[row], float(norms[row]), directions[row]
                changed[id(one)] = one
            found[row] = one
        new = self.known[before:]
        for one in new:
            one.siblings = len(new)
        better = list(changed.values())
        for start in range(0, len(better), _BATCH):
            some = better[start : start + _BATCH]
            again = self._pulls([one.words for one in some], range(self.search.noises))
            for one, score, direction in zip(some, again.norms, again.directions, strict=True):
                one.score, one.mean_direction = float(score), direction
        return found

    def _same(self, direction: np.ndarray) -> _Known | None:
        """The nearest known direction, if it is near enough."""
        if not self.known:
            return None
        cosines = np.stack([one.direction for one in self.known]) @ direction
        best = int(cosines.argmax())
        return self.known[best] if cosines[best] > SAME_PULL else None

    def _finds(self) -> list[_Known]:
        return [one for one in self.known if one.score > self.search.threshold]

    def _move(self, candidates: list[Words], norms: np.ndarray, known: list[_Known | None]) -> None:
        """Go on to the next sentence: to a find that was not looked around yet, or to one of the candidates."""
        if self.to_scan:
            return
        waiting = [one for one in self._finds() if not one.visited]
        if self.random.random() > _VISIT:
            waiting = []
        while waiting and not self.to_scan:
            fewest = min(map(self._changed, waiting))  # the held-out prompts say what is usual of sentences like them
            near = [one for one in waiting if self._changed(one) == fewest]
            most = max(one.siblings for one in near)
            near = [one for one in near if one.siblings == most]
            one = near[self._drawn(np.array([one.norm for one in near]))]
            waiting.remove(one)
            one.visited = True
            self.words = one.words
            self.to_scan = self._unscanned(one)
        if self.to_scan:
            return
        free = [row for row, one in enumerate(known) if one is None]
        drawn = candidates[free[self._drawn(norms[free])]] if free else self.frame.words
        self.words = drawn if self.random.random() < _GO_ON else self.frame.words

    def _changed(self, one: _Known) -> int:
        """How many words of the sentence that the round began with are others."""
        return sum(old != new for old, new in zip(self.frame.words, one.words, strict=True))

    def _unscanned(self, find: _Known) -> list[int]:
        """The places of a find whose words it takes, unless they were scanned beside the same other words."""
        places = range(len(find.words))
        probes = [
            (*find.words[:place], self._word(), *find.words[place + 1 :]) for place in places for _ in range(_PROBES)
        ]
        changed = self._pulls(probes, [self.noise])
        same = (changed.norms > _LOOSE * self.search.threshold) & (changed.directions @ find.direction > SAME_PULL)
        needed = ~same.reshape(len(places), _PROBES).any(axis=1)
        self.needed += needed
        left = changed.norms.reshape(len(places), _PROBES).max(axis=1)
        found = []
        for place in [place for place in np.argsort(left, kind="stable").tolist() if needed[place]][:_PLACES]:
            others = tuple(word if needed[at] and at != place else "" for at, word in enumerate(find.words))
            if (place, others) not in self.scanned:
                self.scanned.add((place, others))
                found.append(place)
        return found

    def _pulls(self, sentences: list[Words], noises: Sequence[int]) -> Pulls:
        """The same as `Search.pulls`, counted."""
        self.evaluations += len(sentences) * len(noises)
        return self.search.pulls([self.frame.filled(words) for words in sentences], noises)

    def part(self) -> dict[str, Any]:
        """What JSON can say of the round."""
        finds = sorted(self._finds(), key=lambda one: -one.score)
        return {
            "finds": [
                {
                    "prompt": self.frame.filled(one.words),
                    "score": one.score,
                    "pull": [] if one.mean_direction is None else one.mean_direction.round(4).tolist(),
                }
                for one in finds
            ],
            "evaluations": self.evaluations,
        }

    def _drawn(self, norms: np.ndarray) -> int:
        """One of (n,), with probabilities proportional to exp(D / tau)."""
        energy = norms**2 / self.search.usual / _TAU
        weights = np.exp(energy - energy.max())
        return int(self.random.choice(len(norms), p=weights / weights.sum()))
