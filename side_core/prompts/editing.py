"""Where the words of a prompt stand in its text, and the same prompt with one of them replaced or removed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

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
