"""Charts of the report, as SVG that takes its colours from the page."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from side_core.runs.report.text import said
from side_core.runs.result import Result
from side_core.similarity.scores import SCORES
from side_core.wording import counted, rounded

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 960, 250, 44, 46, 30
BINS, TICKS = 40, 5


def histogram_svg(result: Result, threshold: float) -> str:
    """How many pictures have which score: against the training images upwards, against the control downwards.

    Args:
        result: of the run.
        threshold: from which score on a picture counts.
    """
    kind, sides = SCORES[result.score], [result.scores[result.score]]
    if (control := result.scores.get(f"control/{result.score}")) is not None:
        sides.append(control)
    low = min(0.0, *(float(side.min()) for side in sides))
    high = kind.largest if result.score != "l2" else max(threshold * 1.2, *(float(side.max()) for side in sides))
    counts = [np.histogram(side.clip(low, high), BINS, (low, high))[0] for side in sides]

    def across(value: float) -> float:
        return LEFT + (WIDTH - 2 * LEFT) * (value - low) / (high - low)

    base, parts = bars(counts)
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - LEFT}" y1="{base:.1f}" y2="{base:.1f}"/>')
    parts += [text(across(tick), HEIGHT - 24, f"{tick:.2f}") for tick in np.linspace(low, high, TICKS)]
    direction = "larger" if kind.larger_is_nearer else "smaller"
    parts.append(text(WIDTH / 2, HEIGHT - 6, f"{kind.title}: {direction} is nearer to a copy"))
    edge = across(min(max(threshold, low), high))
    left = edge <= WIDTH / 2
    parts.append(f'<line class="edge" x1="{edge:.1f}" x2="{edge:.1f}" y1="{TOP - 12}" y2="{HEIGHT - BOTTOM}"/>')
    words = f"threshold {rounded(threshold)}"
    parts.append(text(edge + (8 if left else -8), TOP - 6, words, "start" if left else "end", "strong"))
    parts += legend(WIDTH - LEFT - 265 if left else LEFT, len(counts))
    return picture(parts, f"Histogram of {kind.title}: {in_words(counts, threshold)}")


def bars(counts: Sequence[np.ndarray]) -> tuple[float, list[str]]:
    """Height of the axis, and the bars: the first counts upwards, the second downwards, by one measure."""
    room, highest = HEIGHT - TOP - BOTTOM, [max(1, int(side.max())) for side in counts]
    measure = room / sum(highest)
    base = TOP + measure * highest[0]
    wide = (WIDTH - 2 * LEFT) / BINS
    parts = []
    for side, name in zip(counts, ("training", "control"), strict=False):
        for i in np.flatnonzero(side):
            tall = measure * side[i]
            top = base - tall if name == "training" else base
            parts.append(
                f'<rect class="{name}" x="{LEFT + i * wide + 1:.1f}" y="{top:.1f}" width="{wide - 2:.1f}" '
                f'height="{tall:.1f}" rx="1.5"/>'
            )
    return base, parts


def legend(x: float, sides: int) -> list[str]:
    """Which bars are which; the direction tells them apart, too."""
    parts = []
    for name, words in (("training", "↑ training images"), ("control", "↓ control"))[:sides]:
        parts.append(f'<rect class="{name}" x="{x:.1f}" y="{TOP - 16}" width="11" height="11" rx="2"/>')
        parts.append(text(x + 18, TOP - 6, words, "start", "strong"))
        x += 160
    return parts


def in_words(counts: Sequence[np.ndarray], threshold: float) -> str:
    """What the chart shows, for who cannot see it."""
    sides = ("against the training images", "against the control")
    whole = ", ".join(f"{counted(part.sum(), 'picture')} {side}" for part, side in zip(counts, sides, strict=False))
    return f"{whole}; the threshold is {rounded(threshold)}, the numbers are in the table below"


def interval_svg(rate: Mapping[str, Any], name: str) -> str:
    """A share with its 95 % interval on a line from 0 to 100 %; the number beside it says the same."""
    low, high, share = (200 * rate[key] for key in ("low", "high", "share"))
    return (
        '<svg viewBox="0 0 200 16" preserveAspectRatio="none" aria-hidden="true">'
        '<rect x="0" y="7" width="200" height="2" style="fill: var(--line)"/>'
        f'<rect class="{name}" x="{low:.1f}" y="4" width="{max(high - low, 1):.1f}" height="8" opacity="0.35"/>'
        f'<rect class="{name}" x="{min(share, 197.5):.1f}" y="1" width="2.5" height="14"/></svg>'
    )


def text(x: float, y: float, words: str, anchor: str = "middle", style: str = "") -> str:
    """Words in a chart."""
    named = f' class="{style}"' if style else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{said(words)}</text>'


def picture(parts: Sequence[str], alt: str) -> str:
    """An SVG picture with its alternative text."""
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said(alt)}">{"".join(parts)}</svg>'
