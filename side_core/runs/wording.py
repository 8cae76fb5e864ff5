"""How the history says values, figures and times, on its page and on the command line alike."""

import math
import time
from collections.abc import Sequence
from typing import Any

from side_core.methods import METHODS
from side_core.runs.database.row import Damaged
from side_core.runs.run import Run
from side_core.stats.bootstrap import Interval
from side_core.stats.rate import Rate

NONE = "–"
_NAMED = 3  # damaged runs whose fault is said
_LISTED_PARTS = 2  # of a headline: against the training images, against the control
COUNTED = {
    **{"extract": "pictures", "score": "pictures", "surrogate": "steps"},
    **{name: method.counted for name, method in METHODS.items()},
}


def value_in_words(value: Any) -> str:
    """The value of a setting or a fingerprint, as text that may hold anything a person typed."""
    if value is None or value == "":
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def figure_in_words(found: Rate | Interval, share: bool) -> tuple[str, str]:
    """A figure, and its count and 95 % interval.

    Args:
        found: what was measured.
        share: whether it is one of the pictures, to be said in per cent.
    """
    if isinstance(found, Rate):
        return f"{100 * found.share:.1f} %", f"{found.beat:,} of {found.count:,}; {found.interval}"
    if share:
        return f"{100 * found.value:.1f} %", f"{100 * found.low:.1f} to {100 * found.high:.1f} %"
    return number(found.value), _between(found)


def ratio_in_words(ratio: Interval) -> str:
    """How many times the baseline's figure, with its interval."""
    if math.isnan(ratio.value):
        return "neither has any"
    return f"× {number(ratio.value)} ({_between(ratio)})"


def _between(found: Interval) -> str:
    """The ends of an interval, which may have none above."""
    return f"from {number(found.low)} on" if math.isinf(found.high) else f"{number(found.low)} to {number(found.high)}"


def number(value: float) -> str:
    """A number for people: two digits below 1, one below 10, whole above."""
    if not math.isfinite(value):
        return "∞" if value > 0 else NONE
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def headline_in_words(run: Run) -> list[str]:
    """The parts of a headline that fit into a list: the rate, and that of its control; none before the run ends."""
    parts = run.headline.replace("against the control", "control").split("; ")
    return parts[:_LISTED_PARTS] if run.headline else []


def progress_in_words(run: Run) -> str:
    """How much of a run there is."""
    return f"{run.finished:,} of {run.asked:,} {COUNTED[run.kind]}"


def damage_in_words(damaged: Sequence[Damaged]) -> str:
    """One sentence that names the runs that cannot be read, and what is wrong with the first few."""
    ids = [str(item.id) for item in damaged]
    if len(ids) == 1:
        return f"Run {ids[0]} is damaged: {damaged[0].what}; the others are shown."
    named = f"{', '.join(ids[:-1])} and {ids[-1]}"
    some = "; ".join(f"run {item.id}: {item.what}" for item in damaged[:_NAMED])
    more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    return f"Runs {named} are damaged ({some}{more}); the others are shown."


def when(seconds: float) -> str:
    """A moment, in local time."""
    return time.strftime("%d %b %Y, %H:%M", time.localtime(seconds))
