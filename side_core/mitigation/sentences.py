"""What a search for triggers begins with and draws from: sentences whose words may change, and words."""

from collections.abc import Sequence
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
class Frame:
    """A sentence whose words may change.

    Attributes:
        words: of the sentence.
        between: what stands before, between and after them; one more than words.
    """

    words: Words
    between: Words

    def filled(self, words: Sequence[str]) -> str:
        """The sentence with other words."""
        return "".join(part for pair in zip(self.between, (*words, ""), strict=True) for part in pair)


def frame_of(sentence: str) -> Frame:
    """The words of a sentence, and what stands between them."""
    spans = words_in(sentence)
    ends = [0, *(stop for _, _, stop in spans)]
    starts = [*(first for _, first, _ in spans), len(sentence)]
    between = tuple(sentence[end:start] for end, start in zip(ends, starts, strict=True))
    return Frame(tuple(text for text, _, _ in spans), between)


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
        if len(frame_of(word).words) != 1 or frame_of(word).words[0] != word:
            raise ValueError(f"Line {line:,} of '{file}' is '{shortened(word, 40)}': write one word a line.")
    _check_count(len(set(found.prompts)), f"'{file}' has")
    return tuple(dict.fromkeys(found.prompts))


def _check_count(count: int, whose: str) -> None:
    if count > MOST_WORDS:
        raise ValueError(
            f"{whose} {count:,} words, too many to search: name a file of {MOST_WORDS:,} words or fewer, one a line."
        )


def sentences_of(denoiser: TextDenoiser, settings: MitigationSettings, held_out: Sequence[str]) -> tuple[str, ...]:
    """The sentences that rounds begin with: that of the settings, or held-out prompts in a drawn order.

    Raises:
        ValueError: one has no words, or more than the model reads; there are none.
    """
    if settings.sentence is None:
        order = np.random.default_rng(settings.seed).permutation(len(held_out))[: settings.rounds]
        sentences = [held_out[place] for place in order]
    else:
        sentences = [settings.sentence.strip()]
    if not sentences:
        raise ValueError("The model has no held-out prompts: give a sentence that the search begins with.")
    for sentence in sentences:
        if not frame_of(sentence).words:
            raise ValueError(f"The sentence '{shortened(sentence, 60)}' has no word that could change: name another.")
        if cut := denoiser.tokens(sentence).cut:
            raise ValueError(f"The model does not read '{shortened(cut, 60)}' of the sentence any more: shorten it.")
    return tuple(sentences)
