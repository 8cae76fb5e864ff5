"""What came out of a sweep: chart, table, a point to open on Extract, pictures of the same seeds, files to keep."""

import streamlit as st

from pages._parts.links.link import link_of
from pages._parts.show.figures import figure, show_row
from pages._parts.show.text import plain, show_notes
from pages._parts.sweep.charts import described, figure_of
from side_core.files.images import png
from side_core.runs.exchange.places import sweep_without_places
from side_core.sweep.cell import SHOWN, Cell
from side_core.sweep.grid import called, picture_rows
from side_core.sweep.report import chart, in_words, lines_of, sweep_csv
from side_core.sweep.sweep import Sweep
from side_core.wording import counted

ROWS = 24  # of pictures on a page


def show_charts(sweep: Sweep, live: bool, name: str = "sweep") -> None:
    """One chart of all curves, or a heat map for each; a click on a finished one chooses a cell."""
    settings = sweep.plan.settings
    for number, curve in enumerate(settings.curves if len(settings.axes) == 2 else settings.curves[:1]):
        if len(settings.axes) == 2 and len(settings.curves) > 1:
            st.markdown(f"**{plain(called(curve))}**")
        drawn, alt = figure_of(sweep, curve), described(sweep)
        if live:
            st.plotly_chart(drawn, alt=alt, key=f"{name}-{number}-{len(sweep.cells)}")
        else:
            key = f"{name}-chart-{number}"
            st.plotly_chart(drawn, alt=alt, key=key, on_select=lambda key=key: choose(key), selection_mode="points")


def choose(key: str) -> None:
    """Called by a click on a chart: the cell is chosen in the list below it, too."""
    points = st.session_state[key].selection.points
    if points:
        st.session_state["sweep_cell"] = points[0]["customdata"][0]


def show_live(sweep: Sweep) -> None:
    """An unfinished sweep."""
    show_charts(sweep, live=True)
    show_pictures(sweep)


def show_finished(sweep: Sweep, other: Sweep | None) -> None:
    """A finished or stopped sweep; `other` is the same one by the other of AMS and UMS."""
    show_charts(sweep, live=False)
    if other is not None:
        show_charts(other, live=False, name="other")
    st.caption("Click a point, or choose it in the list, to see its pictures on Extract.")
    offer_cell(sweep)
    show_notes(sweep.notes)
    show_pictures(sweep)
    show_table(sweep)
    offer_files(sweep)


def offer_cell(sweep: Sweep) -> None:
    """A list of all cells and a link that opens one of them."""
    lines = lines_of(sweep)
    if st.session_state.get("sweep_cell", 0) >= len(lines):
        del st.session_state["sweep_cell"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox("Cell", range(len(lines)), format_func=lines.__getitem__, key="sweep_cell")
        # A link, as nothing can switch pages with parameters that widgets of this page have in its own link.
        address = f".{link_of(sweep.cells[number].settings)}"
        st.link_button("Open on Extract", address, icon=":material/image_search:", type="primary", help="In a new tab.")


def show_pictures(sweep: Sweep) -> None:
    """Pictures of the first seeds, the same in every row; a row for each cell."""
    if not any(cell.pictures for cell in sweep.cells):
        return
    st.markdown("**The same seeds in every row**")
    rows = picture_rows(sweep)
    for row in rows[:ROWS]:
        left, right = st.columns([1, 4], vertical_alignment="center")
        left.caption(plain(row.label))
        seeds = row.cell.settings.seeds[:SHOWN]
        with right:
            show_row([picture_of(row.cell, seed, row.label) for seed in seeds], least="2rem", most="4rem")
    if len(rows) > ROWS:
        more = counted(len(rows) - ROWS, "more row")
        st.caption(f"{more} {'is' if len(rows) - ROWS == 1 else 'are'} in the command line's grid.png.")


def picture_of(cell: Cell, seed: int, name: str) -> str:
    """One picture; a word where guidance has lost it."""
    image = cell.pictures.get(seed)
    if image is None:
        return "<figure><figcaption>lost</figcaption></figure>"
    return figure(image, f"Seed {seed} at {name}")


def show_table(sweep: Sweep) -> None:
    """All cells in figures."""
    with st.expander("As a table"):
        rows = [
            {"curve": called(cell.curve)}
            | {axis.title: value for axis, value in zip(sweep.plan.settings.axes, cell.values, strict=True)}
            | {"figure with 95 % interval, count and control": in_words(cell)}
            for cell in sweep.cells
        ]
        st.dataframe(rows, hide_index=True, alt="Each cell with its figure, interval, count and control")


def offer_files(sweep: Sweep) -> None:
    """The table and the chart as files, made when asked for."""
    with st.container(horizontal=True):
        st.download_button(
            "Table (CSV)",
            lambda: sweep_csv(sweep_without_places(sweep)),
            "sweep.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "Chart (PNG)",
            lambda: png(chart(sweep_without_places(sweep))),
            "sweep.png",
            "image/png",
            icon=":material/image:",
            on_click="ignore",
        )
