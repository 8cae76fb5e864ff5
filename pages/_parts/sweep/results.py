"""What came out of a sweep: chart, table, a point to open on Extract, pictures of the same seeds."""

from contextlib import suppress

import streamlit as st

from pages._parts.history.pinned import pinned_run
from pages._parts.links.link import link_of
from pages._parts.runtime.device_queue import in_turn
from pages._parts.runtime.job import STORE
from pages._parts.runtime.workspace import workspace
from pages._parts.show.figures import figure, show_row
from pages._parts.show.text import plain
from pages._parts.sweep.charts import Pinned, described, figure_of
from side_core.progress import finish
from side_core.runs.store import summary_of
from side_core.settings import MetricName
from side_core.sweep.cell import SHOWN, Cell, cell_from
from side_core.sweep.estimate import missing_sets
from side_core.sweep.grid import called, picture_rows
from side_core.sweep.plan import make_plan
from side_core.sweep.report import Sweep, in_words
from side_core.sweep.sweep import sweep
from side_core.wording import counted

_ROWS = 24  # of pictures on a page
_OTHER: dict[MetricName, MetricName] = {"ams": "ums", "ums": "ams"}


def _show_charts(found: Sweep, live: bool, name: str = "sweep") -> None:
    """One chart of all curves, or a heat map for each; a click on a finished one chooses a cell."""
    settings, pinned = found.plan.settings, _pinned_beside(found)
    for number, curve in enumerate(settings.curves if len(settings.axes) == 2 else settings.curves[:1]):
        if len(settings.axes) == 2 and len(settings.curves) > 1:
            st.markdown(f"**{plain(called(curve))}**")
        drawn, alt = figure_of(found, curve, pinned), described(found)
        if live:
            st.plotly_chart(drawn, alt=alt, key=f"{name}-{number}-{len(found.cells)}")
        else:
            key = f"{name}-chart-{number}"
            st.plotly_chart(drawn, alt=alt, key=key, on_select=lambda key=key: _choose(key), selection_mode="points")


def _choose(key: str) -> None:
    """Called by a click on a chart: the cell is chosen in the list below it, too."""
    points = st.session_state[key].selection.points
    if points and (number := points[0]["customdata"][0]) is not None:  # one of a pinned sweep cannot be chosen
        st.session_state["sweep_cell"] = number


def _pinned_beside(found: Sweep) -> Pinned | None:
    """The pinned sweep, where it is another one of the same setting and metric and can be read."""
    settings, run = found.plan.settings, pinned_run("sweep")
    names = [axis.name for axis in settings.axes]
    if run is None or len(names) != 1:
        return None
    with suppress(ValueError, KeyError, TypeError):
        here = workspace()
        summary = None if here is None else summary_of(here, run.id)
        if summary is not None and [axis["name"] for axis in summary["axes"]] == names:
            cells = tuple(cell for cell in map(cell_from, summary["cells"]) if cell.metric == settings.metric)
            same = {cell.settings.digest for cell in cells} <= {cell.settings.digest for cell in found.cells}
            return None if same else Pinned(f"pinned run {run.id}", cells)
    return None


def show(found: Sweep, live: bool) -> None:
    """A sweep; a finished or stopped one also by the other of AMS and UMS, and with cells to choose from."""
    _show_charts(found, live)
    if live:
        _show_pictures(found)
        return
    if (other := _measured_otherwise(found)) is not None:
        _show_charts(other, live=False, name="other")
    st.caption("Click a point, or choose it in the list, to see its pictures on Extract.")
    _offer_cell(found)
    _show_pictures(found)
    _show_table(found)


def _measured_otherwise(found: Sweep) -> Sweep | None:
    """Finished curves of AMS by UMS, from the same pictures, and the other way round; None of others.

    How often copies come back and how many different ones do are two sides of one question. None also where the
    pictures are gone: nothing is drawn again for it.
    """
    settings = found.plan.settings
    if settings.metric not in _OTHER or len(settings.axes) == 2 or not found.complete:
        return None
    plan = make_plan(settings.model_copy(update={"metric": _OTHER[settings.metric]}), found.plan.shared)
    if missing_sets(plan, STORE):
        return None
    with st.spinner(f"Measuring the same pictures by {plan.settings.metric.upper()} …"):
        return finish(in_turn(sweep(plan, STORE)))


def _offer_cell(found: Sweep) -> None:
    """A list of all cells and a link that opens one of them."""
    lines = found.lines()
    if st.session_state.get("sweep_cell", 0) >= len(lines):
        del st.session_state["sweep_cell"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox("Cell", range(len(lines)), format_func=lines.__getitem__, key="sweep_cell")
        # A link, as nothing can switch pages with parameters that widgets of this page have in its own link.
        address = f".{link_of(found.cells[number].settings)}"
        st.link_button("Open on Extract", address, icon=":material/image_search:", type="primary", help="In a new tab.")


def _show_pictures(found: Sweep) -> None:
    """Pictures of the first seeds, the same in every row; a row for each cell."""
    if not any(cell.pictures for cell in found.cells):
        return
    st.markdown("**The same seeds in every row**")
    rows = picture_rows(found.plan.settings, found.cells)
    for row in rows[:_ROWS]:
        left, right = st.columns([1, 4], vertical_alignment="center")
        left.caption(plain(row.label))
        seeds = row.cell.settings.seeds[:SHOWN]
        with right:
            show_row([_picture_of(row.cell, seed, row.label) for seed in seeds], least="2rem", most="4rem")
    if len(rows) > _ROWS:
        more = counted(len(rows) - _ROWS, "more row")
        st.caption(f"{more} {'is' if len(rows) - _ROWS == 1 else 'are'} in the command line's grid.png.")


def _picture_of(cell: Cell, seed: int, name: str) -> str:
    """One picture; a word where guidance has lost it."""
    image = cell.pictures.get(seed)
    if image is None:
        return "<figure><figcaption>lost</figcaption></figure>"
    return figure(image, f"Seed {seed} at {name}")


def _show_table(found: Sweep) -> None:
    """All cells in figures."""
    with st.expander("As a table"):
        rows = [
            {"curve": called(cell.curve)}
            | {axis.title: value for axis, value in zip(found.plan.settings.axes, cell.values, strict=True)}
            | {"figure with 95 % interval, count and control": in_words(cell)}
            for cell in found.cells
        ]
        st.dataframe(rows, hide_index=True, alt="Each cell with its figure, interval, count and control")
