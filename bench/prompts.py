"""Speed of prompts on this machine: the first score, many prompts, and eight pictures of one."""

import statistics
import time
from collections.abc import Callable

from side_core.dpm.folder import open_denoiser
from side_core.dpm.text.denoiser import need_text
from side_core.files.assets import BUILT_INS
from side_core.progress import finish
from side_core.prompts.held_out import held_out_norms, held_out_prompts
from side_core.prompts.norms import norms_of, score_of, text_norms
from side_core.settings import PromptSettings

MODEL = "pixel-faces-text"
ROUNDS = 5
PROMPTS = 128  # of which the time of one is the average
PICTURES = 8


def prompt_figures() -> dict[str, float]:
    """Seconds of the model that is loaded already, medians; none where the model is not there.

    `prompt_first_score_s`: a prompt, one image, the first step, held against the held-out prompts of the model's
    folder. `prompts_detect_s_per_prompt`: the same of many prompts at once. `prompt_8_pictures_s`: eight pictures of a
    prompt in all of the steps, decoded, with the norm of each step.
    """
    if MODEL not in BUILT_INS or not BUILT_INS[MODEL].folder.is_dir():
        return {}
    settings = PromptSettings(model=MODEL)
    denoiser = need_text(open_denoiser(MODEL, settings.mode))
    prompts = held_out_prompts(MODEL)
    assert prompts is not None  # it was trained on captioned faces

    def first_score() -> None:
        control = finish(held_out_norms(denoiser, prompts, settings, folder=BUILT_INS[MODEL].folder))
        control.at_or_above(float(score_of(finish(norms_of(denoiser, prompts[:1], settings)))[0]))

    def many() -> None:
        finish(norms_of(denoiser, prompts[:PROMPTS], settings))

    def pictures() -> None:
        condition = denoiser.embed(prompts[:1])
        steps = settings.steps
        *_, last = text_norms(denoiser, condition, range(PICTURES), steps, steps, settings.text_scale)
        denoiser.decode(last.x)

    return {
        "prompt_first_score_s": median_of(first_score),
        "prompts_detect_s_per_prompt": median_of(many) / PROMPTS,
        "prompt_8_pictures_s": median_of(pictures),
    }


def median_of(work: Callable[[], None]) -> float:
    """Median wall-clock seconds of several calls, after one that warms up."""
    work()
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)
