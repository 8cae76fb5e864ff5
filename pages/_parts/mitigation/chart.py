"""The shipped table as curves: copies against fit, one for each method over its strengths; a click takes one over."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages._parts.inputs import view
from pages._parts.mitigation.inputs import is_own, take
from pages._parts.show.charts import dressed
from side_core.charts.palette import look_of
from side_core.files.assets import MITIGATIONS_TABLE
from side_core.mitigation.report import Compared
from side_core.settings.mitigation_methods import MITIGATIONS, NAMES, strength_of

_KEY, _TALL = "mitigation-curves", 440


@lru_cache(maxsize=1)
def shipped_rows() -> tuple[Mapping[str, Any], ...]:
    """Rows of the shipped table; none where the app came without it."""
    try:
        return tuple(json.loads(MITIGATIONS_TABLE.read_text())["rows"])
    except (OSError, ValueError, KeyError):
        return ()


def show_curves(report: Compared) -> None:
    """The chart of the shipped model; of another one, how its own is made."""
    st.markdown("#### Which method is worth its cost?")
    rows = shipped_rows()
    if not is_own(report.settings, report.opened.subject) or not rows:
        st.caption(
            "For a model of your own, the same table of all methods and strengths is measured by "
            "`python -m side_core evaluate mitigation --model ... --prompts FILE --held-out FILE --out DIR`."
        )
        return
    gated = st.segmented_control(
        "Applied to", ["every prompt", "prompts that stand out"], default="every prompt", required=True, key="curves_of"
    )
    chosen = report.settings.method, strength_of(report.settings.method, report.settings.strength)
    figure = curves_figure(rows, gated == "prompts that stand out", chosen)
    figure.update_layout(height=_TALL * view.scale())
    st.plotly_chart(
        figure,
        key=f"{_KEY}-{gated}",
        on_select=lambda: _take_over(f"{_KEY}-{gated}"),
        selection_mode="points",
        alt=in_words(rows, gated == "prompts that stand out"),
    )
    st.caption(
        f"Measured on {rows[0]['count']:,} pictures of 60 captions shown 100 to 300 times in training, with 95 % "
        "intervals; the lower right is best. Click a point to see it on your prompt."
    )


def curves_figure(rows: Sequence[Mapping[str, Any]], gated: bool, chosen: tuple[str, float | None]) -> go.Figure:
    """Copies in percent against the CLIP score on triggers, a curve for each method.

    Args:
        rows: of the table.
        gated: which of them, beside `none`.
        chosen: method and strength that are marked.
    """
    figure = go.Figure()
    for place, method in enumerate(NAMES):
        own = [row for row in rows if row["method"] == method and row["copies"] is not None]
        own = sorted((row for row in own if row["gated"] == (gated and method != "none")), key=_strength)
        if not own:
            continue
        look = look_of(place)
        here = [(method, row["strength"]) == chosen for row in own]
        figure.add_scatter(
            x=[row["clip_triggers"] for row in own],
            y=[100 * row["copies"] for row in own],
            error_y={
                "type": "data",
                "array": [100 * (row["copies_high"] - row["copies"]) for row in own],
                "arrayminus": [100 * (row["copies"] - row["copies_low"]) for row in own],
                "thickness": 1,
                "width": 3,
            },
            customdata=[[method, row["strength"], row["clip_general"]] for row in own],
            name=MITIGATIONS[method].title,
            mode="lines+markers",
            line={"color": look.color, "dash": look.dash},
            marker={"symbol": look.symbol, "size": [15 if is_here else 9 for is_here in here]},
            hovertemplate="strength %{customdata[1]}: %{y:.1f} % copies, CLIP score %{x:.3f} on triggers, "
            f"%{{customdata[2]:.3f}} on general prompts<extra>{MITIGATIONS[method].title}</extra>",
        )
    dressed(
        figure, "CLIP score on prompts that bring copies back (right: fulfilled)", "pictures that look copied, in %"
    )
    figure.update_yaxes(range=[-4, 104])
    return figure


def in_words(rows: Sequence[Mapping[str, Any]], gated: bool) -> str:
    """The chart for who cannot see it."""
    own = [row for row in rows if row["copies"] is not None and row["gated"] == (gated and row["method"] != "none")]
    said = (
        f"{MITIGATIONS[row['method']].title}{'' if row['strength'] is None else ' ' + format(row['strength'], 'g')}: "
        f"{100 * row['copies']:.0f} % copies, CLIP score {row['clip_triggers']:.3f}"
        for row in own
    )
    return f"Copies against CLIP score. {'; '.join(said)}"


def _strength(row: Mapping[str, Any]) -> float:
    """What a curve runs along."""
    return row["strength"] or 0.0


def _take_over(key: str) -> None:
    """Called by a click: its method and strength become those of the page."""
    points = st.session_state[key]["selection"]["points"]
    if points:
        method, strength = points[0]["customdata"][:2]
        take(method, strength)
