"""Draw what is missing, with progress, preview and a way to stop; keep what is finished."""

import itertools
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._parts.runtime.background import QUICK, At, Plan, follow, goes_on
from pages._parts.runtime.resources import seconds_to_match, timing_of
from pages._parts.show.figures import figure, show_row
from pages._parts.show.rest import Phase
from pages._parts.show.text import in_time
from side_core.dpm.denoiser import Denoiser
from side_core.extraction.references import References
from side_core.extraction.run import Drawn
from side_core.extraction.subject import Subject, sample_sets
from side_core.progress import mapped
from side_core.sampling.drawing import Drawing
from side_core.sampling.missing import SampleSet, draw_missing
from side_core.sampling.picture import FRAMES, Picture
from side_core.sampling.store import SampleStore
from side_core.settings import ExtractSettings
from side_core.wording import counted

BATCH = 16  # small, so that finished pictures come often and Stop loses little
LIVE_SECONDS = 60  # what takes longer waits for a button
_STEERED_COST = 1.3  # times as long as a plain step, with a surrogate of the usual width


@dataclass(frozen=True, eq=False)
class Share:
    """Those pictures of a run that are drawn in one way.

    Attributes:
        noun: what one of them is called.
        samples: how they are drawn.
        pictures: those that are there, by seed.
    """

    noun: str
    samples: SampleSet
    pictures: Mapping[int, Picture]

    @property
    def missing(self) -> int:
        """How many are not there."""
        return self.samples.settings.count - len(self.pictures)


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be drawn, and how long it takes here.

    Attributes:
        shares: the ways it is drawn.
        seconds: of each share, to draw what is missing of it.
        after: seconds of what follows: all pictures are compared with training and control images.
        key: names all of it.
    """

    shares: tuple[Share, ...]
    seconds: tuple[float, ...]
    after: float
    key: Hashable


def _show_small(estimates: np.ndarray) -> None:
    """(n, H, W, 3) uint8 of unfinished pictures in a row."""
    show_row([figure(image, "An unfinished picture") for image in estimates], most="6rem")


@dataclass(frozen=True)
class Preview:
    """How unfinished pictures are shown.

    Attributes:
        after: seconds until there are any: a run that is quicker is over before a preview helps.
        show: shows (n, H, W, 3) uint8.
    """

    after: float = QUICK
    show: Callable[[np.ndarray], None] = _show_small


def draw_live(
    settings: ExtractSettings,
    subject: Subject,
    store: SampleStore,
    noted: Callable[[], AbstractContextManager[None]] = nullcontext,
    preview: Preview | None = None,
    references: References | None = None,
    keep: Callable[[Drawn], object] | None = None,
) -> Drawn:
    """The pictures of the settings' seeds; those not kept yet are drawn now, unless the person has pressed Stop.

    They go on being drawn while another page is looked at.

    Args:
        settings: what to draw.
        subject: the model, and what steers it.
        store: where pictures are kept.
        noted: a context that lasts as long as pictures are drawn.
        preview: how unfinished pictures are shown; left out: small, where it takes a while.
        references: what the pictures are compared with afterwards, so that the time for that is counted, too.
        keep: what becomes of them where nobody looks as they are finished.
    """
    shares = shares_of(settings, subject, store)
    asked = (shares[0].samples.key, settings.seeds)
    if any(share.missing for share in shares):
        if st.session_state.get("stopped") == asked:
            say_stopped(shares, settings.count)
        elif _may_begin(settings, subject.denoiser, task := _task_of(settings, subject, shares, references)):
            return _follow(_plan_of(settings, task, store, noted, keep), preview or Preview())
    return Drawn(*(dict(sorted(share.pictures.items())) for share in shares))


def shares_of(settings: ExtractSettings, subject: Subject, store: SampleStore) -> list[Share]:
    """What there is and what is missing of each way to draw."""
    nouns = ("picture",) if subject.guided_by is None else ("steered picture", "plain one")
    batched = settings.model_copy(update={"batch_size": BATCH})
    sets = sample_sets(batched, subject)
    return [
        Share(n, samples, store.found(samples.key, settings.seeds)) for n, samples in zip(nouns, sets, strict=False)
    ]


def _follow(plan: Plan[np.ndarray, Drawn], looks: Preview) -> Drawn:
    """Draw under a bar with a way to stop."""
    place = st.empty()
    with place.container():
        bar, preview = st.container(), st.empty()

        def show(at: At[np.ndarray], spent: float) -> None:
            if at.seen is not None and spent > looks.after:
                with preview.container():
                    looks.show(at.seen[:BATCH])

        with bar:
            drawn = follow(plan, show)
    place.empty()
    return drawn


def say_stopped(shares: Sequence[Share], count: int) -> None:
    """What is finished, and a button to go on."""
    parts = [f"{len(share.pictures):,} of {counted(count, share.noun)}" for share in shares]
    verb = "is" if len(parts) == count == 1 else "are"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"Stopped: {' and '.join(parts)} {verb} finished.", icon=":material/pause:")
        st.button("Go on", icon=":material/play_arrow:", on_click=st.session_state.pop, args=("stopped",))


def _task_of(
    settings: ExtractSettings, subject: Subject, shares: Sequence[Share], references: References | None
) -> Task:
    """What is to be drawn, with the time until its result."""
    seconds = tuple(_seconds_of(settings, subject.denoiser, share) for share in shares)
    count = settings.count * len(shares)
    after = 0.0 if references is None else seconds_to_match(count, settings, subject, references)
    return Task(tuple(shares), seconds, after, (shares[0].samples.key, settings.seeds))


def _may_begin(settings: ExtractSettings, denoiser: Denoiser, task: Task) -> bool:
    """Whether to draw at once: it is quick, or the person has seen how long it takes and said so."""
    seconds = sum(task.seconds) + task.after
    if seconds <= LIVE_SECONDS or st.session_state.get("begin") == task.key or goes_on(task.key):
        return True
    missing = [share for share in task.shares if share.missing]
    what = " and ".join(counted(share.missing, share.noun) for share in missing)
    verb = "takes" if len(missing) == missing[0].missing == 1 else "take"
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
            key=f"draw-{task.shares[0].samples.key}",
            on_click=st.session_state.__setitem__,
            args=("begin", task.key),
        )
    return False


def _seconds_of(settings: ExtractSettings, denoiser: Denoiser, share: Share) -> float:
    """How long it takes to draw what is missing, with the device for oneself."""
    seconds = timing_of(denoiser, BATCH).seconds(share.missing, settings.steps, settings.evaluations)
    return seconds * (_STEERED_COST if share.samples.steering else 1)


def _plan_of(
    settings: ExtractSettings,
    task: Task,
    store: SampleStore,
    noted: Callable[[], AbstractContextManager[None]],
    keep: Callable[[Drawn], object] | None,
) -> Plan[np.ndarray, Drawn]:
    """What is missing of each share is drawn, one share after the other.

    Args:
        settings: what is drawn.
        task: the shares.
        store: where finished pictures are put.
        noted: a context that lasts as long as pictures are drawn.
        keep: what becomes of the pictures where nobody looks.
    """
    steps = [share.samples.batches(share.missing) * settings.steps for share in task.shares]

    def work() -> Generator[At[np.ndarray], None, Drawn]:
        done, found = 0, []
        with noted():
            for share in task.shares:
                words = f"Steps of {counted(share.missing, share.noun)}"
                drawing = draw_missing(share.samples, store, FRAMES)
                found.append((yield from mapped(drawing, _counting(done, sum(steps), words))))
                done += steps[len(found) - 1]
        return Drawn(*found)

    return Plan(
        task.key,
        "drawing",
        counted(settings.count, "picture"),
        work,
        "Stop drawing",
        "Keeps the pictures that are finished.",
        lambda: st.session_state.update(stopped=task.key),
        [*map(Phase, steps, task.seconds), Phase(0, task.after)],
        keep,
    )


def _counting(before: int, total: int, words: str) -> Callable[[Drawing], At[np.ndarray]]:
    """Turns each step of a share into how far all of them are."""
    done = itertools.count(before + 1)
    return lambda drawing: At(next(done), total, words, drawing.estimates)
