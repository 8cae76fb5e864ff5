"""Sweep: one or two settings vary, the seeds stay; how much comes back, with intervals and the control beside it."""

from typing import Any

import streamlit as st

from pages._parts.inputs import sidebar, view
from pages._parts.links import notices
from pages._parts.links.link import link_of
from pages._parts.links.link_values import GUIDANCE
from pages._parts.runtime.recording import keep_files
from pages._parts.show.figures import STYLE
from pages._parts.show.heading import offer_link, show_heading
from pages._parts.show.text import say_error
from pages._parts.sweep.inputs import (
    axis_inputs,
    curves_input,
    drawing_inputs,
    schedule_inputs,
    scoring_inputs,
)
from pages._parts.sweep.results import show_finished, show_live
from pages._parts.sweep.sweeping import (
    foreign_input,
    measured_otherwise,
    minutes_input,
    plan_for,
    subject_for,
    sweep_live,
)
from side_core.runs.others import sweep_headline, sweep_run
from side_core.settings import SweepSettings, read_axis
from side_core.settings.sampling import OF_A_PROMPT
from side_core.sweep.report import write_sweep


def ask() -> SweepSettings:
    """All widgets.

    Raises:
        ValueError: what they say does not go together, or the model cannot be opened.
    """
    with st.sidebar:
        chosen: dict[str, Any] = sidebar.model_inputs()
        curves = curves_input(chosen["model"])
        foreign_place, rest, more = st.container(), st.container(), view.detail("more").expander("More")
    chosen |= {"surrogates": curves} | axis_inputs(curves)
    swept = {read_axis(chosen[key]).name for key in ("x", "y") if chosen[key]}
    with more:
        chosen["mode"] = sidebar.mode_input()
    with st.container():  # what shows progress now and then lies in one: what follows keeps its place
        subject = subject_for(chosen)
    with foreign_place:
        chosen["foreign_surrogate"] = foreign_input(curves, subject)
    with rest:
        st.divider()
        chosen |= drawing_inputs(swept)
        st.divider()
        chosen |= scoring_inputs(subject, chosen, swept)
    with more:
        chosen |= schedule_inputs(subject.denoiser, swept)
        chosen["minutes"] = minutes_input()
    return SweepSettings.read(chosen)


st.html(STYLE)
heading = show_heading("Which settings bring most back?")
st.markdown(
    "One or two settings vary, the **seeds stay the same**: each point is one extraction, with its 95 % interval, and "
    "the same pictures against the **control**. What is not varied here is as the sidebar and the surrogate's card say."
)
try:
    settings = ask()
    offer_link(heading, link_of(settings))
    fixed = [(name, str(SweepSettings.model_fields[name].title)) for name in (*GUIDANCE, "label")]
    notices.unheeded(fixed, "what the surrogate's card says")
    worded = [(name, str(SweepSettings.model_fields[name].title)) for name in OF_A_PROMPT]
    notices.unheeded(worded, "the empty prompt")
    with st.container():
        plan = plan_for(settings, subject_for(settings.model_dump()))
    found = sweep_live(plan, show_live)
    if found.cells:
        show_finished(found, measured_otherwise(found))
        keep_files(sweep_run(found), len(found.cells), sweep_headline(found), lambda out: write_sweep(found, out))
except ValueError as error:
    say_error(error)
