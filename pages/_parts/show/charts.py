"""Charts of the pages: histogram of scores, schedule."""

import numpy as np
import plotly.graph_objects as go

from side_core.charts.palette import CONTROL, PLAIN, TRAINING
from side_core.extraction.matching import Match
from side_core.extraction.metrics import Metrics
from side_core.sampling.schedule import Schedule
from side_core.settings import ScoreName
from side_core.similarity.scores import SCORES
from side_core.surrogate.strength import Strength
from side_core.wording import rounded

BINS = 40
HEIGHT = 300


def score_histogram(match: Match, score: ScoreName, threshold: float, plain: Match | None = None) -> go.Figure:
    """How the scores against the training images and against the control are spread, with the threshold.

    Where the control is smaller, the training images are the same number of them. Of a steered run, `plain` are the
    same seeds drawn without the surrogate: an outline.
    """
    kind = SCORES[score]
    sides = [("training images", match.compared, TRAINING, "")]
    if match.control is not None:
        sides.append(("control", match.control, CONTROL, "/"))
    values = [side.scores.by_name(score) for _, side, *_ in sides]
    if plain is not None:
        values.append(plain.compared.scores.by_name(score))
    largest = kind.largest if score != "l2" else float(max(threshold, *(part.max() for part in values))) * 1.1
    edges = np.linspace(0, largest, BINS + 1)
    figure = go.Figure()
    for name, side, color, pattern in sides:
        counts, _ = np.histogram(side.scores.by_name(score), edges)
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            name=f"against {name}",
            marker={"color": color, "pattern": {"shape": pattern}},
            opacity=0.75,
            width=largest / BINS,
            hovertemplate=f"{kind.symbol} %{{x:.2f}}: %{{y}} pictures<extra>against {name}</extra>",
        )
    if plain is not None:
        counts, _ = np.histogram(values[-1], edges)
        figure.add_scatter(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            name="plain, against training images",
            mode="lines",
            line={"shape": "hvh", "color": PLAIN, "width": 2},
            hovertemplate=f"{kind.symbol} %{{x:.2f}}: %{{y}} plain pictures<extra></extra>",
        )
    figure.add_vline(x=threshold, line_dash="dash", line_width=2, line_color="#888")
    figure.add_annotation(
        x=threshold,
        y=1.0,
        yref="paper",
        text=f"threshold {rounded(threshold)}",
        showarrow=False,
        yanchor="bottom",
    )
    nearer = "right" if kind.larger_is_nearer else "left"
    return dressed(figure, f"{kind.title} ({nearer}: nearer to a copy)", "pictures", barmode="overlay")


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
    dressed(figure, "step", "timestep (large: noise, 0: image)")
    return figure.update_layout(xaxis_range=[0, len(schedule) + 1])


def strength_chart(strength: Strength, schedule: Schedule) -> go.Figure:
    """lambda(t) at each step; 0 where nothing is steered."""
    figure = go.Figure()
    figure.add_bar(
        x=list(range(1, len(schedule) + 1)),
        y=strength.on(schedule.timesteps),
        customdata=schedule.timesteps,
        marker={"color": TRAINING},
        hovertemplate="step %{x}, timestep %{customdata}: λ = %{y:.2f}<extra></extra>",
    )
    dressed(figure, "step", "λ(t)")
    most = max(strength.scale, 1) * 1.05
    return figure.update_layout(xaxis_range=[0, len(schedule) + 1], yaxis_range=[0, most])


def rarefaction_chart(found: Metrics, count: int) -> go.Figure:
    """Different images that beat the threshold, by how many of the `count` pictures are looked at."""
    figure = go.Figure()
    for name, side, color, dash in (
        ("training images", found.compared, TRAINING, "solid"),
        ("control", found.control, CONTROL, "dash"),
    ):
        if side is None:
            continue
        curve = {0: 0.0, **side.nearest.rarefied, count: side.nearest.count.value}
        figure.add_scatter(
            x=list(curve),
            y=list(curve.values()),
            name=name,
            mode="lines+markers",
            line={"color": color, "dash": dash},
            hovertemplate="%{x:,} pictures: %{y:.1f} different<extra>" + name + "</extra>",
        )
    return dressed(figure, "pictures", "different images")


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
