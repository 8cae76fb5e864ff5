"""One round of the search for triggers: a Gibbs chain over the words of a sentence, and what stands out on its way.

The next word is drawn with a probability proportional to exp(D / tau), D = || e_c - e_0 ||^2 at the first step in units
of the median of held-out prompts (MemBench, Hong et al.). What we add is said in `search`.
"""

import itertools
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from side_core.mitigation.search import SAME_PULL, Pulls, Search
from side_core.mitigation.sentences import Sentence

_TAU = 5.0  # of exp(D / tau); 0.1 (Hong et al.) always takes the highest in our units, and stays with odd sentences
_VISIT = 0.67  # how often the chain goes on to a find that waits, so that one region does not take the whole round
_GO_ON = 0.5  # how often the chain goes on from a sentence that is no find, instead of beginning again
_SINGLE = 0.25  # of the iterations that stand on no find, how many draw one word; the others draw two
_RICH = 0.5  # of the draws of two words, how many prefer words that finds take at their places
_WEIGHT = 5.0  # of a word for each such find; 1 without
_LOOSE = 0.9  # of the threshold, by one noise: what is looked at with all noises
_PROBES = 3  # words that are put in place of one that may not matter
_PLACES = 2  # of a find that are scanned at most: those where other words change most
_HEAVY = 5  # sentences with a word at a place, from which on their norms say whether it pulls by itself
_MOSTLY = 0.25  # of these, how many may be below
_SENTENCES = 40  # in which the words of a find are tried
KEPT = 3  # of these, with the same words; the highest alone leaves a third of the known pictures out

_Taken = frozenset[tuple[int, str]]  # places and words


def round_of(search: Search, number: int, before: Sequence[Mapping[str, Any]]) -> Generator[None, None, dict[str, Any]]:
    """One round, from its own seed and sentence; it depends on settings, model and the rounds before it alone.

    Args:
        search: what is searched, and how long.
        number: 0-based.
        before: what rounds 0, 1, ..., number - 1 returned.

    Yields:
        `search.steps_a_round()` times: after each batch, and when what stood out of them was looked at.

    Returns:
        What JSON can say: "finds", a list of {"prompt", "takes", "score", "pull"}, the highest score first, where
        "takes" are places and words without which it is another find; "tried", all of these; "heavy", words that
        pull by themselves; "evaluations" of the model.

    Raises:
        ValueError: the model returns NaN or infinity.
    """
    chain = _Chain(search, number, before)
    for _ in range(search.settings.iterations):
        yield from chain.iterate()
    return chain.part()


@dataclass(eq=False)
class _Known:
    """A direction that stood out in a round, and the sentence that pulls hardest in it.

    Attributes:
        sentence: with its words.
        norm, direction: by one noise.
        score: by all noises.
        siblings: how many directions stood out for the first time in the same iteration.
        places: of the words that it takes, those that matter most first; none while it is below the threshold.
        visited: whether the round has looked around it.
    """

    sentence: Sentence
    norm: float
    direction: np.ndarray
    score: float = 0.0
    siblings: int = 0
    places: tuple[int, ...] = ()
    visited: bool = False


class _Chain:
    """One round of a search: the present sentence, and what has stood out so far."""

    def __init__(self, search: Search, number: int, before: Sequence[Mapping[str, Any]]):
        self.search, self.random = search, np.random.default_rng(search.settings.seed + number)
        self.noise = number % search.noises  # the one that is explored with
        self.known: list[_Known] = []
        self.seen: set[Sentence] = set()
        self.tried = {frozenset((place, word) for place, word in one) for part in before for one in part["tried"]}
        self.taken = Counter(taken for one in self.tried for taken in one)  # how many of these have a word at a place
        self.scanned: set[tuple[int, _Taken]] = set()  # a place, and the words of a find at its other places
        self.to_scan: list[int] = []  # places of a find that the chain stands on
        longest = max(len(sentence.words) for sentence in search.sentences)
        self.needed = np.ones(longest)  # for each place, how many finds take its word, and one more
        self.norms: dict[tuple[int, str], list[float]] = {}  # with a word at a place, above others drawn with it
        self.chosen = False  # whether the candidates hold words that were chosen for their pull
        self.heavy = {word for part in before for word in part["heavy"]}  # they pull by themselves
        self.new: dict[str, list[Any]] = {"finds": [], "tried": [], "heavy": []}
        self.evaluations = 0
        self.sentence = search.sentences[number % len(search.sentences)]

    def _words(self, place: int) -> list[str]:
        """Words for a place of the candidates: where they are chosen, the likelier the more finds take them there."""
        words, weights = self.search.words, np.ones(len(self.search.words))
        if self.chosen:
            weights += [_WEIGHT * self.taken[place, word] for word in words]
        rows = self.random.choice(len(words), self.search.candidates, p=weights / weights.sum())
        return [words[row] for row in rows]

    def _others(self, word: str) -> list[str]:
        """A few words that stand for any other."""
        drawn = self.random.permutation(len(self.search.words))[: _PROBES + 1]
        return [other for other in (self.search.words[row] for row in drawn) if other != word.lower()][:_PROBES]

    def iterate(self) -> Generator[None, None, None]:
        """Draw one or two words anew."""
        candidates = [one for one in self._candidates() if one not in self.seen]
        self.seen.update(candidates)
        parts: list[Pulls] = []
        for batch in range(self.search.batches):
            if some := candidates[batch * self.search.batch : (batch + 1) * self.search.batch]:
                parts.append(self._pulls(some, [self.noise]))
            yield
        if parts:
            norms = np.concatenate([part.norms for part in parts])
            self._weigh(candidates, norms)
            known = self._sorted_in(candidates, norms, np.concatenate([part.directions for part in parts]))
            self._move(candidates, norms, known)
        else:
            self._move([], np.empty(0), [])
        yield

    def _candidates(self) -> list[Sentence]:
        """Sentences that differ from the present one at one place or at two adjacent ones."""
        places, search, sentence = len(self.sentence.words), self.search, self.sentence
        self.chosen = bool(self.to_scan)
        if self.chosen or places == 1 or self.random.random() < _SINGLE:
            place = self.to_scan.pop(0) if self.to_scan else self._place(self.needed[:places])
            drawn = self.random.permutation([word for word in search.words if word not in self.heavy])
            return [sentence.replaced((place, str(word))) for word in drawn[: search.candidates]]
        place = self._place(self.needed[: places - 1] + self.needed[1:places])
        self.chosen = self.random.random() < _RICH
        some, more = (self._words(at) for at in (place, place + 1))
        pairs = dict.fromkeys(zip(some, more, strict=True))
        return [
            sentence.replaced((place, one), (place + 1, other))
            for one, other in pairs
            if one not in self.heavy and other not in self.heavy
        ]

    def _place(self, weights: np.ndarray) -> int:
        """A place, the likelier the more finds take its word."""
        return int(self.random.choice(len(weights), p=weights / weights.sum()))

    def _weigh(self, candidates: list[Sentence], norms: np.ndarray) -> None:
        """Which of the words that were drawn pull by themselves?"""
        if self.chosen:  # beside words that were chosen for their pull
            return
        drawn, usual = self.sentence.words, float(np.median(norms))
        for one, norm in zip(candidates, norms.tolist(), strict=True):
            for place, word in enumerate(one.words):
                if word != drawn[place] and word not in self.heavy:
                    own = self.norms.setdefault((place, word), [])
                    own.append(norm - usual)
                    if len(own) >= _HEAVY and np.quantile(own, _MOSTLY) > self.search.threshold - self.search.usual:
                        self.heavy.add(word)
                        self.new["heavy"].append(word)
                        self._try_elsewhere(one, frozenset({(place, word)}))

    def _sorted_in(self, candidates: list[Sentence], norms: np.ndarray, directions: np.ndarray) -> list[_Known | None]:
        """Which known direction each candidate that stands out pulls in; new and better ones are measured again."""
        found: list[_Known | None] = [None] * len(candidates)
        changed: dict[int, _Known] = {}
        before = len(self.known)
        for row in np.argsort(-norms, kind="stable"):
            if norms[row] <= _LOOSE * self.search.threshold:
                break
            if not self.heavy.isdisjoint(candidates[row].words):
                continue
            one = self._same(directions[row])
            if one is None:
                one = _Known(candidates[row], float(norms[row]), directions[row])
                self.known.append(one)
                changed[id(one)] = one
            elif one.score <= self.search.threshold and norms[row] > one.norm:
                one.sentence, one.norm, one.direction = candidates[row], float(norms[row]), directions[row]
                changed[id(one)] = one
            found[row] = one
        new = self.known[before:]
        for one in new:
            one.siblings = len(new)
        better = list(changed.values())
        for start in range(0, len(better), self.search.batch):
            some = better[start : start + self.search.batch]
            again = self._pulls([one.sentence for one in some], range(self.search.noises))
            for one, score in zip(some, again.norms, strict=True):
                one.score = float(score)
                if one.score > self.search.threshold:
                    self._look_around(one)
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

    def _move(self, candidates: list[Sentence], norms: np.ndarray, known: list[_Known | None]) -> None:
        """Go on to the next sentence: to a find that was not looked around yet, or to one of the candidates."""
        if self.to_scan:
            return
        waiting = [one for one in self._finds() if not one.visited]
        if self.random.random() > _VISIT:
            waiting = []
        while waiting and not self.to_scan:
            fewest = min(len(one.places) for one in waiting)
            near = [one for one in waiting if len(one.places) == fewest]
            most = max(one.siblings for one in near)
            near = [one for one in near if one.siblings == most]
            one = near[self._drawn(np.array([one.norm for one in near]))]
            waiting.remove(one)
            one.visited = True
            self.sentence = one.sentence
            self.to_scan = self._unscanned(one)
        if self.to_scan:
            return
        free = [row for row, one in enumerate(known) if one is None]
        if free and self.random.random() < _GO_ON:
            self.sentence = candidates[free[self._drawn(norms[free])]]
        else:
            self.sentence = self.search.sentences[self.random.integers(len(self.search.sentences))]

    def _unscanned(self, find: _Known) -> list[int]:
        """The places of a find whose words it takes, unless they were scanned beside the same other words."""
        found = []
        for place in find.places[:_PLACES]:
            scan = place, find.sentence.at([other for other in find.places if other != place])
            if scan not in self.scanned:
                self.scanned.add(scan)
                found.append(place)
        return found

    def _look_around(self, find: _Known) -> None:
        """Which words does a find take, and in which sentences do they pull hardest?"""
        sentence, places = find.sentence, range(len(find.sentence.words))
        probes = [
            [sentence.replaced((place, other)) for other in self._others(sentence.words[place])] for place in places
        ]
        changed = self._pulls(list(itertools.chain(*probes)), [self.noise])
        same = (changed.norms > _LOOSE * self.search.threshold) & (changed.directions @ find.direction > SAME_PULL)
        needed = ~same.reshape(len(places), -1).any(axis=1)
        left = changed.norms.reshape(len(places), -1).max(axis=1)
        find.places = tuple(place for place in np.argsort(left, kind="stable").tolist() if needed[place])
        self.needed[: len(needed)] += needed
        takes = sentence.at(find.places)
        if takes not in self.tried:
            self.tried.add(takes)
            self.new["tried"].append(sorted(map(list, takes)))
            self.taken.update(takes)
            self._try_elsewhere(sentence, takes)

    def _try_elsewhere(self, sentence: Sentence, takes: _Taken) -> None:
        """Put the words of a find into other sentences, and keep the few that pull hardest in different directions."""
        fitting = [one for one in self.search.sentences if all(place < len(one.words) for place, _ in takes)]
        others = [one.replaced(*takes) for one in fitting[:_SENTENCES]]
        tried = list({one.text: one for one in (sentence, *others)}.values())
        pulls = self._pulls(tried, [self.noise])
        rows: list[int] = []
        for row in np.argsort(-pulls.norms, kind="stable").tolist():
            near = (pulls.directions[rows] @ pulls.directions[row]).max(initial=-1.0) > SAME_PULL
            if len(rows) < KEPT and pulls.norms[row] > _LOOSE * self.search.threshold and not near:
                rows.append(row)
        if rows:
            again = self._pulls([tried[row] for row in rows], range(self.search.noises))
            said = sorted(map(list, takes))
            self.new["finds"] += [
                {"prompt": tried[row].text, "takes": said, "score": float(score), "pull": direction.round(4).tolist()}
                for row, score, direction in zip(rows, again.norms, again.directions, strict=True)
                if score > self.search.threshold
            ]

    def _pulls(self, sentences: list[Sentence], noises: Sequence[int]) -> Pulls:
        """The same as `Search.pulls`, counted."""
        self.evaluations += len(sentences) * len(noises)
        return self.search.pulls([one.text for one in sentences], noises)

    def part(self) -> dict[str, Any]:
        """What JSON can say of the round."""
        finds = sorted(self.new["finds"], key=lambda find: -find["score"])
        return {**self.new, "finds": finds, "evaluations": self.evaluations}

    def _drawn(self, norms: np.ndarray) -> int:
        """One of (n,), with probabilities proportional to exp(D / tau)."""
        energy = (norms / self.search.usual) ** 2 / _TAU
        weights = np.exp(energy - energy.max())
        return int(self.random.choice(len(norms), p=weights / weights.sum()))
