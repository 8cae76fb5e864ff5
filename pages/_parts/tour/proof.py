"""Step 5: what a score does not prove: the threshold, the control, and a copy that is flipped."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from pages._parts.inputs import view
from pages._parts.show.charts import BINS, CONTROL, TRAINING, dressed
from pages._parts.show.figures import figure, show_row
from pages._parts.show.headline import tile
from pages._parts.tour import look
from pages._parts.tour.stage import FACES, matched, subject
from side_core.extraction.calibration import Calibration
from side_core.similarity.scores import SCORES

COPY = FACES.index(18)  # a face that comes near a training image, and is not symmetric
_RATIO = SCORES["ratio"]
_TALL = 155  # pixels of the chart
_DRAWN = "A copy by its score. Flip it: will the score still find it?"
_FLIPPED = "The same face to us. Not to the score: left and right are exchanged, so hardly a pixel is where it was."


def show() -> None:
    """The threshold beside its control, and a picture that the score does not see through a mirror."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        _show_threshold()
    with right:
        _show_mirror()


def _show_threshold() -> None:
    """How many of the shipped plain pictures beat a threshold, with and without the control."""
    calibration = subject().calibration
    assert calibration is not None  # it is shipped
    threshold = st.slider("Threshold: d₁/d₂ below", 0.0, 1.0, 0.33, 0.01, key="limit", bind="query-params")
    alone = st.toggle("Take the control away", key="alone", bind="query-params")
    training = calibration.training_rate("pixel", "ratio", threshold)
    control = calibration.control_rate("pixel", "ratio", threshold)
    assert training is not None and control is not None  # the pixel encoder was calibrated
    first, second = st.columns(2)
    tile(first, "Against training images", training)
    if alone:
        second.warning(
            "Is that much? Nobody can tell: the share says nothing unless one knows how often **chance** gets there.",
            icon=":material/balance:",
        )
    else:
        tile(second, "Against faces never seen", control)
    st.plotly_chart(
        _histogram(calibration, threshold, alone),
        alt=f"Histogram of d₁/d₂: below {threshold:.2f} against training images {training}"
        + ("" if alone else f", against the control {control}"),
    )


def _show_mirror() -> None:
    """A copy, its nearest training image and its score; flipped, if one likes."""
    flipped = st.toggle("Flip the picture", key="flip", bind="query-params")
    match, data, seed = matched(flipped), subject().data, FACES[COPY]
    assert match.control is not None  # the embedded model has one
    score, row = float(match.training.scores.ratio[COPY]), match.training.neighbours.rows[COPY, 0]
    how = "flipped" if flipped else "as drawn"
    show_row(
        [
            figure(match.images[COPY], f"Seed {seed}, {how}", f"seed {seed}, {how}"),
            figure(data.images[row], f"Its nearest training image, {data.ids[row]}", "nearest training image"),
        ],
        most="9rem",
    )
    mark = ' <span class="mark">below ⅓</span>' if score < _RATIO.threshold else ""
    look.show(
        f'<p class="big">d₁/d₂ = {score:.2f}{mark}</p>'
        f"<p>Against faces never seen: {match.control.scores.ratio[COPY]:.2f}</p>"
        f'<p class="aside">{_FLIPPED if flipped else _DRAWN}</p>'
    )


def _histogram(calibration: Calibration, threshold: float, alone: bool) -> go.Figure:
    """How the scores of the shipped plain pictures are spread, with the threshold.

    Args:
        calibration: holds them.
        threshold: where the line is.
        alone: without the control.
    """
    known = {
        "training images": (calibration.scores["pixel/ratio"], TRAINING, ""),
        "control": (calibration.control_scores["pixel/ratio"], CONTROL, "/"),
    }
    edges = np.linspace(0, _RATIO.largest, BINS + 1)
    counts = {name: np.histogram(values, edges)[0] for name, (values, _, _) in known.items()}
    chart = go.Figure()
    for name, (_, color, pattern) in list(known.items())[: 1 if alone else 2]:
        chart.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts[name],
            name=f"against {name}",
            marker={"color": color, "pattern": {"shape": pattern}},
            opacity=0.75,
            width=_RATIO.largest / BINS,
            hovertemplate="d₁/d₂ %{x:.2f}: %{y} pictures<extra>against " + name + "</extra>",
        )
    chart.add_vline(x=threshold, line_dash="dash", line_width=2, line_color="#888")
    dressed(chart, "d₁/d₂ (left: nearer to a copy)", "pictures", barmode="overlay")
    most = 1.05 * max(part.max() for part in counts.values())  # the same with and without the control
    chart.update_layout(xaxis_range=[0, _RATIO.largest], yaxis_range=[0, most], showlegend=True)
    chart.update_layout(legend={"y": 1.0, "yanchor": "bottom"})
    return chart.update_layout(height=round(_TALL * view.scale()))
