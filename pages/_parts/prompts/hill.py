"""The chart of a score: a hill of held-out prompts, the threshold, and the prompt far right of them, or among them."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from pages._parts.inputs.view import is_demo, scale
from pages._parts.show.charts import PLAIN, TRAINING, dressed
from side_core.wording import counted, shortened

_BINS = 60
_CHART_HEIGHT, _LOWER = 210, 70  # pixels, without the names above; the same for a class
_LINE = 22  # pixels of one name above
_LONGEST = 60  # characters of a prompt in the chart


def hill_chart(
    value: float,
    scores: np.ndarray,
    threshold: float | None,
    before: Sequence[tuple[str, float]] = (),
    edited: float | None = None,
) -> go.Figure:
    """A hill of held-out prompts, the threshold, and this prompt; each with its name above it.

    Args:
        value: the score of this prompt.
        scores: (n,) of the held-out prompts.
        threshold: what a score must exceed; None where there is none yet.
        before: prompts that were tried before, the last first, with their scores.
        edited: the score of the same prompt with other words; None where there is none.
    """
    own = {"this prompt": value} if edited is None else {"as typed": value, "edited": edited}
    lines = [] if threshold is None else [threshold]
    values = [*own.values(), *lines, *(other for _, other in before)]
    low, high = min(float(scores.min()), *values), max(float(scores.max()), *values)
    room = 0.06 * (high - low or 1.0)
    edges = np.linspace(low - room, high + room, _BINS + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    counts, _ = np.histogram(scores, edges)
    top = float(counts.max())
    figure = go.Figure()
    figure.add_bar(
        x=middles,
        y=counts,
        width=edges[1] - edges[0],
        marker={"color": PLAIN},
        hovertemplate="%{x:.2f}: %{y} held-out prompts<extra></extra>",
    )
    for (name, score), dash in zip(own.items(), ("solid", "2px,2px"), strict=False):
        figure.add_scatter(
            x=[score] * 2,
            y=[0, 1.02 * top],
            mode="lines",
            line={"color": TRAINING, "width": 6, "dash": dash},
            hovertemplate=f"{name}: %{{x:.2f}}<extra></extra>",
        )
    figure.add_scatter(
        x=[other for _, other in before],
        y=[0.06 * top] * len(before),
        customdata=[_for_chart(text) for text, _ in before],
        mode="markers",
        marker={"symbol": "diamond", "size": 11, "color": TRAINING, "line": {"width": 1.5, "color": "#ffffff"}},
        hovertemplate="tried before, %{x:.2f}: %{customdata}<extra></extra>",
    )
    for line in lines:
        figure.add_vline(x=line, line_dash="dash", line_width=2, line_color="#888")
    median = float(np.median(scores))
    for x, text, row in (
        (median, f"{counted(len(scores), 'prompt')} it has never seen", 0),
        *((line, "threshold", 1) for line in lines),
        *((score, f"<b>{name}</b>", 2 + row) for row, (name, score) in enumerate(own.items())),
        *(((before[0][1], "◆ tried before", 2 + len(own)),) if before else ()),
    ):
        share = (x - edges[0]) / (edges[-1] - edges[0])
        anchor = "right" if share > 0.85 else "left" if share < 0.15 else "center"
        figure.add_annotation(
            x=x, y=1 + 0.12 * row, yref="paper", text=text, showarrow=False, yanchor="bottom", xanchor=anchor
        )
    dressed(figure, "score (right: the text changes the noise more)", "prompts", showlegend=False)
    rows = 2 + len(own) + bool(before)
    figure.update_layout(
        height=((_LOWER if is_demo() else _CHART_HEIGHT) + _LINE * rows) * scale(),
        margin_t=_LINE * rows * scale(),
        bargap=0,
        xaxis_range=[edges[0], edges[-1]],
    )
    return figure


def _for_chart(text: str) -> str:
    """Text for a chart, which would take some of it for HTML."""
    return shortened(text, _LONGEST).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
