"""The headline above the gallery: the count, its control, and what the threshold is worth."""

import streamlit as st

from side_core.extraction.headline import Headline
from side_core.extraction.rate import Rate
from side_core.similarity.scores import SCORES


def show_headline(line: Headline) -> None:
    """How many pictures beat the threshold, beside the control and the calibrated control."""
    kind = SCORES[line.score]
    count = f"{line.training.beat} of {line.training.count} pictures"
    st.subheader(f"{count} beat the threshold {kind.symbol} < {line.threshold:.3g}", anchor=False)
    columns = st.columns(3)
    tile(columns[0], "Against the training images", line.training)
    tile(columns[1], "Same pictures against the control", line.control)
    if line.calibrated is None:
        columns[2].info("This model has no calibration for this encoder: `python -m side_core calibrate` makes one.")
    else:
        tile(
            columns[2],
            f"{line.calibrated.count:,} plain pictures against the control",
            line.calibrated,
        )


def tile(place: st.delta_generator.DeltaGenerator, label: str, rate: Rate) -> None:
    """One rate: share, count and interval."""
    with place.container(border=True, gap="xsmall", height="stretch"):
        st.metric(label, f"{100 * rate.share:.1f} %")
        st.caption(f"{rate.beat:,} of {rate.count:,}; 95 % interval {rate.interval}")
