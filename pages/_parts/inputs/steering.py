"""The surrogate's part of the sidebar: which one steers, how hard, when, and to which of its clusters."""

from typing import Any, get_args

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.inputs import controls
from pages._parts.inputs.scale import scale_input
from pages._parts.show.clusters import show_cluster
from pages._parts.surrogate.saving import choose_surrogate, known_surrogates
from side_core.dpm.denoiser import Denoiser
from side_core.files.assets import SURROGATES
from side_core.sampling.schedule import Schedule
from side_core.settings import GuidanceShape, Label
from side_core.surrogate.steering import Steering
from side_core.surrogate.strength import Strength, strength_of
from side_core.surrogate.surrogate import Surrogate

_NONE = "none"
_PER_PAGE = 24  # clusters of a page to choose from


def first_surrogate(model: str) -> str:
    """What is ready to steer a model at a first visit, with λ at 0: the model's own built-in surrogate."""
    return model if model in SURROGATES and SURROGATES[model].is_dir() else _NONE


def follow_model() -> None:
    """Let what steers, on every page, be the own surrogate of the model that a person has chosen, or nothing.

    Another one's would not fit.
    """
    own = first_surrogate(st.session_state["model"])
    st.session_state["surrogate"], st.session_state["surrogates"] = own, [own]


def surrogate_input(model: str) -> str | None:
    """Which surrogate steers; None where none does."""
    first = first_surrogate(model)
    known = [_NONE, *known_surrogates(model)]
    name = choose_surrogate("Surrogate", "surrogate", known, known.index(first) if first in known else 0, _NONE)
    return None if name in ("", _NONE) else name


def guidance_inputs(
    surrogate: Surrogate,
    denoiser: Denoiser,
    places: tuple[DeltaGenerator, DeltaGenerator, DeltaGenerator],
    idle: bool = False,
) -> dict[str, Any]:
    """How hard, where to and when. It begins with what the surrogate's card says, also after a change of surrogates.

    Args:
        surrogate: what steers.
        denoiser: the model.
        places: for what must be agreed to, for lambda, and for the rest.
        idle: whether lambda begins at 0 instead, so that the first pictures are plain ones and it is moved up from
            there.

    Raises:
        ValueError: the surrogate works on another size than the model, or its card says something impossible.
    """
    surrogate.check_fits(denoiser, foreign=True)
    last = len(denoiser.alphas_cumprod) - 1
    best = _best_strength(surrogate, last)
    start = 0.0 if idle else best.scale
    _begin_anew(surrogate, best, start)
    chosen: dict[str, Any] = {}
    agreed, scale, rest = places
    with agreed:
        if surrogate.card["model"]["fingerprint"] != denoiser.fingerprint:
            chosen["foreign_surrogate"] = controls.checkbox("foreign_surrogate")
    with scale:
        chosen["guidance_scale"] = scale_input(start, best.scale)
    with rest:
        st.caption(f"Its card advises λ = {best.scale:g}.")
        chosen["label"] = _label_input(surrogate)
        most = max(last, best.first)
        chosen["guide_from"] = controls.slider("guide_from", low=0, high=most, default=best.first)
        chosen["guide_to"] = controls.slider("guide_to", low=0, high=last, default=best.last)
        chosen["guidance_shape"] = controls.choice(
            "guidance_shape", options=get_args(GuidanceShape), default=best.shape
        )
        chosen["compare_plain"] = controls.checkbox("compare_plain")
    return chosen


def say_if_idle(steering: Steering, schedule: Schedule) -> None:
    """Say so where the window lies between two steps of the schedule, so that nothing is steered."""
    strength = steering.strength
    if strength.scale and not any(strength.on(schedule.timesteps)):
        st.warning(
            f"No step of the schedule lies between timesteps {strength.first} and {strength.last}, so nothing is "
            "steered: widen the window, or take more steps.",
            icon=":material/do_not_disturb:",
        )


def _best_strength(surrogate: Surrogate, last: int) -> Strength:
    """What the card says, within a schedule whose largest timestep is `last`."""
    card = surrogate.guidance
    return strength_of(card.model_copy(update={"guide_to": min(card.guide_to or 0, last)}), last + 1)


def _begin_anew(surrogate: Surrogate, best: Strength, start: float) -> None:
    """Let the widgets begin with the card of a surrogate that was chosen in place of another one."""
    before = st.session_state.get("steered_by")
    st.session_state["steered_by"] = surrogate.fingerprint
    if before in (None, surrogate.fingerprint):
        return
    st.session_state["guidance_scale"] = start
    st.session_state["guide_from"], st.session_state["guide_to"] = best.first, best.last
    st.session_state["guidance_shape"] = best.shape
    st.session_state["label"] = str(surrogate.label)


def _label_input(surrogate: Surrogate) -> Label:
    """Which of the surrogate's clusters is steered to, by number or by its pictures."""
    picked = st.session_state.pop("picked_cluster", None)  # in the dialog of the run before
    if picked is not None:
        st.session_state["label"] = str(picked)
    label = controls.label(surrogate.kept.tolist(), surrogate.label)
    if isinstance(label, int):
        show_cluster(surrogate, label)
    if st.button("Choose by pictures", icon=":material/grid_view:", width="stretch"):
        _choose_cluster(surrogate, label)
    return label


@st.dialog("What the surrogate can steer to", width="large")
def _choose_cluster(surrogate: Surrogate, label: Label) -> None:
    """All clusters by their pictures, the most cohesive first; a click chooses one."""
    cohesion = surrogate.cohesion[surrogate.kept]
    order = np.argsort(-cohesion, kind="stable")
    pages = -(-len(order) // _PER_PAGE)
    page = st.pagination(pages, key="choose_cluster_page") if pages > 1 else 1
    with st.grid(4, min_column_width=150, gap="small"):
        for place in order[(page - 1) * _PER_PAGE : page * _PER_PAGE].tolist():
            number = int(surrogate.kept[place])
            with st.container(border=True, gap="xsmall"):
                show_cluster(surrogate, number)
                if st.button(
                    f"**{number}** · cohesion {cohesion[place]:.2f}",
                    key=f"cluster-{number}",
                    type="primary" if number == label else "secondary",
                    width="stretch",
                ):
                    st.session_state["picked_cluster"] = number
                    st.rerun()
