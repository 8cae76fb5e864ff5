"""Charts of the report, as SVG that takes its colours from the page."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from side_core.charts.palette import CONTROL, TRAINING
from side_core.charts.static import FRAME, INK, paper, svg
from side_core.runs.report.text import said
from side_core.runs.result import Result
from side_core.similarity.scores import SCORES
from side_core.wording import counted, rounded

_WIDTH, _HEIGHT = 960, 270
_BINS = 40
_COLORS = {TRAINING: "var(--main)", CONTROL: "var(--other)", INK: "var(--ink)", FRAME: "var(--line)"}  # of the page


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
    counts = [np.histogram(side.clip(low, high), _BINS, (low, high))[0] for side in sides]
    edges = np.linspace(low, high, _BINS + 1)
    figure, (plot,) = paper(_WIDTH, _HEIGHT)
    for side, sign, color, name in zip(
        counts, (1, -1), (TRAINING, CONTROL), ("training images", "control"), strict=False
    ):
        plot.bar(edges[:-1], sign * side, np.diff(edges) * 0.9, align="edge", color=color, label=f"against the {name}")
    edge = min(max(threshold, low), high)
    plot.axvline(edge, color=INK, linestyle="--", linewidth=1.2, label=f"threshold {rounded(threshold)}")
    plot.axhline(0, color=INK, linewidth=0.8)
    plot.set_xlim(low, high)
    plot.set_yticks([])
    plot.spines["left"].set_visible(False)
    direction = "larger" if kind.larger_is_nearer else "smaller"
    plot.set_xlabel(f"{kind.title}: {direction} is nearer to a copy")
    figure.legend(loc="outside upper left", ncols=3, frameon=False)
    return _themed(svg(figure), f"Histogram of {kind.title}: {_in_words(counts, threshold)}")


def _themed(picture: str, alt: str) -> str:
    """An SVG in the colours of its page, as wide as there is room, with an alternative text."""
    for color, name in _COLORS.items():
        picture = picture.replace(color, name)
    box = re.search(r'viewBox="[^"]*"', picture)
    assert box is not None  # matplotlib writes one
    inner = re.sub("<metadata>.*?</metadata>", "", picture[picture.index(">") + 1 :], flags=re.DOTALL)
    inner = inner.replace('<style type="text/css">*', "<style>.chart svg *")  # it is about nothing else on the page
    return f'<svg {box[0]} role="img" aria-label="{said(alt)}">{inner}'


def _in_words(counts: Sequence[np.ndarray], threshold: float) -> str:
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
