"""What a surrogate's card tells, alone and beside another one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages._parts.show.clusters import show_cohesion, show_kept_clusters
from pages._parts.show.description import show_table
from pages._parts.show.levels import Curve, curve_of, described, levels_chart, show_levels_table
from pages._parts.show.text import plain
from pages._parts.surrogate.learning import curve_chart
from side_core.dpm.denoiser import Denoiser
from side_core.settings import SurrogateSettings
from side_core.surrogate.strength import strength_of
from side_core.surrogate.surrogate import Surrogate

_UNKNOWN = "the card does not say"
_CARD_SETTINGS = ("label_source", "objective")  # of which the card itself tells
_OBJECTIVES = {
    "labels": "labels: cross-entropy on noisy images",
    "distilled": "distilled: a time-independent teacher's answers (TDKD)",
    "time-independent": "time-independent: clean images only, a baseline",
}


def show_learned(surrogate: Surrogate, name: str) -> None:
    """Warnings, accuracy and calibration by noise level, and how the training went."""
    warnings = surrogate.card.get("warnings")
    for warning in warnings if isinstance(warnings, list) else ():
        st.warning(str(warning), icon=":material/warning:")
    curve = curve_of(surrogate, name)
    losses = curve_chart(surrogate)
    left, right = st.columns(2)
    left.markdown("**Accuracy on held-out images, by noise level**")
    left.plotly_chart(levels_chart([curve]), alt=described([curve]), key="levels-of-one")
    if losses is not None:
        right.markdown("**Loss on held-out images**, the mean over the noise levels")
        right.plotly_chart(losses, alt="Loss on held-out images at each evaluation of the training")
    show_levels_table(curve)
    st.caption(
        "Held-out images are synthetic too. The calibration error is the mean gap between how sure the surrogate is "
        "and how often it is right, 0 to 100 % (Guo et al. 2017)."
    )


def show_surrogate(surrogate: Surrogate, name: str, denoiser: Denoiser) -> bool:
    """Everything about a saved surrogate; whether it fits the model."""
    fits = True
    try:
        surrogate.check_fits(denoiser, foreign=False)
    except ValueError as error:
        fits = False
        st.warning(str(error).split(": train", 1)[0] + ".", icon=":material/link_off:")
    lines = {"Fits the chosen model": "yes" if fits else "no"} | _lines_of(surrogate, len(denoiser.alphas_cumprod))
    show_table(lines, "table-of-surrogate")
    show_learned(surrogate, Path(name).name)
    st.subheader("What it knows", anchor=False)
    show_cohesion(surrogate.cohesion, float(surrogate.card["clusters"]["tau"]))
    show_kept_clusters(surrogate, key="kept_page")
    return fits


def _lines_of(surrogate: Surrogate, timesteps: int) -> dict[str, str]:
    """The card for people, line by line."""
    card = surrogate.card
    network, kept, cohesion = card["network"], len(surrogate.kept), surrogate.cohesion
    training = _part(card, "training")
    objective = str(card.get("objective", _UNKNOWN))
    told = "told the timestep" if network["timed"] else "not told the timestep"
    return {
        "Made of": f"{card['model']['name']} ({card['model']['fingerprint'][:12]})",
        "Learned from": f"{number(_part(card, 'synthetic').get('count'))} images that the model drew",
        "Features by": str(_part(card, "encoder").get("description", _UNKNOWN)),
        "Labels from": str(_part(card, "clusters").get("source", _UNKNOWN)),
        "Clusters": f"{kept:,} of {len(cohesion):,} kept, those with cohesion {card['clusters']['tau']:g} or more",
        "Objective": _OBJECTIVES.get(objective, objective),
        "Network": f"{_parameters_of(surrogate):,} parameters, width {network['width']}, {told}",
        "Trained": f"{number(training.get('best_step'))} of {number(training.get('steps'))} steps kept, in "
        f"{number(training.get('seconds'))} s on {card.get('hardware', _UNKNOWN)}",
        "Best used with": _used_with(surrogate, timesteps),
    }


def _used_with(surrogate: Surrogate, timesteps: int) -> str:
    """Strength, window and labels that the card proposes."""
    try:
        strength = strength_of(surrogate.guidance, timesteps)
    except ValueError as error:  # made for a longer schedule
        return str(error)
    label = surrogate.label if isinstance(surrogate.label, str) else f"label {surrogate.label}"
    return f"λ = {strength.scale:g} from t = {strength.first} to {strength.last}, {strength.shape}; labels {label}"


def _parameters_of(surrogate: Surrogate) -> int:
    """How many numbers it has learned."""
    return sum(value.numel() for value in surrogate.weights.values())


def _part(card: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of a card, empty where it is missing or something else."""
    found = card.get(name)
    return found if isinstance(found, Mapping) else {}


def number(value: object) -> str:
    """A number of a card for people; anything else is not said."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "?"
    return f"{value:,}"


def show_difference(first: Surrogate, second: Surrogate, names: tuple[str, str], timesteps: int) -> None:
    """Two surrogates side by side: curves in one chart, what came out, and which settings differ."""
    short = tuple(Path(name).name for name in names)
    short = short if short[0] != short[1] else names
    curves = [curve_of(surrogate, name) for surrogate, name in zip((first, second), short, strict=True)]
    st.markdown("**Accuracy on held-out images, by noise level**")
    st.plotly_chart(levels_chart(curves), alt=described(curves), key="levels-of-two")
    if len(first.kept) != len(second.kept):
        st.caption(
            f"They do not answer the same question: one tells {len(first.kept):,} clusters apart, the other "
            f"{len(second.kept):,}. Compare each with its own chance."
        )
    rows = _result_rows(first, second, curves, timesteps) + _setting_rows(first, second)
    shown = [
        {"": plain(row.what), plain(names[0]): plain(row.first), plain(names[1]): plain(row.second)} for row in rows
    ]
    st.table(
        shown, border="horizontal", hide_index=True, alt="What came out of both, and the settings in which they differ"
    )


@dataclass(frozen=True)
class Row:
    """One line about two surrogates."""

    what: str
    first: str
    second: str


def _result_rows(first: Surrogate, second: Surrogate, curves: list[Curve], timesteps: int) -> list[Row]:
    """What came out of both."""
    left, right = (_lines_of(surrogate, timesteps) for surrogate in (first, second))
    one, other = curves
    return [
        *(Row(what, left[what], right[what]) for what in left),
        Row("Chance", _percent(one.chance), _percent(other.chance)),
        Row(
            "Calibration error, mean over noise levels",
            _percent(one.calibration_error),
            _percent(other.calibration_error),
        ),
    ]


def _percent(share: float) -> str:
    """A share as text."""
    return f"{100 * share:.1f} %"


def _setting_rows(first: Surrogate, second: Surrogate) -> list[Row]:
    """The settings in which they differ."""
    left, right = (_part(surrogate.card, "settings") for surrogate in (first, second))
    rows = []
    for name in dict.fromkeys([*left, *right]):
        if name in _CARD_SETTINGS:
            continue
        field = SurrogateSettings.model_fields.get(name)
        one, other = (_UNKNOWN if name not in side else str(side[name]) for side in (left, right))
        if one != other:
            rows.append(Row(f"Setting: {(field and field.title) or name}", one, other))
    return rows
