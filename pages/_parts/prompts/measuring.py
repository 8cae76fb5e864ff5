"""What is computed of a prompt, each thing once for all sessions: its norms, its words, its held-out prompts."""

from pathlib import Path

import numpy as np
import streamlit as st

from pages._parts.kept import Kept
from pages._parts.live import BATCH, LIVE_SECONDS
from pages._parts.session import pace_of
from pages._parts.text import in_time, plain
from pages._parts.turns import in_turn
from pages._parts.work import run_with_progress
from side_core.dpm.folder import model_folder
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.prompts.explain import Significance, explaining
from side_core.prompts.held_out import (
    HeldOut,
    cached_norms,
    held_out_norms,
    held_out_prompts,
    known_norms,
    missing_of,
)
from side_core.prompts.norms import norms_of
from side_core.prompts.prompt_file import read_prompts
from side_core.public import limits
from side_core.settings import PromptSettings

NORMS: Kept[np.ndarray] = Kept(256)  # of single prompts
WORDS: Kept[Significance] = Kept(256)
HELD_OUT: Kept[HeldOut] = Kept(8)
HALVES = 2  # evaluations a step: with and without the text


def norms_now(denoiser: TextDenoiser, prompt: str, settings: PromptSettings) -> np.ndarray:
    """(images, first) norms of one prompt; milliseconds for the embedded model.

    Raises:
        ValueError: the model returns NaN.
    """
    work = norms_of(denoiser, [prompt], settings)
    return NORMS.get_or_make(
        (*key_of(denoiser, settings), settings.seed, prompt), lambda: run_with_progress(in_turn(work), "Scoring")[0]
    )


def words_now(denoiser: TextDenoiser, prompt: str, settings: PromptSettings) -> Significance:
    """How significant each word of a prompt is, over the images and steps of its score.

    Raises:
        ValueError: there is no word in it, or the model returns NaN.
    """
    work = explaining(denoiser, prompt, settings)
    return WORDS.get_or_make(
        (*key_of(denoiser, settings), settings.seed, prompt),
        lambda: run_with_progress(in_turn(work), "Explaining the words"),
    )


def prompts_held_out(model: str, file: str) -> tuple[str, ...] | None:
    """The prompts that others are held against; None where the model has none and no file is named.

    Broken lines of a file are named.

    Raises:
        ValueError: the file cannot be read.
    """
    if not file:
        return held_out_prompts(model)
    read = read_prompts(Path(file))
    if read.note:
        st.warning(plain(read.note, 1000), icon=":material/edit_note:")
    return read.prompts


def held_out_now(
    denoiser: TextDenoiser, settings: PromptSettings, prompts: tuple[str, ...], file: str
) -> HeldOut | None:
    """Their norms: as the model's folder has them, or measured now and kept; None where the person is asked first.

    Raises:
        ValueError: there are too few prompts, or they take longer than a public app allows.
    """
    name = Path(file).name if file else "held-out prompts"
    folder = None if file else model_folder(settings.model)
    key = (*key_of(denoiser, settings), file, prompts)
    found = HELD_OUT.get(key) or known_norms(denoiser, prompts, settings, name, folder)
    if found is not None:
        return HELD_OUT.put(key, found)
    missing = missing_of(cached_norms(denoiser, prompts, settings))  # what was stopped goes on
    if not may_measure(denoiser, settings, len(missing)):
        return None
    work = held_out_norms(denoiser, prompts, settings, name, folder)
    return HELD_OUT.get_or_make(key, lambda: run_with_progress(in_turn(work), "Scoring held-out prompts"))


def key_of(denoiser: TextDenoiser, settings: PromptSettings) -> tuple[str, str, str]:
    """What a norm depends on besides prompt and seed."""
    return denoiser.fingerprint, str(denoiser.arithmetic), settings.norm_digest


def seconds_of(denoiser: TextDenoiser, count: int, steps: int) -> float:
    """How long so many pictures with and without text take, with the device for oneself."""
    return pace_of(denoiser, BATCH).seconds(count, steps, HALVES)


def may_measure(denoiser: TextDenoiser, settings: PromptSettings, count: int) -> bool:
    """Whether to score held-out prompts at once: it is quick, or the person has said so.

    Raises:
        ValueError: it takes longer than a public app allows.
    """
    pace = pace_of(denoiser, BATCH)  # nothing is decoded
    seconds = pace.step * HALVES * settings.first * settings.images * count / pace.batch
    allowed = limits()
    if allowed is not None and seconds > 60 * allowed.minutes:
        raise ValueError(
            f"Scoring {count:,} held-out prompts with {settings.images} images and {settings.first} steps takes "
            f"{in_time(seconds)}, longer than this public app allows: use fewer images or steps."
        )
    if seconds <= LIVE_SECONDS or st.session_state.get("measure") == settings.norm_digest:
        return True
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"{count:,} held-out prompts take about {in_time(seconds)} here.", icon=":material/timer:")
        st.button(
            "Score them",
            icon=":material/play_arrow:",
            type="primary",
            on_click=st.session_state.__setitem__,
            args=("measure", settings.norm_digest),
        )
    return False
