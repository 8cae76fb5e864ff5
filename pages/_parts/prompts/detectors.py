"""Other detectors on the same prompt, each beside held-out prompts; they come last, as they draw whole pictures."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from pages._parts.prompts.measuring import seconds_of
from pages._parts.runtime.background import At
from pages._parts.runtime.device_queue import in_turn
from pages._parts.runtime.live import LIVE_SECONDS
from pages._parts.runtime.shared_cache import Key, SharedCache
from pages._parts.runtime.work import StopBar
from pages._parts.show.rest import Phase
from pages._parts.show.text import in_time
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.progress import finish
from side_core.prompts.detectors import ALL, Detector, scores_of, steps_of
from side_core.prompts.held_out import SEED
from side_core.prompts.norms import Measuring, own_seeds
from side_core.settings import DETECTORS, DetectorName, DetectorSettings, PromptSettings
from side_core.stats.rate import rate_of
from side_core.wording import counted, rounded

_IMAGES = 4  # of each prompt: distances need several
_HELD_OUT = 16  # prompts that this one is held against
_A_BATCH = 4  # prompts that are drawn together, and kept as soon as they are scored
_EXTRA = 4  # steps that an image takes besides its whole picture: one for the norm, three evaluations for the sharpness
_TRYING, STOPPED = "detectors", "stopped_detectors"  # in the session: what they are asked for
_Scores = dict[DetectorName, np.ndarray]
_SCORES: SharedCache[_Scores] = SharedCache(128)
_STYLE = """<style>
.detectors { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
.detectors th, .detectors td { text-align: left; padding: 0.3rem 0.75rem 0.3rem 0; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); font-weight: 400; font-size: 0.95rem; }
.detectors thead th { font-size: 0.85rem; opacity: 0.8; }
.detectors small { display: block; font-size: 0.8rem; opacity: 0.8; }
</style>"""


@dataclass(frozen=True, eq=False)
class Batch:
    """Prompts that are scored together.

    Attributes:
        prompts: (n,) of them.
        seeds: (n, images) of each prompt's pictures.
    """

    prompts: tuple[str, ...]
    seeds: np.ndarray


@dataclass(frozen=True, eq=False)
class Trial:
    """All that the detectors are tried on.

    Attributes:
        denoiser: the model.
        settings: of the detectors.
        batches: each of the page's own prompts alone, then the held-out ones.
        own: how many prompts of the page there are.
    """

    denoiser: TextDenoiser
    settings: DetectorSettings
    batches: tuple[Batch, ...]
    own: int

    def key(self, batch: Batch) -> Key:
        """What the scores of a batch depend on."""
        model = (self.denoiser.fingerprint, str(self.denoiser.arithmetic), self.settings.digest)
        return *model, int(batch.seeds[0, 0]), batch.prompts

    def seconds(self, batch: Batch) -> float:
        """How long it takes, with the device for oneself."""
        return seconds_of(self.denoiser, batch.seeds.size, self.settings.steps + _EXTRA)

    @property
    def missing(self) -> list[Batch]:
        """What is not scored yet."""
        return [batch for batch in self.batches if _SCORES.get(self.key(batch)) is None]


def _trial_of(
    denoiser: TextDenoiser, prompts: Sequence[str], settings: PromptSettings, held_out: Sequence[str]
) -> Trial:
    """The page's prompts and the first of the held-out ones, in batches."""
    own = settings.model_dump(include={"model", "text_scale", "steps", "mode"})
    asked = DetectorSettings.read(own | {"score_images": _IMAGES, "batch_size": _A_BATCH * _IMAGES})
    others, seeds = tuple(held_out[:_HELD_OUT]), own_seeds(_HELD_OUT, _IMAGES, SEED)
    parts = [slice(start, start + _A_BATCH) for start in range(0, len(others), _A_BATCH)]
    batches = [Batch(others[part], seeds[: len(others)][part]) for part in parts]
    own_batches = [Batch((prompt,), own_seeds(1, _IMAGES, settings.seed)) for prompt in prompts]
    return Trial(denoiser, asked, (*own_batches, *batches), len(prompts))


def show_detectors(
    denoiser: TextDenoiser, prompts: Sequence[str], settings: PromptSettings, held_out: Sequence[str]
) -> None:
    """What it takes and a button, and then a table.

    Args:
        denoiser: the model.
        prompts: the text; and the edited one, where there is one.
        settings: steps and guidance.
        held_out: prompts that the model has never seen.
    """
    trial, asked = _trial_of(denoiser, prompts, settings, held_out), (denoiser.fingerprint, settings.digest)
    st.markdown("**Other detectors**")
    place = st.empty()
    seconds = sum(map(trial.seconds, trial.missing))
    stopped = st.session_state.get(STOPPED) == asked
    if trial.missing and (stopped or (seconds > LIVE_SECONDS and st.session_state.get(_TRYING) != asked)):
        with place.container():
            _offer(trial, seconds, asked)
        return
    with place.container():
        scores = _score_all(trial, asked)
    own, others = scores[: trial.own], scores[trial.own :]
    with place.container():
        _show_table(own, {name: np.concatenate([each[name] for each in others]) for name in DETECTORS})


def _offer(trial: Trial, seconds: float, asked: Hashable) -> None:
    """What it takes, and a button to begin, or to go on where it was stopped."""
    total = sum(len(batch.prompts) for batch in trial.batches)
    done = total - sum(len(batch.prompts) for batch in trial.missing)
    if done:
        st.markdown(
            f"{done} of {counted(total, 'prompt')} {'is' if done == 1 else 'are'} scored and kept, the rest takes "
            f"about {in_time(seconds)} here."
        )
    else:
        st.markdown(
            f"Six more, published by others. Most of them need finished pictures: {_IMAGES} of this prompt and, "
            f"once, {_IMAGES} of each of {counted(total - 1, 'held-out prompt')}, about {in_time(seconds)} here."
        )
    st.button(
        "Go on" if done else "Try them",
        icon=":material/play_arrow:",
        key="try-detectors",
        on_click=_try,
        args=(asked,),
    )


def _try(asked: Hashable) -> None:
    """Called by the button."""
    st.session_state[_TRYING] = asked
    st.session_state.pop(STOPPED, None)


def _score_all(trial: Trial, asked: Hashable) -> list[_Scores]:
    """The scores of each batch, once for all sessions; those that are missing are computed now.

    Raises:
        ValueError: the model returns NaN.
    """
    known = [_SCORES.get(trial.key(batch)) for batch in trial.batches]
    missing = [batch for batch, scores in zip(trial.batches, known, strict=True) if scores is None]
    new = iter(_score_missing(trial, missing, asked) if missing else ())
    return [next(new) if scores is None else scores for scores in known]


def _score_missing(trial: Trial, missing: Sequence[Batch], asked: Hashable) -> list[_Scores]:
    """The scores of some batches, under a bar with a way to stop; each batch that is finished is kept."""
    steps = [steps_of(DETECTORS, len(batch.prompts), _IMAGES, trial.settings) for batch in missing]
    bar = StopBar(
        "Stop",
        "Keeps the prompts that are scored.",
        lambda: st.session_state.update({STOPPED: asked}),
        list(map(Phase, steps, map(trial.seconds, missing))),
    )
    waiting, found = st.empty(), []
    for number, batch in enumerate(missing):
        before = sum(steps[:number])

        def watch(event: Measuring, before: int = before) -> None:
            bar.see(At(before + event.done, sum(steps), ""), "Steps of the other detectors")

        def make(batch: Batch = batch, watch: Callable[[Measuring], None] = watch) -> _Scores:
            work = scores_of(trial.denoiser, DETECTORS, batch.prompts, trial.settings, batch.seeds)
            return finish(in_turn(work, place=waiting), watch)

        found.append(_SCORES.get_or_make(trial.key(batch), make))
    return found


def _show_table(own: Sequence[_Scores], others: _Scores) -> None:
    """Each detector's value of the page's prompts, and how many of the held-out prompts are below it."""
    heads = ("this prompt",) if len(own) == 1 else ("as typed", "edited")
    rows = "".join(_row_of(ALL[name], [float(scores[name][0]) for scores in own], others[name]) for name in DETECTORS)
    columns = "".join(f'<th scope="col">{head}</th>' for head in ("detector", *heads))
    st.html(f'{_STYLE}<table class="detectors"><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>')
    st.caption(
        f"Below each value: how many of {counted(len(others[DETECTORS[0]]), 'held-out prompt')} are below it. Values "
        "are turned so that a higher one means more memorised. With so few this is a first look: `python -m side_core "
        "prompts detect --evaluate` measures each detector."
    )


def _row_of(detector: Detector, values: Sequence[float], others: np.ndarray) -> str:
    """One detector as a row of the table."""
    spread = f"held-out prompts: {rounded(np.median(others))} ({rounded(others.min())} to {rounded(others.max())})"
    cells = "".join(
        f"<td>{rounded(value)}<small>{below.beat} of {below.count} ({below.interval})</small></td>"
        for value, below in ((value, rate_of(others < value)) for value in values)
    )
    name = f"{escape(detector.title)}<small>{escape(detector.source)}</small>"
    return f'<tr title="{escape(spread)}"><th scope="row">{name}</th>{cells}</tr>'
