"""What is measured, of which model; and the job, with what other sessions have opened."""

from typing import Any

import streamlit as st

from pages._parts.inputs import controls, sidebar, view
from pages._parts.links import checks
from pages._parts.runtime.computer import on_computer
from pages._parts.runtime.resources import open_model, open_subject, steering_of
from pages._parts.surrogate.saving import check_linked, known_surrogates
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.extraction.subject import Subject
from side_core.files.assets import SHIPPED
from side_core.settings.theory import TheorySettings
from side_core.theory.job import BAYES, TheoryJob, has_twin, make_job, shipped_labels, subject_settings, surrogates_of


def ask() -> TheorySettings:
    """All widgets.

    Raises:
        ValueError: the model cannot be opened.
    """
    with st.sidebar:
        chosen: dict[str, Any] = {"experiment": controls.choice("experiment", of=TheorySettings)}
        if chosen["experiment"] == "growth":
            st.caption("A family of small models, trained alike on 10 to 10,000 faces, each beside a twin on others.")
        else:
            chosen |= sidebar.model_inputs()
        chosen["images"] = controls.slider("images", of=TheorySettings)
        more = view.detail("more").expander("More")
    if chosen["experiment"] == "divergence":
        with more:
            chosen["form"] = controls.choice("form", of=TheorySettings)
            chosen["noise_levels"] = controls.text("noise_levels", "a curve", of=TheorySettings) or None
            if chosen["form"] != "path":
                chosen["ode_steps"] = controls.slider("ode_steps", of=TheorySettings)
    elif chosen["experiment"] == "labels":
        chosen["surrogates"] = _surrogates_input(chosen["model"])
    elif chosen["experiment"] == "growth":
        with more:
            chosen["count"] = controls.slider("count", of=TheorySettings)
            chosen["family"] = controls.text("family", "the shipped one", of=TheorySettings) or None
            chosen["control"] = controls.text("control", "the shipped one's", of=TheorySettings) or None
    else:
        with more:
            chosen["draws"] = controls.slider("draws", of=TheorySettings)
            chosen["steps"] = controls.slider("steps", of=TheorySettings)
    with more:
        chosen["seed"] = controls.number("seed", of=TheorySettings)
        if chosen["experiment"] != "growth":  # its models are small
            chosen["mode"] = sidebar.mode_input()
    if chosen["experiment"] != "growth" and isinstance(
        _subject_for(TheorySettings.read(chosen)).denoiser, TextDenoiser
    ):
        chosen["prompt"] = controls.text("prompt", "none: give one", of=TheorySettings) or None
    return TheorySettings.read(chosen)


def _surrogates_input(model: str) -> tuple[str, ...] | None:
    """Whose labels are told; None: the shipped ones of the model."""
    shipped = list(shipped_labels(model))
    checks.several("surrogates", "Surrogates", shipped, check_linked, shipped[0] if shipped else model)
    linked, own = st.query_params.get_all("surrogates"), st.session_state.get("surrogates") or []
    chosen = st.multiselect(
        "Surrogates",
        list(dict.fromkeys([*shipped, *known_surrogates(model), *linked, *own])),
        default=shipped,
        key="surrogates",
        bind="query-params",
        accept_new_options=True,
        placeholder="A built-in name or a folder",
        help=TheorySettings.model_fields["surrogates"].description,
    )
    return None if list(chosen) == shipped else tuple(map(str, chosen)) or None


def _subject_for(settings: TheorySettings) -> Subject:
    """The model with its images."""
    return open_subject(subject_settings(settings))


def job_for(settings: TheorySettings) -> TheoryJob:
    """All measurements, checked.

    Raises:
        ValueError: something cannot be opened, or does not go together.
    """
    subject, twin = _subject_for(settings), SHIPPED[settings.model].twin if has_twin(settings) else None
    steerings = {name: steering_of(name, subject.denoiser, BAYES, None, False) for name in surrogates_of(settings)}
    opened = None if twin is None else open_model(twin, settings.mode)
    return on_computer(lambda: make_job(settings, subject, opened, steerings))
