"""What a sweep varies, what it measures, and what stays the same in all its cells."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages._parts.inputs import controls, sidebar, view
from pages._parts.inputs.steering import first_surrogate
from pages._parts.links import checks, notices
from pages._parts.links.link_values import NO_Y, OWN_SCHEDULE
from pages._parts.runtime.resources import open_surrogate
from pages._parts.surrogate.saving import check_linked, known_surrogates
from pages._parts.sweep.opening import subject_for
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.formats.own_sampling import own_sampling_of
from side_core.extraction.subject import Subject
from side_core.files.assets import BASELINES
from side_core.files.public import limit_of
from side_core.settings import GuidanceSettings, SweepSettings, read_axis
from side_core.settings.axis import SWEEPABLE, choices
from side_core.settings.sampling import OF_A_PROMPT
from side_core.settings.sweep import PLAIN
from side_core.sweep.measure import METRICS

_FIRST_VALUES = {
    "guidance_scale": "0:50:5",
    "guide_from": "300:900:200",
    "guide_to": "0:600:200",
    "seed": "0:3000:1000",
    "steps": "5,10,25,50",
    "first_timestep": "700:999:100",
    "last_timestep": "0:40:20",
    "eta": "0:1:0.25",
    "label": "0:3:1",
    "encoder": "pixel,dpm",
    "score": "ratio,nl2",
    "threshold": "0.2:0.8:0.1",
    "control_rate": "0.001,0.005,0.02",
}
_COUNTS = (16, 512)  # pictures of a cell, at least and at most


def ask() -> SweepSettings:
    """All widgets.

    Raises:
        ValueError: what they say does not go together, or the model cannot be opened.
    """
    with st.sidebar:
        chosen: dict[str, Any] = sidebar.model_inputs()
        curves = _curves_input(chosen["model"])
        foreign_place, rest, more = st.container(), st.container(), view.detail("more").expander("More")
    chosen |= {"surrogates": curves} | _axis_inputs(curves)
    swept = {read_axis(chosen[key]).name for key in ("x", "y") if chosen[key]}
    with more:
        chosen["mode"] = sidebar.mode_input()
    with st.container():  # what shows progress now and then lies in one: what follows keeps its place
        subject = subject_for(chosen)
    with foreign_place:
        chosen["foreign_surrogate"] = _foreign_input(curves, subject)
    with rest:
        st.divider()
        chosen |= _drawing_inputs(swept)
        st.divider()
        chosen |= _scoring_inputs(subject, chosen, swept)
    with more:
        chosen |= _schedule_inputs(subject.denoiser, swept)
        chosen["minutes"] = _minutes_input()
    _say_unheeded((*GuidanceSettings.model_fields, "label"), "what the surrogate's card says")
    _say_unheeded(OF_A_PROMPT, "the empty prompt")
    return SweepSettings.read(chosen)


def _say_unheeded(names: Sequence[str], instead: str) -> None:
    """Say which of these settings a link asks for in vain, and what is used."""
    notices.unheeded([(name, str(SweepSettings.model_fields[name].title)) for name in names], instead)


def _curves_input(model: str) -> tuple[str, ...]:
    """What steers each curve: surrogates, and none for plain sampling."""
    checks.several("surrogates", "Surrogates", [first_surrogate(model)], check_linked, PLAIN)
    linked, own = st.query_params.get_all("surrogates"), st.session_state.get("surrogates") or []
    there = known_surrogates(model)
    known = list(dict.fromkeys([*there, PLAIN, *linked, *own]))
    if model in BASELINES:
        methods = [PLAIN, *(name for name in (model, *BASELINES[model]) if name in there)]
        st.button(
            "Compare all methods",
            icon=":material/balance:",
            on_click=st.session_state.__setitem__,
            args=("surrogates", methods),
            help="One curve each: plain sampling, SIDE and its baselines, with the shipped surrogates.",
        )
    chosen = st.multiselect(
        "Surrogates",
        known,
        default=first_surrogate(model),
        key="surrogates",
        bind="query-params",
        accept_new_options=True,
        placeholder="A built-in name or a folder",
        help="One curve for each: a built-in name, a folder made by train surrogate, or none for plain sampling.",
    )
    return tuple(map(str, chosen)) or (PLAIN,)


def _axis_inputs(curves: tuple[str, ...]) -> dict[str, Any]:
    """The settings that vary, their values, and what is measured."""
    steered = any(curve != PLAIN for curve in curves)
    left_out = set(OF_A_PROMPT) if steered else {*OF_A_PROMPT, *GuidanceSettings.model_fields}
    names = [name for name in SWEEPABLE if name not in left_out]
    flags = [name.replace("_", "-") for name in names]
    first = "guidance-scale" if steered else "steps"
    left, right = st.columns(2)
    with left:
        x = _axis_input("x", "Varies along x", flags, first)
    with right:
        y = _axis_input("y", "Varies along y", [NO_Y, *flags], NO_Y)
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        metric = controls.choice("metric", options=_metrics_for(curves), of=SweepSettings)
    right.caption(f"{METRICS[metric][0].upper()}{METRICS[metric][1:]}.")
    return {"x": x, "y": y, "metric": metric}


def _axis_input(key: str, title: str, flags: list[str], first: str) -> str | None:
    """One setting with its values, as the command line takes it; None where none was chosen."""
    checks.name(key, title, flags, first, "a setting that can vary here")
    setting, values = st.columns(2)
    flag = setting.selectbox(
        title,
        flags,
        index=flags.index(first),
        key=key,
        bind="query-params",
        help="Any setting that changes pictures, match or score." + (" None: curves." if NO_Y in flags else ""),
    )
    if flag == NO_Y:
        return None
    name = flag.replace("-", "_")
    field = SWEEPABLE[name].model_fields[name]
    text = values.text_input(
        f"Values of {flag}",
        _FIRST_VALUES.get(name, ",".join(choices(name))),
        key=f"{key}_{name}",
        bind="query-params",
        help=f"{field.title}. {field.description or ''} Write first:last:step (last included) or a list: 10,25,50.",
    )
    return f"{flag}={text}"


def _metrics_for(curves: tuple[str, ...]) -> list[str]:
    """Those that these curves can have."""
    return [name for name in METRICS if name != "effect" or PLAIN not in curves]


def _drawing_inputs(swept: set[str]) -> dict[str, Any]:
    """How many pictures each cell has and how they are drawn; what varies has no widget of its own."""
    least, most = _COUNTS
    chosen: dict[str, Any] = {"count": controls.slider("count", low=least, high=most, step=16, of=SweepSettings)}
    if "steps" not in swept:
        chosen["steps"] = controls.slider("steps", high=100)
    if "seed" not in swept:
        chosen["seed"] = controls.number("seed")
    return chosen


def _scoring_inputs(subject: Subject, chosen: dict[str, Any], swept: set[str]) -> dict[str, Any]:
    """What pictures are compared by, by which score, and from where on they count."""
    found = sidebar.encoder_inputs(has_model=True)
    if not swept & {"threshold", "control_rate", "score"}:
        found |= sidebar.threshold_inputs(chosen | found, subject)
    return found


def _schedule_inputs(denoiser: Denoiser, swept: set[str]) -> dict[str, Any]:
    """What few people change: timesteps, noise, solver."""
    chosen: dict[str, Any] = {}
    last = len(denoiser.alphas_cumprod) - 1
    for name in OWN_SCHEDULE:
        if name in swept or (name == "clip" and not denoiser.bounded):
            continue
        if name == "first_timestep":
            chosen[name] = sidebar.first_timestep_input(last)
        elif name == "last_timestep":
            chosen[name] = controls.slider(name, high=last)
        elif name in ("spacing", "clip"):
            chosen[name] = controls.choice_or_model(name, getattr(own_sampling_of(denoiser), name))
        else:
            chosen[name] = controls.slider(name) if name == "eta" else controls.choice(name)
    return chosen


def _foreign_input(curves: tuple[str, ...], subject: Subject) -> bool:
    """Whether a surrogate of another model may steer; asked only where there is one."""
    made_of = [open_surrogate(curve).card["model"]["fingerprint"] for curve in curves if curve != PLAIN]
    own = subject.denoiser.fingerprint
    return controls.checkbox("foreign_surrogate") if any(other != own for other in made_of) else False


def _minutes_input() -> float:
    """How long a sweep may take."""
    field = SweepSettings.model_fields["minutes"]
    most = int(limit_of("minutes") or 600)
    checks.number("minutes", "Minutes at most", 1, most, min(int(field.default), most), 1)
    return st.number_input(
        "Minutes at most",
        1,
        most,
        min(int(field.default), most),
        help=field.description,
        key="minutes",
        bind="query-params",
    )
