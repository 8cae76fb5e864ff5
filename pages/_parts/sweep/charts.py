"""Charts of a sweep: curves with interval bands and the control, or a heat map; each point can be chosen."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from pages._parts.show.charts import dressed
from side_core.charts.palette import CONTROL, DARKEST, LIGHTEST, look_of
from side_core.settings import SweepSettings
from side_core.settings.axis import shown
from side_core.stats.bootstrap import Interval
from side_core.sweep.cell import Cell
from side_core.sweep.chart import field_lines, in_units, largest, largest_value
from side_core.sweep.grid import called
from side_core.sweep.measure import METRICS, SHARES, Measured
from side_core.sweep.report import Sweep, in_words

_MOST_WORDS = 60  # cells of a chart that are told in words; the table has all
_MOST_BANDS = 3  # curves; of more, intervals are bars
_CURVE_HEIGHT, _ROW_HEIGHT = 420, 64
_BEHIND = "#888888"  # colour of what is pinned


@dataclass(frozen=True, eq=False)
class Pinned:
    """A sweep of the same setting and metric that was pinned, to be seen behind others.

    Attributes:
        name: what it is called.
        cells: its own.
    """

    name: str
    cells: tuple[Cell, ...]


def figure_of(sweep: Sweep, curve: str, pinned: Pinned | None = None) -> go.Figure:
    """Curves of all surrogates, also of a pinned sweep, or the heat map of one."""
    return _curves(sweep, pinned) if len(sweep.plan.settings.axes) == 1 else _heat_map(sweep, curve)


def _unit_of(settings: SweepSettings) -> str:
    """The metric with its unit, short enough to stand beside a chart."""
    return METRICS[settings.metric].partition(":")[0] + (", %" if settings.metric in SHARES else "")


def _curves(sweep: Sweep, pinned: Pinned | None) -> go.Figure:
    """One setting: a line with its band (of many: bars at its points) for each curve, and its control in dots."""
    settings, (axis,) = sweep.plan.settings, sweep.plan.settings.axes
    figure, most = go.Figure(), largest(sweep.cells, settings.metric)
    several, many = len(settings.curves) > 1, len(settings.curves) > _MOST_BANDS
    number_of = {id(cell): number for number, cell in enumerate(sweep.cells)}
    for place, curve in enumerate(settings.curves):
        own = look_of(place)
        line = {"color": own.color, "dash": own.dash}
        cells = [cell for cell in sweep.curve(curve) if cell.measured]
        if settings.metric != "control":
            look = {"color": own.color if several else CONTROL, "dash": "dot", "width": 1.5}
            name = f"{'dots: ' if several else ''}the same pictures against the control"
            _add_line(
                figure, cells, settings, lambda found: found.control, look, name, band=not several, first=not place
            )
        if not many:
            _add_line(figure, cells, settings, lambda found: found.figure, line, "", band=True)
        known = [cell for cell in cells if cell.measured and math.isfinite(cell.measured.figure.value)]
        figure.add_scatter(
            x=[_plain_value(cell.values[0]) for cell in known],
            y=[_value_of(cell, settings) for cell in known],
            customdata=[[number_of[id(cell)], _hover(cell)] for cell in known],
            error_y=_bars(known, settings) if many else None,
            mode="lines+markers",
            line=line,
            marker={"symbol": own.symbol, "size": 10, "color": own.color},
            name=f"{called(curve)}, with 95 % interval",
            hovertemplate=f"{axis.flag} %{{x}}<br>%{{customdata[1]}}<extra>{called(curve)}</extra>",
        )
    if pinned is not None:
        _add_pinned(figure, pinned, settings)
        most = max(most, largest(pinned.cells, settings.metric))
    dressed(figure, axis.title, _unit_of(settings))
    figure.update_layout(height=_CURVE_HEIGHT)
    values = [_plain_value(value) for value in axis.values]
    if axis.numeric:
        figure.update_xaxes(range=_padded([float(value) for value in axis.values]))
    else:
        figure.update_xaxes(
            type="category", categoryorder="array", categoryarray=values, range=[-0.5, len(values) - 0.5]
        )
    return figure.update_yaxes(range=[0, most])


def _add_pinned(figure: go.Figure, pinned: Pinned, settings: SweepSettings) -> None:
    """The curves of a pinned sweep, broken and thin, behind the others; where the axis is the same."""
    for place, curve in enumerate(dict.fromkeys(cell.curve for cell in pinned.cells)):
        cells = [cell for cell in pinned.cells if cell.curve == curve and cell.measured]
        known = [cell for cell in cells if cell.measured and math.isfinite(cell.measured.figure.value)]
        figure.add_scatter(
            x=[_plain_value(cell.values[0]) for cell in known],
            y=[_value_of(cell, settings) for cell in known],
            customdata=[[None, _hover(cell)] for cell in known],
            error_y=_bars(known, settings),
            mode="lines",
            line={"color": _BEHIND, "dash": "dash", "width": 2},
            name=f"{pinned.name}: {called(curve)}",
            hovertemplate=f"%{{x}}<br>%{{customdata[1]}}<extra>{pinned.name}</extra>",
            opacity=1 if not place else 0.6,
        )


def _add_line(
    figure: go.Figure,
    cells: Sequence[Cell],
    settings: SweepSettings,
    part: Callable[[Measured], Interval | None],
    line: Mapping[str, object],
    name: str,
    band: bool,
    first: bool = True,
) -> None:
    """A band, and where it has a name a line in it without markers; the legend names the first alone."""
    found = [(_plain_value(cell.values[0]), part(cell.measured)) for cell in cells if cell.measured]
    known = [(x, item) for x, item in found if item is not None and not math.isnan(item.value)]
    if not known:
        return
    x = [value for value, _ in known]
    ceiling = 10 * largest(cells, settings.metric)  # what is infinite leaves the chart

    def heights(kind: str) -> list[float]:
        return [min(in_units(getattr(item, kind), settings.metric), ceiling) for _, item in known]

    if band:
        color = str(line["color"])
        red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
        figure.add_scatter(
            x=[*x, *reversed(x)],
            y=[*heights("high"), *reversed(heights("low"))],
            fill="toself",
            fillcolor=f"rgba({red},{green},{blue},0.15)",
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
        )
    if name:
        figure.add_scatter(
            x=x, y=heights("value"), mode="lines", line=dict(line), name=name, hoverinfo="skip", showlegend=first
        )


def _bars(cells: Sequence[Cell], settings: SweepSettings) -> dict[str, object]:
    """The intervals as bars: the bands of many curves would hide each other."""
    found = [cell.measured.figure for cell in cells if cell.measured]
    up = [in_units(item.high - item.value, settings.metric) for item in found]
    down = [in_units(item.value - item.low, settings.metric) for item in found]
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.2, "width": 3}


def _heat_map(sweep: Sweep, curve: str) -> go.Figure:
    """Two settings: a field for each pair, with the figure and its interval, and its control below."""
    settings, (x_axis, y_axis) = sweep.plan.settings, sweep.plan.settings.axes
    xs, ys = [shown(value) for value in x_axis.values], [shown(value) for value in y_axis.values]
    cells = [(number, cell) for number, cell in enumerate(sweep.cells) if cell.curve == curve and cell.measured]
    at = {(shown(cell.values[0]), shown(cell.values[1])): _value_of(cell, settings) for _, cell in cells}
    words = {(shown(cell.values[0]), shown(cell.values[1])): _field_text(cell, len(xs)) for _, cell in cells}
    most = largest_value(sweep.cells, settings.metric)
    figure = go.Figure()
    figure.add_heatmap(
        x=xs,
        y=ys,
        z=[[at.get((x, y)) for x in xs] for y in ys],
        text=[[words.get((x, y), "") for x in xs] for y in ys],
        texttemplate="%{text}",
        textfont={"size": 13},
        zmin=0,
        zmax=most,
        colorscale=[[0, LIGHTEST], [1, DARKEST]],
        xgap=2,
        ygap=2,
        colorbar={"title": {"text": "%" if settings.metric in SHARES else ""}, "thickness": 12},
        hoverinfo="skip",
    )
    figure.add_scatter(  # squares that nobody sees: a heat map itself cannot be chosen from
        x=[shown(cell.values[0]) for _, cell in cells],
        y=[shown(cell.values[1]) for _, cell in cells],
        customdata=[[number, _hover(cell)] for number, cell in cells],
        mode="markers",
        marker={"symbol": "square", "size": 44, "color": "rgba(0,0,0,0)"},
        selected={"marker": {"opacity": 1, "color": "rgba(255,170,60,0.4)"}},
        unselected={"marker": {"opacity": 0}},
        showlegend=False,
        hovertemplate=f"{x_axis.flag} %{{x}}, {y_axis.flag} %{{y}}<br>%{{customdata[1]}}<extra></extra>",
    )
    height = max(_CURVE_HEIGHT, _ROW_HEIGHT * len(ys) + 90)
    dressed(figure, x_axis.title, y_axis.title)
    figure.update_layout(height=height, hoverdistance=-1)  # wherever in a field the pointer is
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=xs, showgrid=False)
    return figure.update_yaxes(type="category", categoryorder="array", categoryarray=ys, showgrid=False)


def _field_text(cell: Cell, columns: int) -> str:
    """What stands in a field, the figure in bold."""
    first, *rest = field_lines(cell, columns)
    return "<br>".join([f"<b>{first}</b>", *rest])


def _hover(cell: Cell) -> str:
    """A cell's figures, a line each."""
    return in_words(cell).replace("; ", "<br>")


def _value_of(cell: Cell, settings: SweepSettings) -> float:
    """A measured cell's figure as it is drawn."""
    assert cell.measured is not None  # the others are left out
    return in_units(cell.measured.figure.value, settings.metric)


def _plain_value(value: float | str) -> float | str:
    """A value on an axis: a number, or its name."""
    return value if isinstance(value, str) else float(value)


def _padded(values: Sequence[float]) -> list[float]:
    """A range a little wider than the values."""
    reach = (max(values) - min(values)) * 0.04 or 1.0
    return [min(values) - reach, max(values) + reach]


def described(sweep: Sweep) -> str:
    """The chart in words, for who cannot see it."""
    return f"{METRICS[sweep.plan.settings.metric]}. " + "; ".join(sweep.lines()[:_MOST_WORDS])
