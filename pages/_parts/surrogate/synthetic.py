"""The first step to a surrogate: the model draws images, watched and stopped at will; none is drawn twice."""

from collections.abc import Generator, Hashable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages._parts.inputs import controls
from pages._parts.runtime import live
from pages._parts.runtime.background import At, Plan, follow, goes_on
from pages._parts.runtime.resources import timing_of
from pages._parts.runtime.shared_cache import Key, SharedCache
from pages._parts.show.figures import figure, show_row
from pages._parts.show.rest import Phase
from pages._parts.show.text import in_time
from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.progress import mapped
from side_core.settings import SurrogateSettings
from side_core.surrogate.synthetic import SyntheticStep, draw_synthetic

_FEWEST, _MOST, _A_BATCH = 256, 4096, 64  # images a page draws; a batch is what is kept at once
_MOST_STEPS = 50
_SHOWN = 32
_SIDE = "2.8rem"  # of such an image

_DRAWN: SharedCache[TrainingSet] = SharedCache(4)  # finished sets
_BEGUN: SharedCache[list[np.ndarray]] = SharedCache(4)  # batches of sets that were stopped


def drawing_inputs() -> dict[str, Any]:
    """How many images, in how many steps."""
    left, right = st.columns(2)
    with left:
        images = controls.slider("synthetic_count", low=_FEWEST, high=_MOST, step=_A_BATCH, of=SurrogateSettings)
    with right:
        steps = controls.slider("steps", high=_MOST_STEPS, of=SurrogateSettings)
    return {"synthetic_count": images, "steps": steps}


def draw_live(denoiser: Denoiser, settings: SurrogateSettings) -> TrainingSet | None:
    """The settings' synthetic images, drawn when asked for; None where that has not been asked, or was stopped."""
    key = (denoiser.fingerprint, str(denoiser.arithmetic), settings.drawing.digest)
    before, during, after = st.empty(), st.empty(), st.empty()  # nothing of one state is left beside another
    done = _DRAWN.get(key)
    if done is None and st.session_state.get("drawing") != key and not goes_on(key):
        with before.container():
            _offer(denoiser, settings, key)
        return None
    if done is None:
        with during.container():
            done = _watch_drawing(denoiser, settings, key)
        during.empty()
    with after.container():
        st.caption(f"{len(done):,} images are drawn. Some of them:")
        _show_some(done.images)
    return done


def _watch_drawing(denoiser: Denoiser, settings: SurrogateSettings, key: Key) -> TrainingSet:
    """Draw, showing images as they come; finished batches are kept."""
    title = f"{settings.synthetic_count:,} images"

    def work() -> Generator[At[list[np.ndarray]], None, TrainingSet]:
        batches = _BEGUN.put(key, [])

        def note(step: SyntheticStep) -> At[list[np.ndarray]]:
            if step.images is not None:
                batches.append(step.images)
            new = None if step.images is None else list(batches)
            return At(step.done, step.total, f"Denoising steps of {title}", new)

        return _DRAWN.put(key, (yield from mapped(draw_synthetic(denoiser, settings), note)))

    help = "Keeps the images that are drawn."
    plan = Plan(key, "synthetic", title, work, "Stop drawing", help, forget_drawing, _phases(denoiser, settings))
    bar, preview = st.container(), st.empty()

    def show(at: At[list[np.ndarray]], spent: float) -> None:
        if at.seen is not None:
            with preview.container():
                _show_some(at.seen)

    with bar:
        return follow(plan, show)


def _phases(denoiser: Denoiser, settings: SurrogateSettings) -> list[Phase]:
    """How long all of it takes."""
    batches = -(-settings.synthetic_count // settings.drawing.batch_size)
    seconds = timing_of(denoiser, live.BATCH).seconds(settings.synthetic_count, settings.steps)
    return [Phase(batches * settings.steps, seconds)]


def _offer(denoiser: Denoiser, settings: SurrogateSettings, key: Key) -> None:
    """A button to begin, with the time it takes, or to go on where it was stopped."""
    batches = _BEGUN.get(key) or []
    drawn = sum(map(len, batches))
    seconds = timing_of(denoiser, live.BATCH).seconds(settings.synthetic_count - drawn, settings.steps)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Go on" if drawn else f"Draw {settings.synthetic_count:,} images",
            icon=":material/play_arrow:",
            type="primary",
            on_click=_begin_drawing,
            args=(key,),
        )
        if drawn:
            st.info(
                f"Stopped: {drawn:,} of {settings.synthetic_count:,} images are drawn and kept. Go on (about "
                f"{in_time(seconds)}), or choose fewer images above.",
                icon=":material/pause:",
            )
        else:
            st.caption(f"About {in_time(seconds)} here ({denoiser.device}). What was drawn before is not drawn again.")
    if drawn:
        _show_some(batches)


def _begin_drawing(key: Hashable) -> None:
    """Called by the button."""
    st.session_state["drawing"] = key


def forget_drawing() -> None:
    """Called by Stop."""
    st.session_state.pop("drawing", None)


def _show_some(images: np.ndarray | Sequence[np.ndarray]) -> None:
    """A few of the images, evenly from all of them; of batches, as many from each."""
    flat = images if isinstance(images, np.ndarray) else [image for batch in images for image in batch]
    chosen = np.linspace(0, len(flat) - 1, min(_SHOWN, len(flat))).astype(int)
    show_row([figure(flat[row], "An image the model drew") for row in chosen], least=_SIDE, most=_SIDE)
