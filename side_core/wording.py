"""How numbers are said to people, in texts of the library, the command line and the pages alike."""


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 picture`, `2,000 pictures`.

    Args:
        count: how many.
        one: the noun of a single one.
        many: that of several; left out: with an s.
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
