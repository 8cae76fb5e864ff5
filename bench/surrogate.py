"""Figures of steering: what a guided step costs, and how long a surrogate takes from nothing."""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from side_core.dpm.arithmetic import synchronize
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.folder import open_denoiser
from side_core.files.assets import SURROGATES
from side_core.progress import finish
from side_core.sampling.drawing import draw
from side_core.sampling.guidance import Guide
from side_core.settings import PRESETS, GuidanceSettings, SamplingSettings
from side_core.surrogate.building import gather, learn
from side_core.surrogate.folder import load_surrogate
from side_core.surrogate.steering import make_steering

MODEL = "pixel-faces"
COUNT, STEPS, ROUNDS = 16, 25, 7


def guided_step_figures() -> dict[str, float]:
    """The same seeds drawn guided and plain in turn, every step guided: the median of the pairs' ratios."""
    figures = {}
    for mode in ("exact", "fast"):
        denoiser = open_denoiser(MODEL, mode)
        whole = GuidanceSettings(guidance_scale=5, guide_from=len(denoiser.alphas_cumprod) - 1, guide_to=0)
        steering = make_steering(load_surrogate(str(SURROGATES[MODEL])), denoiser, whole)
        ratios = []
        for turn in range(ROUNDS + 1):
            guided, plain = seconds_of_drawing(denoiser, steering.guide), seconds_of_drawing(denoiser, None)
            if turn:  # the first turn warms up
                ratios.append(guided / plain)
        name = "guided_step_ratio" if mode == "fast" else "guided_step_ratio_exact"
        figures[name] = statistics.median(ratios)
    return figures


def seconds_of_drawing(denoiser: Denoiser, guide: Guide | None) -> float:
    """Wall-clock seconds of 16 images in 25 steps."""
    start = time.perf_counter()
    for _ in draw(denoiser, SamplingSettings(count=COUNT, steps=STEPS), guide=guide):
        pass
    synchronize(denoiser.device)
    return time.perf_counter() - start


def quick_figures() -> dict[str, float]:
    """Preset quick with an empty cache: from a model to a surrogate that steers it."""
    denoiser, settings = open_denoiser(MODEL, "fast"), PRESETS["quick"]
    with tempfile.TemporaryDirectory() as folder, cache_in(Path(folder)):
        start = time.perf_counter()
        material = finish(gather(denoiser, settings))
        gathered = time.perf_counter() - start
        surrogate = finish(learn(MODEL, denoiser, material, settings))
        make_steering(surrogate, denoiser, GuidanceSettings())
    return {"surrogate_gather_seconds": gathered, "surrogate_quick_seconds": time.perf_counter() - start}


@contextmanager
def cache_in(folder: Path) -> Iterator[None]:
    """Another cache for a while."""
    before = os.environ.get("SIDE_CACHE")
    os.environ["SIDE_CACHE"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SIDE_CACHE"]
        else:
            os.environ["SIDE_CACHE"] = before
