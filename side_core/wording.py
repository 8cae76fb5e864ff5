"""How text is said in a place that is too narrow for it."""


def shortened(text: str, most: int) -> str:
    """Text of `most` characters at most; a long one loses its middle, as prompts and paths differ at their ends."""
    if len(text) <= most:
        return text
    begin = most // 2
    return f"{text[:begin]}…{text[begin + 1 - most :]}"
