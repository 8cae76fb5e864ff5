"""The headline in words, before any figure: how many pictures look copied, and how many would by chance."""

from side_core.stats.rate import Rate


def in_a_sentence(training: Rate, control: Rate, calibrated: Rate | None = None, plain: Rate | None = None) -> str:
    """Such as `2 of these 16 look copied; by chance we would expect none.`

    Args:
        training: pictures that beat the threshold against the training images.
        control: the same pictures against the control.
        calibrated: plain pictures of the model against the control; these are more, so they say what chance does.
        plain: of steered pictures, the same seeds drawn without the surrogate.
    """
    without = "" if plain is None else f" ({_as_word(plain.beat)} without the surrogate)"
    return f"{_looking(training)}{without}; by chance we would expect {_expected(control, calibrated, training.count)}."


def _looking(rate: Rate) -> str:
    """`2 of these 16 look copied`."""
    if rate.count == 1:
        return f"This picture {'looks' if rate.beat else 'does not look'} copied"
    if rate.beat in (0, rate.count):
        return f"{'All' if rate.beat else 'None'} of these {rate.count:,} look{'' if rate.beat else 's'} copied"
    return f"{rate.beat:,} of these {rate.count:,} look{'s' if rate.beat == 1 else ''} copied"


def _as_word(count: int) -> str:
    """A number, or none."""
    return f"{count:,}" if count else "none"


def _expected(control: Rate, calibrated: Rate | None, count: int) -> str:
    """How many of `count` would beat the threshold by chance, where a part of one is no number of pictures."""
    expected = (calibrated or control).share * count
    if expected == 0:
        return "none"
    return "fewer than one" if expected < 1 else f"about {expected:,.0f}"
