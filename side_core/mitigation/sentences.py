"""What a search for triggers begins with and draws from: sentences whose words may change, and words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.text.tokens import words_in
from side_core.prompts.prompt_file import read_prompts
from side_core.settings.mitigation import MitigationSettings
from side_core.wording import shortened

MOST_WORDS = 5000  # to draw from; among more, a search would meet few of them

Words = tuple[str, ...]


@dataclass(frozen=True)
class Sentence:
    """A text whose words may change.

    Attributes:
        words: of the text.
        between: what stands before, between and after them; one more than words.
    """

    words: Words
    between: Words

    @property
    def text(self) -> str:
        """As it is written."""
        return "".join(part for pair in zip(self.between, (*self.words, ""), strict=True) for part in pair)

    def replaced(self, *words: tuple[int, str]) -> "Sentence":
        """The same with other words at some places."""
        new = dict(words)
        return Sentence(tuple(new.get(place, word) for place, word in enumerate(self.words)), self.between)

    def at(self, places: Iterable[int]) -> frozenset[tuple[int, str]]:
        """Some places and the words there."""
        return frozenset((place, self.words[place]) for place in places)


def in_words(text: str) -> Sentence:
    """The words of a text, and what stands between them."""
    spans = words_in(text)
    ends = [0, *(stop for _, _, stop in spans)]
    starts = [*(first for _, first, _ in spans), len(text)]
    between = tuple(text[end:start] for end, start in zip(ends, starts, strict=True))
    return Sentence(tuple(word for word, _, _ in spans), between)


def words_of(denoiser: TextDenoiser, settings: MitigationSettings) -> Words:
    """The words that a search draws from: those of a file, or all whole words of the model's vocabulary.

    Of a vocabulary: plain letters, two or more, that are one token and end a word.

    Raises:
        ValueError: the file holds something else than one word a line; there are too many words.
    """
    if settings.words is not None:
        return _words_in_file(Path(settings.words))
    vocabulary = denoiser.vocabulary
    plain = sorted(vocabulary.whole_words())
    _check_count(len(plain), "The model's vocabulary has")
    return tuple(word for word in plain if vocabulary.tokens(word).end == 2)


def _words_in_file(file: Path) -> Words:
    """One word a line, each once."""
    found = read_prompts(file)
    if found.note is not None:
        raise ValueError(f"'{file}' is no list of words: {found.note}")
    for line, word in zip(found.lines, found.prompts, strict=True):
        if len(in_words(word).words) != 1 or in_words(word).words[0] != word:
            raise ValueError(f"Line {line:,} of '{file}' is '{shortened(word, 40)}': write one word a line.")
    _check_count(len(set(found.prompts)), f"'{file}' has")
    return tuple(dict.fromkeys(found.prompts))


def _check_count(count: int, whose: str) -> None:
    if count > MOST_WORDS:
        raise ValueError(
            f"{whose} {count:,} words, too many to search: name a file of {MOST_WORDS:,} words or fewer, one a line."
        )


def sentences_of(denoiser: TextDenoiser, settings: MitigationSettings, held_out: Sequence[str]) -> tuple[str, ...]:
    """The sentences that a search begins with: that of the settings, or held-out prompts in a drawn order.

    Raises:
        ValueError: one has no words, or more than the model reads; there are none.
    """
    if settings.sentence is None:
        order = np.random.default_rng(settings.seed).permutation(len(held_out))
        sentences = [held_out[place] for place in order]
    else:
        sentences = [settings.sentence.strip()]
    if not sentences:
        raise ValueError("The model has no held-out prompts: give a sentence that the search begins with.")
    for sentence in sentences:
        if not in_words(sentence).words:
            raise ValueError(f"The sentence '{shortened(sentence, 60)}' has no word that could change: name another.")
        if cut := denoiser.tokens(sentence).cut:
            raise ValueError(f"The model does not read '{shortened(cut, 60)}' of the sentence any more: shorten it.")
    return tuple(sentences)
