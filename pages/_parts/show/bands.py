"""AMS and UMS by band, and how many different images fewer pictures would have brought back."""

import streamlit as st

from pages._parts.show.charts import rarefaction_chart
from side_core.extraction.metrics import Band, BandMetrics, Metrics, Unique, metrics
from side_core.extraction.run import Extraction
from side_core.similarity.scores import SCORES
from side_core.wording import rounded

_HELP = """**AMS**: pictures whose nearest image lies in the band. **UMS, nearest**: different images among these.
**UMS, as published**: different images among *all* neighbours in the band, which may be more than the pictures.
Near-duplicates are one image. Shares are of the pictures, with 95 % intervals (Wilson; of UMS a bootstrap over
pictures: it holds the mean of many such runs, and a single other run in 83 to 95 %). UMS grows with the number of
pictures: compare at equal numbers."""


def show_bands(extraction: Extraction, threshold: float) -> None:
    """A table of all bands, computed when asked for: the bootstrap takes a second."""
    if extraction.match.control is None:
        return
    if not st.toggle("AMS and UMS by band", key="show_bands", help="The intervals take a second or two."):
        return
    score = extraction.settings.score
    kind = SCORES[score]
    rows = [_row_of(item, kind.sign, kind.symbol) for item in metrics(extraction.match, score)]
    st.dataframe(rows, hide_index=True, alt="AMS and UMS of each band against training images and control")
    st.caption(f"{_HELP} Band edges: {kind.edges_source}.")
    (beaten,) = metrics(extraction.match, score, (Band("threshold", threshold, None),))
    if beaten.compared.nearest.rarefied:
        st.markdown("**How many different images fewer pictures would have brought back**")
        st.plotly_chart(
            rarefaction_chart(beaten, len(extraction.match.names)),
            alt="Rarefaction curves of training images and control",
        )


def _row_of(item: Metrics, sign: str, symbol: str) -> dict[str, str]:
    """One band as a row of the table."""
    band, control = item.training.band, item.control
    assert control is not None and item.ratio is not None  # there is a control
    other = ">" if sign == "<" else "<"
    edges = f"{symbol} {sign} {rounded(band.begin)}" + ("" if band.end is None else f", {other} {rounded(band.end)}")
    row = {
        "band": f"{band.name} ({edges})",
        "AMS": _share(item.compared),
        "AMS, control": _share(control),
        "times control": item.ratio.as_ratio,
        "UMS, nearest": _unique(item.compared.nearest, item.compared.ams.count),
        "UMS, nearest, control": _unique(control.nearest, control.ams.count),
        "UMS, as published": _unique(item.compared.published, item.compared.ams.count),
    }
    if item.compared is not item.training:
        row["AMS, all training images"] = _share(item.training)
        row["UMS, nearest, all"] = _unique(item.training.nearest, item.training.ams.count)
    return row


def _share(item: BandMetrics) -> str:
    """AMS as text."""
    rate = item.ams
    return f"{100 * rate.share:.1f} % ({100 * rate.low:.1f} to {100 * rate.high:.1f}), {rate.beat:,}"


def _unique(found: Unique | None, count: int) -> str:
    """UMS as text."""
    if found is None:
        return "not defined"
    low, high = (100 * end / count for end in (found.count.low, found.count.high))
    least = "≥ " if found.at_least else ""
    each = f" ({found.pictures:,} with near-duplicates)" if found.pictures > found.count.value else ""
    return f"{least}{100 * found.count.value / count:.1f} % ({low:.1f} to {high:.1f}), {found.count.value:,.0f}{each}"
