"""Where the words of a prompt stand in its text, and the same prompt with some of them replaced or removed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORD = re.compile(r"\w+")
_SEPARATORS = ",;"  # of two with nothing between them one is left; none is left at the end


@dataclass(frozen=True)
class Span:
    """Characters `begin` to `end` (not included) of a prompt."""

    begin: int
    end: int

    def of(self, prompt: str) -> str:
        """The characters themselves, as they were written."""
        return prompt[self.begin : self.end]


def spans_of(prompt: str, words: Sequence[str]) -> tuple[Span | None, ...]:
    """Where each word stands, one after the other; None for one that is not written like that.

    Args:
        prompt: as it was written.
        words: in their order, in any case: CLIP's tokenizer makes all letters small.
    """
    lowered = prompt.lower()
    if len(lowered) != len(prompt):  # a few letters become two
        lowered = prompt
    found: list[Span | None] = []
    behind = 0
    for word in words:
        begin = lowered.find(word.lower(), behind)
        found.append(None if begin < 0 or not word else Span(begin, begin + len(word)))
        behind = behind if found[-1] is None else found[-1].end
    return tuple(found)


def with_word(prompt: str, span: Span, new: str) -> str:
    """The prompt with other characters in the place of a word; without any, the gap that is left is closed.

    Args:
        prompt: as it was written.
        span: of the word.
        new: what takes its place; empty: nothing.
    """
    before, after = prompt[: span.begin], prompt[span.end :]
    if new.strip():
        return f"{before}{new.strip()}{after}"
    rest = re.sub(r"\s{2,}", " ", f"{before} {after}" if before and after else before + after)
    rest = re.sub(rf"\s+([{_SEPARATORS}.])", r"\1", rest)
    rest = re.sub(rf"([{_SEPARATORS}])(\s*[{_SEPARATORS}])+", r"\1", rest)
    return rest.strip(f" {_SEPARATORS}")


def with_words(prompt: str, spans: Sequence[Span], texts: Sequence[str]) -> str:
    """The prompt with other characters in the place of its words; see `with_word`.

    Args:
        prompt: as it was written.
        spans: of its words, in their order.
        texts: what stands in the place of each.
    """
    for span, text in reversed(list(zip(spans, texts, strict=True))):
        if text != span.of(prompt):
            prompt = with_word(prompt, span, text)
    return prompt


def texts_in(edited: str, prompt: str, spans: Sequence[Span]) -> tuple[str, ...]:
    """What an edited prompt has in the place of each word: the word itself, another text, or nothing.

    Words that were put in count to the word before them; the letters' case tells nothing apart.

    Args:
        edited: the prompt after some edits.
        prompt: as it was written.
        spans: of its words, in their order.
    """
    texts = [span.of(prompt) for span in spans]
    words = [place for place, text in enumerate(texts) if _letters(text)]  # the rest is punctuation, and stays
    found = list(_WORD.finditer(edited))
    own, other = [_letters(texts[place]) for place in words], [_letters(word[0]) for word in found]
    begins: dict[int, int] = {}  # where in the edited prompt what was put in before a text begins
    for kind, first, last, begin, end in SequenceMatcher(None, own, other, autojunk=False).get_opcodes():
        if kind == "insert":
            place = words[max(first - 1, 0)]
            begins[place] = min(begins.get(place, found[begin].start()), found[max(begin - 1, 0)].start())
            texts[place] = edited[begins[place] : found[end - 1].end()]
            continue
        for number in range(first, last):
            place, at = words[number], begin + number - first
            if kind == "equal":
                put_in = edited[begins[place] : found[at].end()] if place in begins else ""
                texts[place] = put_in or texts[place]
            elif at >= end:
                texts[place] = ""
            else:  # the last word of a replacement takes all that is left of it
                texts[place] = edited[found[at].start() : found[end - 1 if number == last - 1 else at].end()]
    return tuple(texts)


def _letters(text: str) -> str:
    """The letters and digits of a word, as they are compared."""
    return re.sub(r"\W", "", text).lower()
