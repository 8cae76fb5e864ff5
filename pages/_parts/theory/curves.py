"""Curves with their intervals, on a page."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from pages._parts.inputs import view
from pages._parts.show.charts import dressed
from side_core.charts.palette import look_of
from side_core.theory.chart import Curve
from side_core.theory.nats import NOTHING

TALL = 420  # pixels
_SHOWN = 4.0  # the noise level at which a chart of both scales ends


def show_curves(
    curves: Sequence[Curve], x: str, y: str, key: str, log_x: bool = False, loglog: bool = False, tall: int = TALL
) -> None:
    """Curves with a band for each interval.

    Args:
        curves: to be shown.
        x: what they run along.
        y: what they say.
        key: of the chart.
        log_x: whether the one scale is logarithmic.
        loglog: whether both are, and the chart ends where nothing is left to know.
        tall: pixels.
    """
    figure, known = go.Figure(), [at for curve in curves for at in curve.at]
    for curve in curves:
        look, at = look_of(curve.place), list(curve.at)
        low, high = [found.low for found in curve.figures], [found.high for found in curve.figures]
        figure.add_scatter(
            x=at + at[::-1],
            y=high + low[::-1],
            fill="toself",
            fillcolor=look.color,
            opacity=0.2,
            line={"width": 0},
            showlegend=False,
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=at,
            y=[found.value for found in curve.figures],
            customdata=list(zip(low, high, strict=True)),
            name=curve.name,
            mode="lines+markers",
            line={"color": look.color, "dash": look.dash},
            marker={"symbol": look.symbol, "size": 7},
            hovertemplate=f"{x} %{{x:.3g}}: %{{y:.3g}} (%{{customdata[0]:.3g}} to %{{customdata[1]:.3g}})"
            f"<extra>{curve.name}</extra>",
        )
    dressed(figure, x, y)
    figure.update_layout(height=tall * view.scale())
    if log_x:
        figure.update_xaxes(type="log")
    if loglog:  # where there is nothing left to know all curves are one
        figure.update_xaxes(type="log", range=[math.log10(min(known, default=0.05)) - 0.05, math.log10(_SHOWN)])
        figure.update_yaxes(type="log", range=_decades(curves))
    said = "; ".join(f"{curve.name}: {curve.figures[0].as_ratio} at {curve.at[0]:.3g}" for curve in curves)
    st.plotly_chart(figure, alt=f"{y} by {x}. {said}", key=f"theory-{key}")


def _decades(curves: Sequence[Curve]) -> list[float]:
    """Smallest and largest power of ten of what is shown of the curves."""
    values = [
        found.value
        for curve in curves
        for at, found in zip(curve.at, curve.figures, strict=True)
        if at <= _SHOWN and found.value > NOTHING
    ] or [1.0]
    return [math.log10(min(values)) - 0.1, math.log10(max(values)) + 0.1]
