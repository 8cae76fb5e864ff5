"""Which prompt, which method, how strongly; and the job, with what other sessions have opened."""

from pathlib import Path
from typing import Any

import streamlit as st
from torch import Tensor

from pages._parts.inputs import controls, sidebar, view
from pages._parts.links import checks
from pages._parts.links.in_words import kept
from pages._parts.prompts.inputs import model_input
from pages._parts.prompts.subject import offer_text
from pages._parts.runtime.computer import on_computer
from pages._parts.runtime.device_queue import in_one_turn, in_turn
from pages._parts.runtime.job import begin
from pages._parts.runtime.resources import open_references, open_subject
from pages._parts.runtime.shared_cache import SharedCache
from pages._parts.runtime.work import run_with_progress
from side_core.extraction.subject import Subject
from side_core.mitigation.job import PromptJob, make_job
from side_core.mitigation.opened import Opened, clip_weights, extract_settings, holding, training_latents
from side_core.mitigation.trigger_job import TriggerJob
from side_core.prompts.examples import embedded_examples
from side_core.prompts.held_out import CAPTIONED
from side_core.prompts.prompt_file import read_prompts
from side_core.settings.mitigation import MitigationSettings, TreatedSettings
from side_core.settings.mitigation_methods import MITIGATIONS, Strength
from side_core.similarity.text import TextEncoder, open_text_encoder

_OF = MitigationSettings
_CLIPS: SharedCache[TextEncoder] = SharedCache(2)
_OPENED: SharedCache[Opened] = SharedCache(4)
_LATENTS: SharedCache[Tensor] = SharedCache(2)


def ask() -> MitigationSettings:
    """All widgets.

    Raises:
        ValueError: settings contradict each other, or the model draws without a text.
    """
    with st.sidebar:
        chosen: dict[str, Any] = {"task": controls.choice("task", of=_OF)}
        chosen |= model_input()
        offer_text(chosen["model"])
        is_prompt = chosen["task"] == "prompt"
        if is_prompt:
            chosen |= _method_inputs()
        more = view.detail("more").expander("More")
    if is_prompt:
        chosen["prompt"] = _prompt_input(chosen["model"])
        with more:
            chosen["count"] = controls.slider("count", of=_OF)
            chosen["text_scale"] = controls.slider("text_scale", of=_OF, step=0.5)
    else:
        with st.sidebar:
            chosen["rounds"] = controls.slider("rounds", of=_OF)
        with more:
            chosen["iterations"] = controls.slider("iterations", of=_OF)
            chosen["sentence"] = controls.text("sentence", "a held-out prompt", of=_OF) or None
            chosen["words"] = controls.text("words", "those of the model", of=_OF, check=_check_file) or None
    with more:
        chosen["steps"] = controls.slider("steps", of=_OF)
        chosen["seed"] = controls.number("seed", of=_OF)
        chosen["held_out"] = controls.text("held_out", "the model's own", of=_OF, check=_check_file) or None
        chosen["clip_model"] = controls.text("clip_model", "the built-in one", of=_OF) or None
        chosen["mode"] = sidebar.mode_input()
    return MitigationSettings.read(chosen)


def _check_file(path: str) -> None:
    """Raise ValueError where a link names no file of prompts."""
    read_prompts(Path(path))


def _method_inputs() -> dict[str, Any]:
    """The method, its strength, and whether it is gated; a change of any of them draws at once."""
    checks.name("method", str(_OF.model_fields["method"].title), list(MITIGATIONS), "wen")
    names = list(MITIGATIONS)
    method = st.selectbox(
        "Method",
        names,
        names.index("wen"),
        key="method",
        bind="query-params",
        format_func=lambda name: MITIGATIONS[name].title,
        help=_OF.model_fields["method"].description,
        on_change=_follow_method,
    )
    about = MITIGATIONS[method]
    st.caption(f"{about.about} {about.source}".strip())
    chosen: dict[str, Any] = {"method": method}
    if (own := about.strength) is not None:
        strength = _strength_input(own)
        chosen["strength"] = None if strength == own.default else strength
    checks.flag("gated", str(_OF.model_fields["gated"].title), False)
    field = _OF.model_fields["gated"]
    chosen["gated"] = st.checkbox(
        str(field.title), False, key="gated", bind="query-params", help=field.description, on_change=begin
    )
    return chosen


def _strength_input(own: Strength) -> float:
    """How strongly. Bound to the link, a slider of other bounds would begin with the strength of the method before."""
    field = _OF.model_fields["strength"]
    checks.number("strength", own.title, own.low, own.high, own.default, own.step)

    def make() -> float:
        return st.slider(
            own.title,
            float(own.low),
            float(own.high),
            float(own.default),
            float(own.step),
            format="%g",
            help=field.description,
            key="strength",
            persist_state="session",
        )

    return kept("strength", float(own.default), make, _number, "{:g}".format)


def _number(text: str) -> float | None:
    """What a link says, as a number."""
    try:
        return float(text)
    except ValueError:
        return None


def _follow_method() -> None:
    """Another method begins with its own strength."""
    own = MITIGATIONS[st.session_state["method"]].strength
    if own is not None:
        st.session_state["strength"] = float(own.default)
    begin()


def take(method: str, strength: float | None) -> None:
    """Put a method and its strength into the widgets; in a callback."""
    st.session_state["method"] = method
    if strength is not None:
        st.session_state["strength"] = float(strength)
    begin()


def _prompt_input(model: str) -> str:
    """The prompt: typed, or one of the presets of the built-in model."""
    presets = _presets(model)
    start = next(iter(presets.values()), "")
    checks.opened(
        "prompt", "Prompt", start, lambda text: MitigationSettings.read({"prompt": text}), "the first example"
    )
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="mitigation-prompt")
    written = row.text_input(
        "Prompt",
        start,
        key="prompt",
        bind="query-params",
        max_chars=2000,
        placeholder="What the picture shall show",
        on_change=begin,
    )
    for title, prompt in presets.items():
        row.button(title, on_click=_take_preset, args=(prompt,), help=prompt, key=f"preset-{title}")
    return (written or "").strip()


def _presets(model: str) -> dict[str, str]:
    """Prompts to begin with."""
    if model != str(_OF.model_fields["model"].default):
        return {}
    examples = embedded_examples()
    general = next(item.prompt for item in examples if item.kind == "never shown")
    template = next(item.prompt for item in examples if "names" in item.kind)
    return {"A memorised prompt": examples[0].prompt, "One face, many names": template, "A general one": general}


def _take_preset(prompt: str) -> None:
    """Called by a button."""
    st.session_state["prompt"] = prompt
    begin()


def job_for(settings: MitigationSettings) -> "PromptJob | TriggerJob":
    """The job, checked.

    Raises:
        ValueError: something cannot be opened, or does not go together.
    """
    subject = open_subject(extract_settings(settings))
    opened = _opened(settings, subject)
    latents = _latents_of(subject) if MITIGATIONS[settings.method].training_images else None
    return on_computer(lambda: make_job(settings, opened, latents))


def _opened(settings: TreatedSettings, subject: Subject) -> Opened:
    """What the job is held against; norms of held-out prompts are measured once, with progress."""
    references = open_references(extract_settings(settings), subject)
    weights = clip_weights(settings, subject)
    clip = None
    if weights is not None:
        clip = _CLIPS.get_or_make((weights,), lambda: on_computer(lambda: open_text_encoder(weights)))
    said = settings.model_dump(include=set(TreatedSettings.model_fields) - {"seed", "text_scale"})
    key = (subject.denoiser.fingerprint, str(subject.denoiser.arithmetic), str(sorted(said.items(), key=str)))
    work = holding(settings, subject, references, clip)
    return _OPENED.get_or_make(key, lambda: run_with_progress(in_turn(work), "Scoring held-out prompts"))


def _latents_of(subject: Subject) -> Tensor:
    """Training images in the model's space, once for everybody."""

    def make() -> Tensor:
        with st.spinner("Encoding training images", show_time=True):
            return in_one_turn(lambda: training_latents(subject))

    return _LATENTS.get_or_make((subject.denoiser.fingerprint, subject.data.fingerprint), make)


def is_own(settings: TreatedSettings, subject: Subject) -> bool:
    """Whether the shipped table is of this model on its own images."""
    return settings.model == str(_OF.model_fields["model"].default) and subject.data.name == CAPTIONED
