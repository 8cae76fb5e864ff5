"""The headline above the gallery: the count, its control, and what the threshold is worth."""

import streamlit as st

from side_core.extraction.headline import WITHHELD, Headline
from side_core.rate import Rate
from side_core.similarity.scores import SCORES


def show_headline(line: Headline | None, drawn: bool) -> None:
    """How many pictures beat the threshold, beside the control and the calibrated control; or why it is not said.

    Args:
        line: what to show; None without a control.
        drawn: by a model, which could be calibrated.
    """
    if line is None:
        st.warning(WITHHELD, icon=":material/balance:")
        return
    kind = SCORES[line.score]
    count = f"{line.training.beat:,} of {line.training.count:,} pictures"
    st.subheader(f"{count} beat the threshold {kind.symbol} {kind.sign} {line.threshold:.3g}", anchor=False)
    if line.full is None:
        tiles = [("Against the training images", line.training), ("Same pictures against the control", line.control)]
    else:
        fair, most = (f"{count:,}" for count in line.searched)
        tiles = [
            (f"Against {fair} training images, as many as the control has", line.training),
            (f"Same pictures against the {fair} images of the control", line.control),
            (f"Against all {most} training images, which is no fair comparison", line.full),
        ]
    if line.calibrated is not None:
        tiles.append((f"{line.calibrated.count:,} plain pictures against the control", line.calibrated))
    for place, (label, rate) in zip(st.columns(len(tiles)), tiles, strict=True):
        tile(place, label, rate)
    if drawn and line.calibrated is None:
        st.caption("This model has no calibration for these images: `python -m side_core calibrate` makes one.")


def tile(place: st.delta_generator.DeltaGenerator, label: str, rate: Rate) -> None:
    """One rate: share, count and interval."""
    with place.container(border=True, gap="xsmall", height="stretch"):
        st.metric(label, f"{100 * rate.share:.1f} %")
        st.caption(f"{rate.beat:,} of {rate.count:,}; 95 % interval {rate.interval}")
