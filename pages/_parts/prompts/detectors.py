"""Other detectors on the same prompt, each beside held-out prompts; as they draw whole pictures, they wait."""

from collections.abc import Generator, Sequence

import numpy as np
import streamlit as st

from pages._parts.kept import Kept
from pages._parts.prompts.measuring import seconds_of
from pages._parts.text import in_time
from pages._parts.turns import in_turn
from pages._parts.work import run_with_progress
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.prompts.detectors import ALL, Detector, scores_of
from side_core.prompts.held_out import SEED
from side_core.prompts.norms import Measuring, own_seeds
from side_core.rate import rate_of
from side_core.settings import DETECTORS, DetectorName, DetectorSettings, PromptSettings

IMAGES = 4  # of each prompt: distances need several
HELD_OUT = 16  # prompts that this one is held against
Scores = dict[DetectorName, np.ndarray]
SCORES: Kept[Scores] = Kept(64)


def show_detectors(denoiser: TextDenoiser, prompt: str, settings: PromptSettings, held_out: Sequence[str]) -> None:
    """An expander with a button, and then a table.

    Args:
        denoiser: the model.
        prompt: the text.
        settings: steps and guidance.
        held_out: prompts that the model has never seen.
    """
    others = list(held_out)[:HELD_OUT]
    asked = (denoiser.fingerprint, settings.digest)
    with st.expander("Other detectors", icon=":material/troubleshoot:"):
        seconds = seconds_of(denoiser, IMAGES * (1 + len(others)), settings.sampling_steps)
        if st.session_state.get("detectors") != asked:
            st.markdown(
                f"Six more, published by others. Most of them need finished pictures: {IMAGES} of this prompt and, "
                f"once, {IMAGES} of each of {len(others)} held-out prompts, about {in_time(seconds)} here."
            )
            st.button(
                "Try them",
                icon=":material/play_arrow:",
                key="try-detectors",
                on_click=st.session_state.__setitem__,
                args=("detectors", asked),
            )
            return
        own = scores_now(denoiser, [prompt], settings, settings.seed)
        table = scores_now(denoiser, others, settings, SEED)
        rows = [row_of(ALL[name], float(own[name][0]), table[name]) for name in DETECTORS]
        st.dataframe(
            rows, hide_index=True, height="content", alt="Each detector's value of this prompt and of held-out prompts"
        )
        st.caption(
            "Values are turned so that a higher one means more memorised. With so few held-out prompts this is a first "
            "look: `python -m side_core prompts detect --evaluate` measures each detector."
        )


def scores_now(denoiser: TextDenoiser, prompts: Sequence[str], settings: PromptSettings, seed: int) -> Scores:
    """(n,) scores of some prompts by each detector, once for all sessions.

    Raises:
        ValueError: the model returns NaN.
    """
    own = settings.model_dump(include={"model", "guidance_scale", "sampling_steps", "mode"})
    asked = DetectorSettings.read(own | {"images": IMAGES, "batch_size": 16})
    seeds = own_seeds(len(prompts), IMAGES, seed)

    def work() -> Generator[Measuring, None, Scores]:
        return scores_of(denoiser, DETECTORS, prompts, asked, seeds)

    key = (denoiser.fingerprint, str(denoiser.arithmetic), asked.digest, seed, tuple(prompts))
    return SCORES.get_or_make(key, lambda: run_with_progress(in_turn(work()), "Drawing for the other detectors"))


def row_of(detector: Detector, value: float, others: np.ndarray) -> dict[str, str]:
    """One detector as a row of the table."""
    return {
        "detector": detector.title,
        "by": detector.source,
        "this prompt": f"{value:.3g}",
        "held-out prompts": f"{np.median(others):.3g} ({others.min():.3g} to {others.max():.3g})",
        "held-out prompts below it": str(rate_of(others < value)),
    }
