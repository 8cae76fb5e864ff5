"""The headline above the gallery: the count, its control, and what the threshold is worth; what steering changed."""

import math

import streamlit as st

from side_core.extraction.effect import Effect
from side_core.extraction.headline import WITHHELD, Headline, Second
from side_core.similarity.scores import SCORES
from side_core.stats.bootstrap import Interval
from side_core.stats.rate import Rate
from side_core.wording import counted, rounded

_SECOND = (
    "A copy that was mirrored, shifted, cropped or made brighter still has its original as the nearest training image, "
    "but seldom beats a published threshold. This one is as generous as the control allows: look at these pairs, and "
    "choose mirrored, shifted and cropped copies under Compare by."
)


def show_headline(line: Headline | None, drawn: bool, noun: str = "picture", why: str = WITHHELD) -> None:
    """How many pictures beat the threshold, beside the control and the calibrated control; or why it is not said.

    Args:
        line: what to show; None where it is withheld.
        drawn: by a model, which could be calibrated.
        noun: what one of them is called.
        why: it is withheld.
    """
    if line is None:
        st.warning(why, icon=":material/balance:")
        return
    kind = SCORES[line.score]
    rule = f"{kind.symbol} {kind.sign} {rounded(line.threshold)}"
    st.subheader(beating_in_words(line.training, noun, rule), anchor=False)
    if line.full is None:
        tiles = [("Against the training images", line.training), ("Same pictures against the control", line.control)]
    else:
        fair, most = line.searched
        tiles = [
            (f"Against {counted(fair, 'training image')}, as many as the control has", line.training),
            (f"Same pictures against the {counted(fair, 'image')} of the control", line.control),
            (f"Against all {counted(most, 'training image')}, which is no fair comparison", line.full),
        ]
    if line.calibrated is not None:
        tiles.append((f"{counted(line.calibrated.count, 'plain picture')} against the control", line.calibrated))
    for place, (label, rate) in zip(st.columns(len(tiles)), tiles, strict=True):
        tile(place, label, rate)
    if drawn and line.calibrated is None:
        st.caption("This model has no calibration for these images: `python -m side_core calibrate` makes one.")


def beating_in_words(rate: Rate, noun: str, rule: str) -> str:
    """How many pictures beat a threshold, of how many."""
    return f"{rate.beat:,} of {counted(rate.count, noun)} {'beats' if rate.count == 1 else 'beat'} the threshold {rule}"


def show_second(second: Second | None) -> None:
    """The same pictures by the threshold that the control sets, or by the published one; nothing where there is none.

    Args:
        second: what to show.
    """
    if second is None:
        return
    kind = SCORES[second.score]
    whose = "As published" if second.rate is None else f"Where the control sets the threshold ({100 * second.rate:g} %)"
    training, control = second.training, second.control
    line = (
        f"**{whose}, {kind.symbol} {kind.sign} {second.threshold:.2g}: {training.beat:,} of {training.count:,}** "
        f"({100 * training.share:.1f} %, 95 % interval {training.interval}); control {control.beat:,} of "
        f"{control.count:,} ({control.interval})."
    )
    st.markdown(line if not second.missed else f"{line} {second.missed_in_words}.", help=_SECOND)


def show_effect(effect: Effect) -> None:
    """Steered pictures beside the same seeds drawn without the surrogate: counts, control, ratio, different images."""
    guided, plain, kind = effect.guided, effect.plain, SCORES[effect.guided.score]
    rule = f"{kind.symbol} {kind.sign} {rounded(guided.threshold)}"
    st.subheader(
        f"{beating_in_words(guided.training, 'steered picture', rule)}; "
        f"plain: {plain.training.beat:,} of {plain.training.count:,}",
        anchor=False,
    )
    st.markdown(effect_in_words(effect))
    fair, most = (counted(count, "training image") for count in guided.searched)
    sides = [
        ("Against the training images" if guided.full is None else f"Against {fair}", "training"),
        ("Same pictures against the control", "control"),
    ]
    if guided.full is not None:
        sides.append((f"Against all {most}, which is no fair comparison", "full"))
    with st.grid(len(sides) + 1, min_column_width=260, gap="small"):
        for label, side in sides:
            with st.container(border=True, gap="xsmall", height="stretch"):
                st.caption(label)
                _both(*(_rate_in_words(getattr(line, side)) for line in (guided, plain)))
        with st.container(border=True, gap="xsmall", height="stretch"):
            st.caption("Different training images that came back")
            _both(*(_count_in_words(count) for count in (effect.different, effect.different_plain)))
    if guided.calibrated is not None:
        rate = guided.calibrated
        st.caption(f"What the threshold is worth: against the control it is beaten by {rate} plain pictures.")


def effect_in_words(effect: Effect) -> str:
    """How many times as many, with the interval, and how many different training images with and without."""
    ratio, new, old = effect.ratio, effect.different, effect.different_plain
    different = (
        f"**{new.value:,.0f}** different training image{'s' * (round(new.value) != 1)} came back with the surrogate, "
        f"**{old.value:,.0f}** without."
    )
    if math.isnan(ratio.value):
        return "No picture beats the threshold, with or without the surrogate."
    if math.isinf(ratio.value):
        return f"Without the surrogate none does (95 % interval of the ratio: from {_times(ratio.low)} on). {different}"
    line = f"**{_times(ratio.value)} times** as many as without the surrogate "
    line += f"(95 % interval {_times(ratio.low)} to {_times(ratio.high)})"
    line += "; draw more pictures to tell." if ratio.low <= 1 <= ratio.high else "."
    return f"{line} {different}"


def _times(ratio: float) -> str:
    """A ratio for people: two digits below 10, whole above."""
    if math.isinf(ratio):
        return "∞"
    return f"{ratio:.2f}" if ratio < 1 else f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"


def _rate_in_words(rate: Rate) -> tuple[str, str]:
    """A share, and its count with the interval."""
    return f"{100 * rate.share:.1f} %", f"{rate.beat:,} of {rate.count:,}; 95 % interval {rate.interval}"


def _count_in_words(count: Interval) -> tuple[str, str]:
    """A number of images, and its interval."""
    return f"{count.value:,.0f}", f"95 % interval {count.low:,.0f} to {count.high:,.0f}"


def _both(steered: tuple[str, str], plain: tuple[str, str]) -> None:
    """Two figures side by side, each with small print."""
    for place, label, (value, small) in zip(st.columns(2), ("steered", "plain"), (steered, plain), strict=True):
        place.metric(label, value)
        place.caption(small)


def tile(place: st.delta_generator.DeltaGenerator, label: str, rate: Rate) -> None:
    """One rate: share, count and interval."""
    with place.container(border=True, gap="xsmall", height="stretch"):
        value, small = _rate_in_words(rate)
        st.metric(label, value)
        st.caption(small)
