"""How numbers and long texts are said to people: in the library, on the command line and on the pages alike."""


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 picture`, `2,000 pictures`.

    Args:
        count: how many.
        one: the noun of a single one.
        many: that of several; left out: with an s.
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def shortened(text: str, most: int) -> str:
    """Text of `most` characters at most; a long one loses its middle, as prompts and paths differ at their ends."""
    if len(text) <= most:
        return text
    begin = most // 2
    return f"{text[:begin]}…{text[begin + 1 - most :]}"
