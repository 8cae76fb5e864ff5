"""What an experiment came to: the answer in words, its curves, and what both denoisers answer at a noise level."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from pages._parts.inputs import view
from pages._parts.show.charts import dressed
from pages._parts.show.text import plain
from pages._parts.theory.answers import show_answers
from side_core.charts.palette import look_of
from side_core.theory.chart import Curve
from side_core.theory.divergence import NOTHING, Divergence, curves_of, pair_at
from side_core.theory.experiment import Row
from side_core.theory.report import Theory
from side_core.theory.returning import return_curves, widest_pair

_TALL = 420  # pixels
_SHOWN = 4.0  # the noise level at which the chart ends


def show(report: Theory, live: bool) -> None:
    """All of it; while it grows, the curves alone.

    Args:
        report: what there is.
        live: whether more is to come.
    """
    if isinstance(report.experiment, Divergence):
        if not live:
            st.subheader(_divergence_in_words(report.rows), anchor=False)
        _show_curves(curves_of(report.rows), "noise level", "nats", True, f"divergence-{report.done}-{live}")
        if not live:
            show_answers(report.experiment)
    else:
        if not live:
            st.subheader(_return_in_words(report.rows), anchor=False)
        _show_curves(return_curves(report.rows), "noised to timestep", "share that comes back", False, f"{report.done}")
    if not live:
        _show_table(report)


def _divergence_in_words(rows: Sequence[Row]) -> str:
    """The answer, before its figures."""
    pair = pair_at(rows)
    if pair is None:
        return "No noise level has both sides."
    own, control = pair
    if own["high"] < NOTHING < control["low"]:
        return "This model is nothing but its training pictures: no distance from these, and far from any other."
    if own["high"] < control["low"]:
        times = control["nats"] / own["nats"]
        return (
            f"From pictures it never saw, this model is {times:.1f} times as far as from its training pictures: "
            "it knows these."
        )
    if own["low"] > control["high"]:
        return (
            "This model is farther from its training pictures than from the control: are they what it was trained on?"
        )
    return "This model is as far from its training pictures as from pictures it never saw: nothing is memorised here."


def _return_in_words(rows: Sequence[Row]) -> str:
    """The answer, before its figures."""
    pair = widest_pair(rows)
    if pair is None:
        return "No timestep has both sides."
    own, control = pair
    if own["low"] <= control["high"]:
        return "Training pictures come back no more often than pictures the model never saw."
    return (
        f"Noised to timestep {own['timestep']}, {100 * own['share']:.0f} % of training pictures come back, and "
        f"{100 * control['share']:.0f} % of pictures the model never saw."
    )


def _show_curves(curves: Sequence[Curve], x: str, y: str, logarithmic: bool, key: str) -> None:
    """Curves with a band for each interval."""
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
    figure.update_layout(height=_TALL * view.scale())
    if logarithmic:  # where there is nothing left to know all curves are one
        figure.update_xaxes(type="log", range=[math.log10(min(known, default=0.04)) - 0.05, math.log10(_SHOWN)])
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


def _show_table(report: Theory) -> None:
    """The figures with their intervals, counts and control."""
    with st.expander("How sure?", icon=":material/table:"):
        st.markdown(plain(report.headline))
        st.dataframe(report.rows, hide_index=True, alt="Each figure with its 95 % interval and count")
        if isinstance(report.experiment, Divergence):
            st.caption(
                "Means over images; the intervals are a bootstrap over them. path is an upper bound of the likelihood "
                "form, which is the definition. The twin was trained alike on other pictures. The ideal denoiser of "
                "the training pictures is 0 from them, and farther than anything from the control."
            )
