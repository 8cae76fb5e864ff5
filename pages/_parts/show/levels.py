"""How well surrogates tell their clusters apart at each level of noise: chart and table, live and of a finished one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages._parts.show.charts import CONTROL, TRAINING, dressed
from side_core.stats.rate import rate
from side_core.surrogate.noise import Level
from side_core.surrogate.surrogate import Surrogate

_LOOKS = ((TRAINING, "solid", "circle"), (CONTROL, "dash", "diamond"))  # of a first and a second curve


@dataclass(frozen=True)
class Curve:
    """One surrogate's accuracy on its held-out images, by noise level.

    Attributes:
        name: for the legend.
        levels: what was found at each noise level.
        chance: accuracy of always guessing the commonest label, 0..1.
    """

    name: str
    levels: tuple[Level, ...]
    chance: float

    @property
    def calibration_error(self) -> float:
        """Mean over the noise levels, 0..1."""
        return sum(level.calibration_error for level in self.levels) / len(self.levels)


def curve_of(surrogate: Surrogate, name: str) -> Curve:
    """The curve that a surrogate's card tells.

    Raises:
        ValueError: the card does not.
    """
    try:
        training = surrogate.card["training"]
        levels = tuple(_level_of(about) for about in training["levels"])
        chance = float(training["chance"])
    except (KeyError, TypeError, ValueError):
        levels, chance = (), 0.0
    if not levels:
        raise ValueError(f"The card of '{name}' does not say how well it does: train the surrogate again.")
    return Curve(name, levels, chance)


def _level_of(about: Mapping[str, Any]) -> Level:
    """One noise level of a card; the interval is computed again from its counts."""
    found = rate(int(about["right"]), int(about["count"]))
    return Level(int(about["timestep"]), found, float(about["loss"]), float(about["calibration_error"]))


def levels_chart(curves: Sequence[Curve]) -> go.Figure:
    """Accuracy with 95 % intervals against the noise level, and chance."""
    figure = go.Figure()
    for curve, (color, dash, symbol) in zip(curves, _LOOKS, strict=False):
        rates = [level.accuracy for level in curve.levels]
        figure.add_scatter(
            x=[level.timestep for level in curve.levels],
            y=[100 * item.share for item in rates],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [100 * (item.high - item.share) for item in rates],
                "arrayminus": [100 * (item.share - item.low) for item in rates],
                "thickness": 1,
                "width": 3,
            },
            customdata=[str(item) for item in rates],
            name=f"{curve.name}, with 95 % interval",
            mode="lines+markers",
            line={"color": color, "dash": dash},
            marker={"symbol": symbol, "size": 8},
            hovertemplate="t = %{x}: %{customdata}<extra></extra>",
        )
        ends = [curve.levels[0].timestep, curve.levels[-1].timestep]
        figure.add_scatter(
            x=ends if len(curve.levels) > 1 else [0, 1],
            y=[100 * curve.chance] * 2,
            name=f"chance{'' if len(curves) == 1 else f', {curve.name}'} ({100 * curve.chance:.1f} %)",
            mode="lines",
            line={"color": color, "dash": "dot", "width": 1},
            hoverinfo="skip",
        )
    dressed(figure, "timestep (0: image, large: noise)", "right on held-out images, %")
    figure.update_layout(yaxis_range=[0, 105], yaxis_dtick=20)
    return figure


def described(curves: Sequence[Curve]) -> str:
    """The chart in words, for who cannot see it."""
    parts = []
    for curve in curves:
        first, last = curve.levels[0], curve.levels[-1]
        parts.append(
            f"{curve.name}: {100 * first.accuracy.share:.0f} % right at timestep {first.timestep}, "
            f"{100 * last.accuracy.share:.0f} % at {last.timestep}, chance {100 * curve.chance:.1f} %"
        )
    return "Accuracy by noise level. " + "; ".join(parts)


def show_levels_table(curve: Curve) -> None:
    """Accuracy and calibration error at each noise level, in figures."""
    rows = [
        {
            "timestep": level.timestep,
            "right on held-out images": str(level.accuracy),
            "above chance": "yes" if level.above(curve.chance) else "no",
            "calibration error, %": round(100 * level.calibration_error, 1),
        }
        for level in curve.levels
    ]
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        alt=f"Accuracy and calibration error of {curve.name} at each noise level",
    )
