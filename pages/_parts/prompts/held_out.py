"""Held-out prompts, scored while the page stands there; each batch is kept and shown as it comes."""

import time
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages._parts.prompts.inputs import Inquiry
from pages._parts.prompts.measuring import HALVES, key_of
from pages._parts.runtime.device_queue import in_turn
from pages._parts.runtime.live import BATCH, LIVE_SECONDS
from pages._parts.runtime.resources import timing_of
from pages._parts.runtime.shared_cache import Key, SharedCache
from pages._parts.runtime.work import StopBar
from pages._parts.show.rest import Phase
from pages._parts.show.text import in_time, say_error
from side_core.dpm.folder import model_folder
from side_core.files.public import limits
from side_core.progress import finish
from side_core.prompts.held_out import HeldOut, held_out_norms, known_norms
from side_core.prompts.norms import Measuring
from side_core.settings import PromptSettings
from side_core.wording import counted

_COMPLETE: SharedCache[HeldOut] = SharedCache(8)
_BEGUN, _STOPPED = "measure", "stopped_measuring"  # in the session: which settings
REDRAW = 1.0  # seconds between two times that what there is is shown


def known_now(inquiry: Inquiry) -> HeldOut:
    """Those held-out prompts that are scored already: all, some or none.

    Raises:
        ValueError: there are too few prompts, or the model's file of them is damaged.
    """
    prompts, key = inquiry.held_out or (), _key_of_all(inquiry)
    kept = _COMPLETE.get(key)
    if kept is not None:
        return kept
    found = known_norms(inquiry.denoiser, prompts, inquiry.settings, _name_of(inquiry), _folder_of(inquiry))
    return _COMPLETE.put(key, found) if len(found.norms) == len(prompts) else found


def fill_in(inquiry: Inquiry, show: Callable[[HeldOut], object]) -> None:
    """Score the held-out prompts that are not, unless that takes long and was not asked for, or was stopped.

    Args:
        inquiry: with held-out prompts.
        show: shows those that are scored, now and then, and all of them in the end.

    Raises:
        ValueError: the model returns NaN.
    """
    prompts, settings = inquiry.held_out or (), inquiry.settings
    missing = len(prompts) - len(known_now(inquiry).norms)
    if not missing:
        return
    place, begun = st.empty(), st.session_state.get(_BEGUN) == settings.norm_digest
    seconds = seconds_of(inquiry, missing)
    with place.container():
        if (sentence := _too_long(settings, missing, seconds)) is not None:
            say_error(ValueError(sentence))
        elif st.session_state.get(_STOPPED) == settings.norm_digest:
            scored = f"{len(prompts) - missing:,} of {counted(len(prompts), 'held-out prompt')} are scored"
            _ask(f"Stopped: {scored}. The rest takes about {in_time(seconds)} here.", "Go on", settings)
        elif seconds > LIVE_SECONDS and not begun:
            verb = "takes" if missing == 1 else "take"
            _ask(f"{counted(missing, 'held-out prompt')} {verb} about {in_time(seconds)} here.", "Score them", settings)
        else:
            found = _COMPLETE.get_or_make(_key_of_all(inquiry), lambda: score(inquiry, missing, seconds, show))
            place.empty()
            show(found)


def score(inquiry: Inquiry, missing: int, seconds: float, show: Callable[[HeldOut], object]) -> HeldOut:
    """Score those that are missing, under a bar with a way to stop."""
    prompts, settings = inquiry.held_out or (), inquiry.settings
    digest, shown, scored = settings.norm_digest, time.monotonic(), len(prompts) - missing
    steps = -(-missing * settings.score_images // settings.batch_size) * settings.first_steps
    bar = StopBar(
        "Stop scoring",
        "Keeps the held-out prompts that are scored.",
        lambda: st.session_state.update({_STOPPED: digest}),
        [Phase(steps, seconds)],
    )
    waiting = st.empty()

    def watch(event: Measuring) -> None:
        nonlocal shown, scored
        scored += len(event.finished)
        bar.see(event, f"{scored:,} of {counted(len(prompts), 'held-out prompt')} are scored. Steps")
        if event.finished and time.monotonic() - shown > REDRAW:
            shown = time.monotonic()
            show(known_now(inquiry))

    work = held_out_norms(inquiry.denoiser, prompts, settings, _name_of(inquiry), _folder_of(inquiry))
    return finish(in_turn(work, seconds, waiting), watch)


def _ask(sentence: str, button: str, settings: PromptSettings) -> None:
    """What there is to say, with a button to begin or to go on."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(sentence, icon=":material/timer:")
        st.button(button, icon=":material/play_arrow:", on_click=_begin, args=(settings.norm_digest,))


def _begin(digest: str) -> None:
    """Called by the button."""
    st.session_state[_BEGUN] = digest
    st.session_state.pop(_STOPPED, None)


def seconds_of(inquiry: Inquiry, count: int) -> float:
    """How long so many held-out prompts take, with the device for oneself; nothing is decoded."""
    timing, settings = timing_of(inquiry.denoiser, BATCH), inquiry.settings
    return timing.step * HALVES * settings.first_steps * settings.score_images * count / timing.batch


def _too_long(settings: PromptSettings, count: int, seconds: float) -> str | None:
    """Why a public app scores no held-out prompts; None where it does."""
    allowed = limits()
    if allowed is None or seconds <= 60 * allowed.minutes:
        return None
    return (
        f"Scoring {counted(count, 'held-out prompt')} with {counted(settings.score_images, 'image')} and "
        f"{counted(settings.first_steps, 'step')} takes {in_time(seconds)}, longer than this public app allows: "
        "use fewer images or steps."
    )


def _name_of(inquiry: Inquiry) -> str:
    """What the held-out prompts are called."""
    return Path(inquiry.choices.held_out).name if inquiry.choices.held_out else "held-out prompts"


def _folder_of(inquiry: Inquiry) -> Path | None:
    """The model's folder, where its own file of norms may be used."""
    return None if inquiry.choices.held_out else model_folder(inquiry.settings.model)


def _key_of_all(inquiry: Inquiry) -> Key:
    """What the norms of all held-out prompts depend on."""
    return (*key_of(inquiry.denoiser, inquiry.settings), inquiry.choices.held_out, inquiry.held_out)
