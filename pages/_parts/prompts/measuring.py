"""What is computed of a prompt, each thing once for all sessions: its norms, and its words."""

from pathlib import Path

import numpy as np
import streamlit as st

from pages._parts.runtime.device_queue import in_turn
from pages._parts.runtime.live import BATCH
from pages._parts.runtime.resources import timing_of
from pages._parts.runtime.shared_cache import SharedCache
from pages._parts.runtime.work import run_with_progress
from pages._parts.show.text import plain
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.prompts.explain import Significance, explaining
from side_core.prompts.held_out import held_out_prompts
from side_core.prompts.norms import norms_of
from side_core.prompts.prompt_file import read_prompts
from side_core.settings import PromptSettings

_NORMS: SharedCache[np.ndarray] = SharedCache(256)  # of single prompts
_WORDS: SharedCache[Significance] = SharedCache(256)
HALVES = 2  # evaluations a step: with and without the text


def norms_now(denoiser: TextDenoiser, prompt: str, settings: PromptSettings) -> np.ndarray:
    """(images, first) norms of one prompt; milliseconds for the embedded model.

    Raises:
        ValueError: the model returns NaN.
    """
    work = norms_of(denoiser, [prompt], settings)
    return _NORMS.get_or_make(
        (*key_of(denoiser, settings), settings.seed, prompt), lambda: run_with_progress(in_turn(work), "Scoring")[0]
    )


def words_now(denoiser: TextDenoiser, prompt: str, settings: PromptSettings) -> Significance:
    """How significant each word of a prompt is, over the images and steps of its score.

    Raises:
        ValueError: there is no word in it, or the model returns NaN.
    """
    work = explaining(denoiser, prompt, settings)
    return _WORDS.get_or_make(
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


def key_of(denoiser: TextDenoiser, settings: PromptSettings) -> tuple[str, str, str]:
    """What a norm depends on besides prompt and seed."""
    return denoiser.fingerprint, str(denoiser.arithmetic), settings.norm_digest


def seconds_of(denoiser: TextDenoiser, count: int, steps: int) -> float:
    """How long so many pictures with and without text take, with the device for oneself."""
    return timing_of(denoiser, BATCH).seconds(count, steps, HALVES)
