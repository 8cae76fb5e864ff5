"""Draw what is missing, with progress, preview and a way to stop; keep what is finished."""

import time
from collections.abc import Hashable, Sequence

import numpy as np
import streamlit as st

from pages._parts.figures import figure, show_row
from pages._parts.pictures import Picture, PictureStore
from pages._parts.session import pace_of
from pages._parts.work import TOUCH, in_time
from side_core.dpm.denoiser import Denoiser, to_uint8
from side_core.extraction.animation import steps_shown
from side_core.extraction.run import Subject
from side_core.sampling.sampler import draw
from side_core.settings import ExtractSettings

BATCH = 16  # small, so that finished pictures come often and Stop loses little
FRAMES = 8  # kept of the path from noise to image
LARGEST_PATH_PIXELS = 64 * 64  # larger images keep the last frame only
LIVE_SECONDS = 60  # what takes longer waits for a button
PREVIEW_AFTER = 1.5  # seconds; a quicker run is over before a preview helps


def may_begin(settings: ExtractSettings, denoiser: Denoiser, count: int, asked: Hashable) -> bool:
    """Whether to draw at once: it is quick, or the person has seen how long it takes and said so."""
    seconds = pace_of(denoiser, BATCH).seconds(count, settings.steps)
    if seconds <= LIVE_SECONDS or st.session_state.get("begin") == asked:
        return True
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"{count:,} pictures in {settings.steps} steps take about {in_time(seconds)} here ({denoiser.device}).",
            icon=":material/timer:",
        )
        st.button(
            "Draw them",
            icon=":material/play_arrow:",
            type="primary",
            on_click=st.session_state.__setitem__,
            args=("begin", asked),
        )
    return False


def store_key(settings: ExtractSettings, subject: Subject) -> str:
    """Names what a picture depends on besides its seed."""
    assert subject.denoiser is not None  # pictures are drawn by a model
    return f"{subject.denoiser.fingerprint}/{subject.denoiser.arithmetic}/{settings.picture_digest}"


def draw_missing(settings: ExtractSettings, subject: Subject, store: PictureStore) -> dict[int, Picture]:
    """The pictures of the settings' seeds; those not kept yet are drawn now, unless the person has pressed Stop."""
    assert subject.denoiser is not None  # pictures are drawn by a model
    key = store_key(settings, subject)
    found = {seed: picture for seed in settings.seeds if (picture := store.get(key, seed)) is not None}
    missing = [seed for seed in settings.seeds if seed not in found]
    if not missing:
        return found
    if st.session_state.get("stopped") == (key, settings.seeds):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"Stopped: {len(found):,} of {settings.count:,} pictures are finished.", icon=":material/pause:")
            st.button("Go on", icon=":material/play_arrow:", on_click=st.session_state.pop, args=("stopped",))
        return found
    if not may_begin(settings, subject.denoiser, len(missing), (key, settings.seeds)):
        return found
    place = st.empty()
    with place.container():
        with st.container(horizontal=True, vertical_alignment="center"):
            bar = st.progress(0.0, text="Drawing …")
            st.button(
                "Stop drawing",
                icon=":material/stop:",
                help="Keeps the pictures that are finished.",
                on_click=st.session_state.__setitem__,
                args=("stopped", (key, settings.seeds)),
            )
        preview = st.empty()
    start = touched = time.monotonic()
    wanted = frames_wanted(settings.steps, subject.denoiser.image_size)
    frames: list[np.ndarray] = []
    timesteps: list[int] = []
    for drawing in draw(subject.denoiser, settings.sampling.model_copy(update={"batch_size": BATCH}), missing):
        step = drawing.step
        spent = time.monotonic() - start
        left = spent * (drawing.total - drawing.done) / drawing.done
        if time.monotonic() - touched > TOUCH or drawing.done == drawing.total:  # where a rerun or Stop can take hold
            touched = time.monotonic()
            bar.progress(drawing.done / drawing.total, text=f"Drawing {len(missing)} pictures, about {left:.0f} s left")
        if step.index in wanted:
            frames.append(to_uint8(subject.denoiser.decode(step.denoised)))
            timesteps.append(step.timestep)
            if spent > PREVIEW_AFTER:
                with preview.container():
                    show_row([figure(image, "An unfinished picture") for image in frames[-1][:BATCH]], most="6rem")
        if drawing.images is not None:
            path = np.stack([*frames[:-1], drawing.images], axis=1)
            for i, seed in enumerate(drawing.seeds):
                found[seed] = Picture(drawing.images[i], path[i], tuple(timesteps))
                store.put(key, seed, found[seed])
            frames, timesteps = [], []
    place.empty()
    return found


def frames_wanted(steps: int, size: Sequence[int]) -> set[int]:
    """Which steps' estimates are kept: the first, the last, and some evenly between; of large images the last."""
    if size[0] * size[1] > LARGEST_PATH_PIXELS:
        return {steps - 1}
    return steps_shown(steps, FRAMES)
