"""Speed on this machine: pairs measured alternately in one process, medians reported."""

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDIMPipeline

from bench.folder import folder_figures
from bench.prompts import prompt_figures
from bench.surrogate import guided_step_figures, quick_figures
from bench.topk import topk_figures, wide_figures
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.folder import open_denoiser
from side_core.extraction.matching import match
from side_core.extraction.subject import open_subject, references_of
from side_core.files.assets import BUILT_INS
from side_core.progress import finish
from side_core.sampling.drawing import draw
from side_core.sampling.sampler import sample
from side_core.sampling.schedule import make_schedule
from side_core.settings import ExtractSettings

MODEL = "pixel-faces"
BATCH, STEPS, ROUNDS = 16, 50, 7
THERE = "what => document.querySelector(`[data-testid=stMain] ${what}`)"  # looked for ten times a second, as it costs
OTHER = "([place, before]) => ![null, before].includes(document.querySelector(place)?.innerHTML ?? null)"
TREATED = "() => document.querySelectorAll('.sides figure img').length === 24"  # without, with, nearest
RERUNS = 5
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
PATIENCE = 120_000  # milliseconds
# The generated picture of every pair in the gallery; and: sixteen pairs, none of whose pictures was there before.
SHIPPED_GALLERY = """() => {
    const images = [...document.querySelectorAll('.cards img')];
    return images.length === 32 && images.every(image => image.complete && image.naturalWidth);
}"""
SOURCES = """() => [...document.querySelectorAll('.cards img.drawn')].map(e => e.src)"""
NEW_GALLERY = """before => {
    const images = [...document.querySelectorAll('.cards img.drawn')];
    return images.length === 16 && images.every(e => e.complete && !before.includes(e.src));
}"""
# All change at once; two lambdas may have a picture in common.
FOLLOWED = f"before => ({SOURCES})().some((source, place) => source !== before[place])"
ROOT = Path(__file__).resolve().parent.parent


def measure(browser: bool = True, large: bool = False) -> dict[str, float]:
    """All figures; those in a browser need Chromium and playwright, the `large` ones some minutes and 4 GB of disk."""
    figures = sampling_figures() | {"live_grid_seconds": live_grid_seconds()} | topk_figures()
    figures |= guided_step_figures() | quick_figures() | prompt_figures()
    if large:
        figures |= folder_figures() | wide_figures()
    return {name: round(value, 6) for name, value in (figures | (browser_figures() if browser else {})).items()}


def seconds_of(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def sampling_figures() -> dict[str, float]:
    """Our sampler against diffusers' DDIMPipeline: same weights, seeds and steps, 16 images."""
    exact, fast = open_denoiser(MODEL, "exact"), open_denoiser(MODEL, "fast")
    pipeline = DDIMPipeline.from_pretrained(BUILT_INS[MODEL].folder, use_safetensors=True)  # loads as float32
    pipeline.to(exact.device)
    pipeline.set_progress_bar_config(disable=True)

    def theirs() -> np.ndarray:
        generators = [torch.Generator().manual_seed(seed) for seed in range(BATCH)]
        return pipeline(BATCH, generators, num_inference_steps=STEPS, output_type="np").images

    def ours(denoiser: Denoiser) -> np.ndarray:
        schedule = make_schedule(denoiser.alphas_cumprod, STEPS)
        *_, last = sample(denoiser, schedule, range(BATCH), clip="clip")
        return denoiser.decode(last.x).permute(0, 2, 3, 1).cpu().numpy()

    contestants: dict[str, Callable[[], np.ndarray]] = {
        "diffusers": theirs,
        "exact": lambda: ours(exact),
        "fast": lambda: ours(fast),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(ROUNDS + 1):
        for name, work in contestants.items():
            spent = seconds_of(work)
            if turn:  # the first turn warms up
                seconds[name].append(spent)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "sampling_diffusers_seconds": median["diffusers"],
        "sampling_fp32_ratio": median["exact"] / median["diffusers"],
        "sampling_max_abs_difference": float(np.abs(theirs() - ours(exact)).max()),
        "sampling_fast_ratio": median["fast"] / median["diffusers"],
    }


def live_grid_seconds() -> float:
    """16 faces in 25 steps, matched and scored against training images and control, as the first page does."""
    settings = ExtractSettings(model=MODEL, count=BATCH, steps=25, mode="fast")
    subject = open_subject(settings)
    denoiser = subject.denoiser
    assert denoiser is not None  # an extraction has a model
    references = finish(references_of(settings, subject))

    def grid() -> None:
        images = np.concatenate([d.images for d in draw(denoiser, settings.sampling) if d.images is not None])
        match(images, tuple(map(str, settings.seeds)), references)

    grid()
    return statistics.median(seconds_of(grid) for _ in range(ROUNDS))


@contextlib.contextmanager
def running_app(
    port: int | None = None,
    entry: str = "app.py",
    options: Sequence[str] = (),
    streamlit: Sequence[str] = ("-m", "streamlit"),
) -> Iterator[tuple[str, int]]:
    """The app on a free port of this machine, from the moment it answers; stopped at the end.

    Args:
        port: left out: a free one.
        entry: the file to run, below the repository's root.
        options: more of Streamlit's own.
        streamlit: what Python runs for Streamlit.

    Yields:
        Its address, and the number of its process.
    """
    if port is None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    command = [
        sys.executable,
        *streamlit,
        "run",
        entry,
        "--server.port",
        str(port),
        "--server.headless",
        "true",
        *options,
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
                break
            time.sleep(0.1)
        else:
            raise ValueError(f"The app did not answer on {address} within a minute: start it by hand to see why.")
        yield address, server.pid
    finally:
        server.terminate()
        server.wait(timeout=20)


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def browser_figures() -> dict[str, float]:
    """Server up to the shipped gallery and to the loaded model; lambda dragged and moved; a pair chosen."""
    from playwright.sync_api import sync_playwright

    chromium_path = find_chromium()
    if chromium_path is None:
        raise ValueError("No Chromium is installed: install one, or leave its figures out with --skip-browser.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=list(CHROMIUM_OPTIONS))
        with running_app() as (address, _):
            start = time.perf_counter()
            page = chromium.new_page(viewport={"width": 1440, "height": 900})
            page.goto(address)
            page.wait_for_function(SHIPPED_GALLERY, timeout=PATIENCE)
            figures = {"first_pairs_seconds": time.perf_counter() - start}
            page.get_by_role("slider", name="Images").wait_for(timeout=PATIENCE)
            figures["live_seconds"] = time.perf_counter() - start
            page.wait_for_timeout(3000)
            figures["detail_seconds"] = statistics.median(seconds_of_detail(page, place) for place in range(RERUNS))
            figures["follow_seconds"] = seconds_of_drag(page)
            for group in ("Settings", "Schedule"):
                page.get_by_text(group, exact=True).click()
            figures["rerun_seconds"] = seconds_of_slider(page, "Noise added back")
            page.goto(f"{address}/?guidance_scale=10")
            page.wait_for_function(SHIPPED_GALLERY, timeout=PATIENCE)
            page.wait_for_timeout(3000)
            figures["steer_rerun_seconds"] = seconds_of_slider(page, "Guidance scale")
            figures |= theory_figures(page, address)
            figures |= mitigation_figures(page, address)
        chromium.close()
    return figures


def seconds_of_detail(page: Any, place: int) -> float:
    """From a click on a card to its detail."""
    start = time.perf_counter()
    page.locator(".cards button").nth(place).click()
    page.get_by_role("dialog").get_by_text("ten nearest").wait_for(timeout=PATIENCE)
    spent = time.perf_counter() - start
    page.keyboard.press("Escape")
    page.wait_for_timeout(1000)
    return spent


def theory_figures(page: Any, address: str) -> dict[str, float]:
    """The divergence of 64 images from Start to its answer, and to all of it; both sliders to their new pictures."""
    page.goto(f"{address}/theory?seed={time.time_ns() % 10**9}")  # noise that nothing was measured with
    page.get_by_role("button", name="Start").click(timeout=PATIENCE)
    start = time.perf_counter()
    figures = {}
    for name, what in (("divergence_seconds", "h3"), ("divergence_with_twin_seconds", ".answers img")):
        page.wait_for_function(THERE, arg=what, timeout=PATIENCE, polling=100)
        figures[name] = time.perf_counter() - start
    page.wait_for_timeout(2000)
    figures["noise_level_seconds"] = seconds_of_pictures(page, "Noise level", ".answers")
    page.goto(f"{address}/theory?experiment=growth")
    page.locator(".grown img").first.wait_for(timeout=PATIENCE)
    page.wait_for_timeout(2000)
    figures["growth_slider_seconds"] = seconds_of_pictures(page, "Training images N", ".grown")
    return figures


def mitigation_figures(page: Any, address: str) -> dict[str, float]:
    """Start to 8 + 8 pictures without and with a method, with their scores."""
    page.goto(f"{address}/mitigation?count=8&seed={time.time_ns() % 10**9}")  # noise that nothing was drawn from
    page.get_by_role("button", name="Start").click(timeout=PATIENCE)
    start = time.perf_counter()
    page.wait_for_function(THERE, arg="h3", timeout=PATIENCE, polling=100)
    page.wait_for_function(TREATED, timeout=PATIENCE, polling=100)
    return {"mitigation_seconds": time.perf_counter() - start}


def seconds_of_pictures(page: Any, slider: str, place: str) -> float:
    """Median time from a slider moved to other pictures in a place."""
    found = page.get_by_role("slider", name=slider)
    found.focus()
    spent = []
    for _ in range(RERUNS):
        before = page.locator(place).inner_html()
        start = time.perf_counter()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(OTHER, arg=[place, before], timeout=PATIENCE, polling=10)
        spent.append(time.perf_counter() - start)
        page.wait_for_timeout(1500)
    return statistics.median(spent)


def seconds_of_drag(page: Any) -> float:
    """Median time from lambda dragged to a shipped value to its pictures."""
    spent = []
    track = page.locator(".st-key-guidance_scale [role=group]").bounding_box()
    thumb = page.locator(".st-key-guidance_scale [data-testid=stSliderThumbValue]").locator("xpath=..").bounding_box()
    middle = thumb["y"] + thumb["height"] / 2
    page.mouse.move(thumb["x"] + thumb["width"] / 2, middle)
    page.mouse.down()
    for share in (0.1, 0.2, 0.4, 0.6, 0.2):
        before = page.evaluate(SOURCES)
        start = time.perf_counter()
        page.mouse.move(track["x"] + share * track["width"], middle)
        page.wait_for_function(FOLLOWED, arg=before, timeout=PATIENCE, polling=10)
        spent.append(time.perf_counter() - start)
        page.wait_for_timeout(300)
    page.mouse.move(thumb["x"] + thumb["width"] / 2, middle)
    page.mouse.up()
    page.wait_for_timeout(3000)
    return statistics.median(spent)


def seconds_of_slider(page: Any, name: str) -> float:
    """Median time from a slider moved to the whole new gallery."""
    reruns = []
    page.get_by_role("slider", name=name).focus()
    for _ in range(RERUNS):
        before = page.evaluate(SOURCES)
        start = time.perf_counter()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(NEW_GALLERY, arg=before, timeout=PATIENCE)
        reruns.append(time.perf_counter() - start)
        page.wait_for_timeout(2000)
    return statistics.median(reruns)
