"""A vocabulary for CLIP's tokenizer, learnt from captions: byte-pair encoding until every word is one token."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
_WORD_END = "</w>"


def byte_alphabet() -> list[str]:
    """A printable character for each of the 256 bytes, as GPT-2 chose them; CLIP's tokenizer takes the same ones."""
    kept = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in kept]
    return [chr(byte) for byte in kept] + [chr(256 + index) for index in range(len(others))]


def learn_merges(words: Iterable[str]) -> list[tuple[str, str]]:
    """Byte-pair merges, the commonest pair first, until each word is one token (Sennrich et al. 2016, algorithm 1).

    Args:
        words: in lower case, of plain letters; their frequencies count.
    """
    counts = Counter(words)
    split = {word: (*word[:-1], word[-1] + _WORD_END) for word in counts}
    merges = []
    while pairs := Counter({pair: 0 for parts in split.values() for pair in pairwise(parts)}):
        for word, parts in split.items():
            for pair in pairwise(parts):
                pairs[pair] += counts[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        split = {word: merged(parts, best) for word, parts in split.items()}
    return merges


def merged(parts: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    """The parts of a word with each occurrence of a pair made one."""
    result: list[str] = []
    index = 0
    while index < len(parts):
        width = 2 if parts[index : index + 2] == pair else 1
        result.append("".join(parts[index : index + width]))
        index += width
    return tuple(result)


def new_tokenizer(captions: Iterable[str], context: int) -> "CLIPTokenizer":
    """CLIP's tokenizer with a small vocabulary of its own; nothing is unknown to it, as it has every byte.

    Args:
        captions: whose words shall be one token each.
        context: the most tokens a prompt has, with its start and its end.
    """
    from transformers import CLIPTokenizer  # seconds to import

    words = {word for caption in captions for word in caption.lower().replace(",", " ").split()}
    merges = learn_merges(sorted(words))  # each once: how often a caption is repeated must not change the vocabulary
    alphabet = byte_alphabet()
    tokens = [*alphabet, *(letter + _WORD_END for letter in alphabet), *("".join(pair) for pair in merges), START, END]
    ids = {token: index for index, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=ids, merges=merges, model_max_length=context)  # type: ignore[arg-type]
