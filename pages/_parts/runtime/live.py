"""Draw what is missing, with progress, preview and a way to stop; keep what is finished."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._parts.runtime.device_queue import in_turn
from pages._parts.runtime.pictures import PictureStore
from pages._parts.runtime.resources import seconds_to_match, timing_of
from pages._parts.runtime.work import StopBar
from pages._parts.show.figures import figure, show_row
from pages._parts.show.rest import Phase
from pages._parts.show.text import in_time
from side_core.dpm.denoiser import Denoiser, to_uint8
from side_core.extraction.animation import steps_shown
from side_core.extraction.references import References
from side_core.extraction.run import Subject
from side_core.runs.identity import pictures_key, without_surrogate
from side_core.runs.picture_store import Picture
from side_core.sampling.drawing import Damage, Drawing, draw
from side_core.sampling.guidance import Guide
from side_core.settings import ExtractSettings
from side_core.wording import counted

BATCH = 16  # small, so that finished pictures come often and Stop loses little
FRAMES = 8  # kept of the path from noise to image
LARGEST_PATH_PIXELS = 64 * 64  # larger images keep the last frame only
LIVE_SECONDS = 60  # what takes longer waits for a button
PREVIEW_AFTER = 1.5  # seconds
STEERED_COST = 1.3  # times as long as a plain step, with a surrogate of the usual width


@dataclass(frozen=True, eq=False)
class Finished:
    """Pictures of the settings' seeds, as far as they are drawn.

    Attributes:
        own: of the run itself, by seed.
        plain: of a steered run, the same seeds drawn without the surrogate.
        damaged: what guidance has lost (not among the pictures) or saturated (among them).
    """

    own: dict[int, Picture]
    plain: dict[int, Picture]
    damaged: tuple[Damage, ...]


@dataclass(frozen=True, eq=False)
class Share:
    """Those pictures of a run that are drawn in one way.

    Attributes:
        noun: what one of them is called.
        key: names what they depend on besides their seeds.
        guide: what steers them.
        pictures: those that are there, by seed; grows.
        missing: seeds of those that were not there.
    """

    noun: str
    key: str
    guide: Guide | None
    pictures: dict[int, Picture]
    missing: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be drawn, and how long it takes here.

    Attributes:
        shares: the ways it is drawn.
        seconds: of each share, to draw what is missing of it.
        after: seconds of what follows: all pictures are compared with training and control images.
        asked: names all of it.
    """

    shares: tuple[Share, ...]
    seconds: tuple[float, ...]
    after: float
    asked: Hashable


@dataclass(frozen=True)
class Taken:
    """Denoising steps that were taken, of all."""

    done: int
    total: int


def show_small(estimates: np.ndarray) -> None:
    """(n, H, W, 3) uint8 of unfinished pictures in a row."""
    show_row([figure(image, "An unfinished picture") for image in estimates], most="6rem")


@dataclass(frozen=True)
class Preview:
    """How unfinished pictures are shown.

    Attributes:
        after: seconds until there are any: a run that is quicker is over before a preview helps.
        show: shows (n, H, W, 3) uint8.
    """

    after: float = PREVIEW_AFTER
    show: Callable[[np.ndarray], None] = show_small


def draw_missing(
    settings: ExtractSettings,
    subject: Subject,
    store: PictureStore,
    noted: Callable[[], AbstractContextManager[None]] = nullcontext,
    preview: Preview | None = None,
    references: References | None = None,
) -> Finished:
    """The pictures of the settings' seeds; those not kept yet are drawn now, unless the person has pressed Stop.

    Steered ones come first, then the same seeds without the surrogate: moving lambda draws only the former anew.

    Args:
        settings: what to draw.
        subject: the model, and what steers it.
        store: where pictures are kept.
        noted: a context that lasts as long as pictures are drawn.
        preview: how unfinished pictures are shown; left out: small, where it takes a while.
        references: what the pictures are compared with afterwards, so that the time for that is counted, too.
    """
    assert subject.denoiser is not None  # pictures are drawn by a model
    steered = subject.guide is not None
    shares = [share_of("steered picture" if steered else "picture", settings, subject, store)]
    if steered and settings.compare_plain:
        shares.append(share_of("plain one", settings, without_surrogate(subject), store))
    asked = (shares[0].key, settings.seeds)
    if any(share.missing for share in shares):
        if st.session_state.get("stopped") == asked:
            say_stopped(shares, settings.count)
        elif may_begin(settings, subject.denoiser, task := task_of(settings, subject, shares, references)):
            with noted():
                draw_shares(settings, subject.denoiser, task, store, preview or Preview())
    found = [dict(sorted(share.pictures.items())) for share in shares]
    return Finished(
        {seed: picture for seed, picture in found[0].items() if not picture.lost},
        found[1] if len(found) > 1 else {},
        tuple(picture.damage for picture in found[0].values() if picture.damage),
    )


def share_of(noun: str, settings: ExtractSettings, subject: Subject, store: PictureStore) -> Share:
    """What there is and what is missing of one way to draw."""
    key = pictures_key(settings, subject)
    found = store.found(key, settings.seeds)
    return Share(noun, key, subject.guide, found, tuple(seed for seed in settings.seeds if seed not in found))


def say_stopped(shares: Sequence[Share], count: int) -> None:
    """What is finished, and a button to go on."""
    parts = [f"{len(share.pictures):,} of {counted(count, share.noun)}" for share in shares]
    verb = "is" if len(parts) == count == 1 else "are"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"Stopped: {' and '.join(parts)} {verb} finished.", icon=":material/pause:")
        st.button("Go on", icon=":material/play_arrow:", on_click=st.session_state.pop, args=("stopped",))


def task_of(
    settings: ExtractSettings, subject: Subject, shares: Sequence[Share], references: References | None
) -> Task:
    """What is to be drawn, with the time until its result."""
    assert subject.denoiser is not None  # pictures are drawn by a model
    seconds = tuple(seconds_of(settings, subject.denoiser, share) for share in shares)
    count = settings.count * len(shares)
    after = 0.0 if references is None else seconds_to_match(count, settings, subject, references)
    return Task(tuple(shares), seconds, after, (shares[0].key, settings.seeds))


def may_begin(settings: ExtractSettings, denoiser: Denoiser, task: Task) -> bool:
    """Whether to draw at once: it is quick, or the person has seen how long it takes and said so."""
    seconds = sum(task.seconds) + task.after
    if seconds <= LIVE_SECONDS or st.session_state.get("begin") == task.asked:
        return True
    missing = [share for share in task.shares if share.missing]
    what = " and ".join(counted(len(share.missing), share.noun) for share in missing)
    verb = "takes" if len(missing) == len(missing[0].missing) == 1 else "take"
    compared = ", drawn and compared," if task.after else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"{what} in {counted(settings.steps, 'step')}{compared} {verb} about {in_time(seconds)} here "
            f"({denoiser.device}).",
            icon=":material/timer:",
        )
        st.button(
            "Draw them",
            icon=":material/play_arrow:",
            type="primary",
            on_click=st.session_state.__setitem__,
            args=("begin", task.asked),
        )
    return False


def seconds_of(settings: ExtractSettings, denoiser: Denoiser, share: Share) -> float:
    """How long it takes to draw what is missing, with the device for oneself."""
    seconds = timing_of(denoiser, BATCH).seconds(len(share.missing), settings.steps, settings.evaluations)
    return seconds * (STEERED_COST if share.guide else 1)


def draw_shares(
    settings: ExtractSettings,
    denoiser: Denoiser,
    task: Task,
    store: PictureStore,
    looks: Preview,
) -> None:
    """Draw what is missing of each, one after the other, under a bar with a way to stop."""
    place = st.empty()
    steps = [-(-len(share.missing) // BATCH) * settings.steps for share in task.shares]
    phases = [*map(Phase, steps, task.seconds), Phase(0, task.after)]
    with place.container():
        bar = StopBar(
            "Stop drawing",
            "Keeps the pictures that are finished.",
            lambda: st.session_state.update(stopped=task.asked),
            phases,
        )
        preview, waiting = st.empty(), st.empty()
    done = 0
    for number, share in enumerate(task.shares):
        left = sum(phase.seconds for phase in phases[number:])
        for estimates in in_turn(drawing_share(settings, denoiser, share, store), left, waiting):
            done += 1
            bar.see(Taken(done, sum(steps)), f"Steps of {counted(len(share.missing), share.noun)}")
            if estimates is not None and bar.spent > looks.after:
                with preview.container():
                    looks.show(estimates[:BATCH])
    place.empty()


def drawing_share(
    settings: ExtractSettings, denoiser: Denoiser, share: Share, store: PictureStore
) -> Iterator[np.ndarray | None]:
    """Draw what is missing of one way to draw; pictures are kept before the step that finished them is handed out.

    Yields:
        After each step (n, H, W, 3) uint8 estimates of the unfinished pictures, or None where they are not kept.
    """
    wanted = frames_wanted(settings.steps, denoiser.image_size)
    frames: list[np.ndarray] = []
    timesteps: list[int] = []
    sampling = settings.plain_sampling.model_copy(update={"batch_size": BATCH})
    for drawing in draw(denoiser, sampling, share.missing, share.guide):
        keep = drawing.step.index in wanted
        if keep:
            frames.append(to_uint8(denoiser.decode(drawing.step.denoised)))
            timesteps.append(drawing.step.timestep)
        estimates = frames[-1] if keep else None
        if drawing.images is not None:
            for seed, picture in pictures_of(drawing, frames, timesteps).items():
                share.pictures[seed] = picture
                store.put(share.key, seed, picture)
            frames, timesteps = [], []
        yield estimates


def pictures_of(drawing: Drawing, frames: Sequence[np.ndarray], timesteps: Sequence[int]) -> dict[int, Picture]:
    """The pictures of a finished batch by seed, those that guidance has lost as well."""
    finished, damaged = drawing.finished, {item.seed: item for item in drawing.damaged}
    found = {}
    for place, seed in enumerate(drawing.seeds):
        image = finished.get(seed, frames[-1][place])
        path = np.stack([*(frame[place] for frame in frames[:-1]), image])
        found[seed] = Picture(image, path, tuple(timesteps), damaged.get(seed))
    return found


def frames_wanted(steps: int, size: Sequence[int]) -> set[int]:
    """Which steps' estimates are kept: the first, the last, and some evenly between; of large images the last."""
    if size[0] * size[1] > LARGEST_PATH_PIXELS:
        return {steps - 1}
    return steps_shown(steps, FRAMES)
