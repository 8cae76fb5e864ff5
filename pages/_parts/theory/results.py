"""What an experiment came to: the answer in words, its curves, and what both denoisers answer at a noise level."""

from collections.abc import Sequence

import streamlit as st

from pages._parts.show import glossary
from pages._parts.show.text import plain
from pages._parts.theory.answers import show_answers
from pages._parts.theory.curves import show_curves
from pages._parts.theory.growing import show_growth
from side_core.theory.divergence import Divergence
from side_core.theory.experiment import Row
from side_core.theory.growth import Growth
from side_core.theory.labels import Labels, gain_curves, gain_in_words, largest_gains
from side_core.theory.nats import NOTHING, curves_of, pair_at
from side_core.theory.report import Theory
from side_core.theory.returning import return_curves, widest_pair
from side_core.wording import listed

_ABOUT = (
    "A model that knows its training pictures by heart takes [[noise]] off them as the **ideal denoiser** does, which "
    "has nothing else in mind. The **memorisation divergence** says in nats how far it is from that: small on its own "
    "training pictures, large on a [[control]]."
)


def show(report: Theory, live: bool) -> None:
    """All of it; while it grows, the curves alone.

    Args:
        report: what there is.
        live: whether more is to come.
    """
    if isinstance(report.experiment, Divergence):
        if report.experiment.is_answered(report.parts):
            st.subheader(_divergence_in_words(report.rows), anchor=False)
        if not live:
            glossary.line(_ABOUT)
        show_curves(curves_of(report.rows), "noise level", "nats", f"divergence-{report.done}-{live}", loglog=True)
        if not live:
            show_answers(report.experiment)
    elif isinstance(report.experiment, Labels):
        if not live:
            st.subheader(_labels_in_words(report.rows), anchor=False)
        show_curves(gain_curves(report.rows), "noise level", "gain in nats", f"labels-{report.done}", log_x=True)
    elif isinstance(report.experiment, Growth):
        show_growth(report, live)
    else:
        if not live:
            st.subheader(_return_in_words(report.rows), anchor=False)
        show_curves(return_curves(report.rows), "noised to timestep", "share that comes back", f"{report.done}")
    if not live:
        _show_table(report)


def _divergence_in_words(rows: Sequence[Row]) -> str:
    """The answer, before its figures."""
    pair = pair_at(rows)
    if pair is None:
        return "No noise level has both sides."
    own, control = pair
    if own["high"] < NOTHING < control["low"]:
        return "This model is nothing but its training pictures: no distance from these, and far from any other."
    if own["high"] < control["low"]:
        times = control["nats"] / own["nats"]
        return (
            f"From pictures it never saw, this model is {times:.1f} times as far as from its training pictures: "
            "it knows these."
        )
    if own["low"] > control["high"]:
        return (
            "This model is farther from its training pictures than from the control: are they what it was trained on?"
        )
    return "This model is as far from its training pictures as from pictures it never saw: nothing is memorised here."


def _labels_in_words(rows: Sequence[Row]) -> str:
    """The answer, before its figures."""
    gains = largest_gains(rows)
    if not gains:
        return "No label set is measured."
    best = max(gains, key=lambda row: row["gain"])
    if best["low"] <= 0:
        return "None of these labels brings the model nearer to the pictures that bear them."
    idle = [row["surrogate"] for row in gains if row["low"] <= 0 <= row["high"]]
    said = f"Told the labels of {best['surrogate']}, the model comes {gain_in_words(best)} nearer to its pictures"
    return said + (f"; those of {listed(idle)} make no difference that {best['images']} images show." if idle else ".")


def _return_in_words(rows: Sequence[Row]) -> str:
    """The answer, before its figures."""
    pair = widest_pair(rows)
    if pair is None:
        return "No timestep has both sides."
    own, control = pair
    if own["low"] <= control["high"]:
        return "Training pictures come back no more often than pictures the model never saw."
    return (
        f"Noised to timestep {own['timestep']}, {100 * own['share']:.0f} % of training pictures come back, and "
        f"{100 * control['share']:.0f} % of pictures the model never saw."
    )


def _show_table(report: Theory) -> None:
    """The figures with their intervals, counts and control."""
    with st.expander("How sure?", icon=":material/table:"):
        st.markdown(plain(report.headline))
        st.dataframe(report.rows, hide_index=True, alt="Each figure with its 95 % interval and count")
        if isinstance(report.experiment, Divergence):
            st.caption(
                "Means over images; the intervals are a bootstrap over them. path is an upper bound of the likelihood "
                "form, which is the definition. The twin was trained alike on other pictures. The ideal denoiser of "
                "the training pictures is 0 from them, and farther than anything from the control."
            )
