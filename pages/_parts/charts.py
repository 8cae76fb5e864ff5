"""Charts of the pages: histogram of scores, schedule."""

import numpy as np
import plotly.graph_objects as go

from side_core.extraction.headline import Headline
from side_core.extraction.matching import Match
from side_core.sampling.schedule import Schedule
from side_core.similarity.scores import SCORES

TRAINING = "#7c5cff"
CONTROL = "#e8963a"
BINS = 40
HEIGHT = 300


def score_histogram(match: Match, line: Headline) -> go.Figure:
    """How the scores against the training images and against the control are spread, with the threshold."""
    kind = SCORES[line.score]
    training, control = match.scores.by_name(line.score), match.control_scores.by_name(line.score)
    largest = kind.largest if line.score != "l2" else float(max(training.max(), control.max(), line.threshold)) * 1.1
    edges = np.linspace(0, largest, BINS + 1)
    figure = go.Figure()
    for name, values, color, pattern in (
        ("training images", training, TRAINING, ""),
        ("control", control, CONTROL, "/"),
    ):
        counts, _ = np.histogram(values, edges)
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            name=f"against {name}",
            marker={"color": color, "pattern": {"shape": pattern}},
            opacity=0.75,
            width=largest / BINS,
            hovertemplate=f"{kind.symbol} %{{x:.2f}}: %{{y}} pictures<extra>against {name}</extra>",
        )
    figure.add_vline(x=line.threshold, line_dash="dash", line_width=2, line_color="#888")
    figure.add_annotation(
        x=line.threshold,
        y=1.0,
        yref="paper",
        text=f"threshold {line.threshold:.3g}",
        showarrow=False,
        yanchor="bottom",
    )
    return dressed(figure, f"{kind.title} (left: nearer to a copy)", "pictures", barmode="overlay")


def schedule_chart(schedule: Schedule) -> go.Figure:
    """Where the steps lie: timestep and share of noise at each."""
    steps = list(range(1, len(schedule) + 1))
    noise = [100 * (1 - alpha) ** 0.5 for alpha in schedule.alphas[:-1]]
    figure = go.Figure()
    figure.add_scatter(
        x=steps,
        y=schedule.timesteps,
        customdata=noise,
        mode="lines+markers",
        marker={
            "color": noise,
            "colorscale": "Purples",
            "cmin": -40,
            "cmax": 100,
            "size": 8,
            "line": {"width": 1, "color": TRAINING},
        },
        line={"color": TRAINING, "width": 1},
        hovertemplate="step %{x}: timestep %{y}, noise %{customdata:.0f} %<extra></extra>",
    )
    return dressed(figure, "step", "timestep (999: noise, 0: image)")


def dressed(figure: go.Figure, x: str, y: str, **layout: object) -> go.Figure:
    """The same frame around every chart."""
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        xaxis_title=x,
        yaxis_title=y,
        legend={"orientation": "h", "y": -0.3, "yanchor": "top", "x": 0, "xanchor": "left"},
        **layout,
    )
    return figure
