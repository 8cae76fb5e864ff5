"""An evaluation as a picture: how much comes back by each method, beside its control."""

import numpy as np

from side_core.charts.palette import CONTROL, TRAINING
from side_core.charts.static import FRAME, paper, pixels
from side_core.evaluation.evaluation import Evaluation
from side_core.similarity.scores import SCORES
from side_core.stats.rate import Rate
from side_core.wording import rounded

_WIDTH, _ROW, _FRAMED = 1000, 44, 140  # pixels


def chart(evaluation: Evaluation) -> np.ndarray:
    """(H, W, 3) uint8: AMS of each method with its 95 % interval, and the same pictures against the control."""
    methods, comparison = evaluation.methods, evaluation.comparison
    figure, (plot,) = paper(_WIDTH, _FRAMED + _ROW * len(methods))
    figures = [comparison.figures[item.method.name] for item in methods]
    kind = SCORES[comparison.score]
    rows = np.arange(len(methods))[::-1]
    for name, rates, color, marker, shift in (
        ("against the training images", [item.ams for item in figures], TRAINING, "o", 0.12),
        ("against the control", [item.control for item in figures], CONTROL, "s", -0.12),
    ):
        plot.errorbar(
            [100 * rate.share for rate in rates],
            rows + shift,
            xerr=np.transpose([_reach(rate) for rate in rates]),
            fmt=marker,
            color=color,
            capsize=3,
            label=f"{name}, with 95 % interval",
        )
    plot.set_yticks(rows, [item.method.title for item in methods])
    plot.set_ylim(-0.6, len(methods) - 0.4)
    plot.set_xlim(left=min(-0.5, plot.get_xlim()[0]))
    plot.grid(axis="x", color=FRAME)
    plot.set_axisbelow(True)
    count = evaluation.settings.count
    plot.set_xlabel(f"AMS in %, {kind.symbol} {kind.sign} {rounded(comparison.threshold)}, {count:,} images a method")
    figure.legend(loc="outside lower left", ncols=2, frameon=False)
    return pixels(figure)


def _reach(rate: Rate) -> tuple[float, float]:
    """How far an interval lies below and above its rate, in percent."""
    return max(0.0, 100 * (rate.share - rate.low)), max(0.0, 100 * (rate.high - rate.share))
