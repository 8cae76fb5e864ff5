"""What a prompt becomes: the tokens of a vocabulary, their words, and what did not fit."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

_START, _END, _PADDING = "[start]", "[end]", "[pad]"  # how the tokens that stand for no text are shown
_WORD_END = "</w>"  # how CLIP's byte pairs mark it
_WORD = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")  # Novak, O'Neil, 1990, or a single sign


@dataclass(frozen=True)
class Word:
    """One word of a prompt.

    Attributes:
        text: as it was typed.
        tokens: its positions among the ids, 0-based; none where it was cut off.
    """

    text: str
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class Tokens:
    """A prompt as the text encoder reads it.

    Attributes:
        ids: start, text, end, padding; as many as the context is long.
        pieces: what each of them stands for: a piece of the prompt, or what kind of token it is.
        words: those that are read, in order; punctuation belongs to none.
        end: position of the end-of-text that follows the prompt.
        cut: the rest of the prompt, for which there was no room; empty where all of it fits.
        unknown: words that the vocabulary knows in pieces only, or not at all.
    """

    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    words: tuple[Word, ...]
    end: int
    cut: str
    unknown: tuple[str, ...]


class Vocabulary:
    """CLIP's tokenizer with a context of a given length; it reads a prompt as diffusers' own pipeline does.

    Args:
        tokenizer: of transformers; it finds start and end by their names.
        context: ids of a prompt, start and end included.
    """

    def __init__(self, tokenizer: "CLIPTokenizer", context: int):
        self.tokenizer = tokenizer
        self.context = context
        self.start, self.end = tokenizer.bos_token_id, tokenizer.eos_token_id
        self.padding = self.end if tokenizer.pad_token_id is None else tokenizer.pad_token_id

    def __len__(self) -> int:
        return len(self.tokenizer)

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides which ids a prompt gets."""
        model = json.loads(self.tokenizer.backend_tokenizer.to_str())["model"]
        rules = [self.tokenizer.get_vocab(), model["merges"], self.context, self.start, self.end, self.padding]
        return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()

    def tokens(self, prompt: str) -> Tokens:
        """A prompt's tokens; any text has some, the empty one too.

        Raises:
            ValueError: the text cannot be written as UTF-8.
        """
        check_text(prompt)
        found = self.tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        own, spans, parts = found["input_ids"], found["offset_mapping"], found.word_ids()
        room = self.context - 2
        kept = min(len(own), room)
        ids = (self.start, *own[:room], self.end, *[self.padding] * (room - kept))
        pieces = (_START, *(prompt[first:stop] for first, stop in spans[:room]), _END, *[_PADDING] * (room - kept))
        words, unknown = [], []
        for text, first, stop in words_in(prompt):
            places = [place for place, span in enumerate(spans) if first <= span[0] < stop]
            if read := tuple(place + 1 for place in places if place < room):
                words.append(Word(text, read))
            in_pieces = len({parts[place] for place in places}) < len(places)
            if in_pieces or self.tokenizer.unk_token_id in (own[place] for place in places):
                unknown.append(text)
        cut = prompt[spans[room][0] :].strip() if len(own) > room else ""
        return Tokens(ids, pieces, tuple(words), kept + 1, cut, tuple(dict.fromkeys(unknown)))

    def whole_words(self) -> tuple[str, ...]:
        """All words of letters that are one token, in the order of their ids."""
        known = sorted(self.tokenizer.get_vocab().items(), key=lambda item: item[1])
        words = (token.removesuffix(_WORD_END) for token, _ in known if token.endswith(_WORD_END))
        return tuple(word for word in words if word.isascii() and word.isalpha() and len(word) > 1)

    def ids(self, prompts: Sequence[str]) -> Tensor:
        """(n, L) int64 ids of n prompts."""
        return torch.tensor([self.tokens(prompt).ids for prompt in prompts], dtype=torch.int64).view(-1, self.context)


def words_in(prompt: str) -> list[tuple[str, int, int]]:
    """The words of a text with where each begins and stops: letters and digits, and signs that are no punctuation."""
    found = ((match[0], match.start(), match.end()) for match in _WORD.finditer(prompt))
    return [(text, first, stop) for text, first, stop in found if text[0].isalnum() or _is_symbol(text)]


def _is_symbol(sign: str) -> bool:
    """Whether a sign means something by itself, as an emoji does."""
    return not sign.isascii() and unicodedata.category(sign).startswith("S")


def need_prompt(prompt: str) -> str:
    """The prompt without the space around it.

    Raises:
        ValueError: there is nothing else in it.
    """
    check_text(prompt)
    if not prompt.strip():
        raise ValueError("The prompt is empty: type what the picture shall show.")
    return prompt.strip()


def check_text(prompt: str) -> None:
    """Raise ValueError where a text has half characters, which no vocabulary can read."""
    try:
        prompt.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"The prompt has a character that is not valid text ({prompt[error.start]!r}): type it again."
        ) from None
