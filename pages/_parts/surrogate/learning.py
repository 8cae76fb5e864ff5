"""The third step to a surrogate: a classifier learns to tell the groups apart under noise, watched and stopped."""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages._parts.inputs import controls
from pages._parts.links import checks
from pages._parts.links.link_values import OWN, QUICK, often
from pages._parts.runtime.background import At, Plan, follow, goes_on
from pages._parts.runtime.shared_cache import Key, SharedCache
from pages._parts.show.charts import TRAINING, dressed
from pages._parts.show.levels import Curve, described, levels_chart
from side_core.dpm.denoiser import Denoiser
from side_core.settings import PRESETS, SurrogateSettings
from side_core.surrogate.building import Material, Record, finished, lesson_of
from side_core.surrogate.surrogate import Surrogate
from side_core.surrogate.training import SurrogateStep, train_classifier
from side_core.wording import counted

_STEP, _MOST_STEPS = 10, 5000
_REDRAW = 1.0  # seconds between redrawings of the loss
_POINTS = 200  # of the loss that are drawn


@dataclass(frozen=True, eq=False)
class Learned:
    """What a training has come to.

    Attributes:
        surrogate: of the best so far.
        stopped: after how many of how many steps; None where it ended by itself.
    """

    surrogate: Surrogate
    stopped: tuple[int, int] | None


TRAINED: SharedCache[Learned] = SharedCache(8, idle=None)  # minutes of somebody's work


def lesson_inputs() -> dict[str, Any]:
    """Objective and steps: the quick ones, or one's own."""
    quick = PRESETS["quick"]
    checks.name("lesson", "How to train", [QUICK, OWN], QUICK)
    way = st.segmented_control(
        "How to train",
        [QUICK, OWN],
        default=QUICK,
        required=True,
        key="lesson",
        bind="query-params",
        help=f"Quick: {quick.train_steps:,} steps of objective {quick.objective}, a minute or two.",
    )
    if way == QUICK:
        return {"objective": quick.objective, "train_steps": quick.train_steps}
    left, right = st.columns(2)
    with left:
        objective = controls.choice("objective", of=SurrogateSettings)
    with right:
        steps = controls.slider(
            "train_steps", low=_STEP, high=_MOST_STEPS, default=quick.train_steps, step=_STEP, of=SurrogateSettings
        )
    return {"objective": objective, "train_steps": steps, "evaluate_every": often(steps)}


def train_live(
    model: str,
    denoiser: Denoiser,
    material: Material,
    settings: SurrogateSettings,
    keep: Callable[[Learned], object] = lambda learned: None,
) -> Learned | None:
    """The surrogate that these settings make, trained when asked for; None before that.

    Stop keeps the best so far. It goes on while another page is looked at.

    Args:
        model: its name.
        denoiser: the model.
        material: images in groups.
        settings: how it is trained.
        keep: what becomes of it where nobody looks as it is finished.

    Raises:
        ValueError: the loss is no number.
    """
    key = (denoiser.fingerprint, str(denoiser.arithmetic), material.encoder.fingerprint, settings.digest)
    during, after = st.empty(), st.empty()  # nothing of one state is left beside the other
    if st.session_state.pop("training", None) == key or goes_on(key):
        with during.container():
            _watch_training(model, denoiser, material, settings, key, keep)
        during.empty()
    learned = TRAINED.get(key)
    if learned is None or learned.stopped:
        with after.container():
            _say_stopped(learned, key)
            _offer("Train again" if learned else "Train", key)
    return learned


def _say_stopped(learned: Learned | None, key: Key) -> None:
    """What there is of a training that was stopped; nothing where none was."""
    if learned is not None and learned.stopped:
        done, total = learned.stopped
        st.info(
            f"Stopped after {done:,} of {counted(total, 'step')}. This is the best so far.", icon=":material/pause:"
        )
    elif st.session_state.get("tried") == key:
        st.info("Stopped before the first evaluation: there is nothing to keep.", icon=":material/pause:")


def _offer(label: str, key: Key) -> None:
    """A button to begin."""
    st.button(label, icon=":material/school:", type="primary", on_click=_begin, args=(key,))


def _begin(key: Key) -> None:
    """Called by the button."""
    st.session_state["training"] = st.session_state["tried"] = key


@dataclass(frozen=True, eq=False)
class _Lesson:
    """What a training shows of itself.

    Attributes:
        losses: step, loss and network, so far; it grows.
        curve: right answers by noise level at the last evaluation; None before the first.
    """

    losses: list[tuple[int, float, str]]
    curve: Curve | None


def _training(
    model: str, denoiser: Denoiser, material: Material, settings: SurrogateSettings, key: Key
) -> Generator[At[_Lesson], None, None]:
    """Train, and keep the best at every evaluation."""
    yield At(0, 1, "Bringing the images to the model's space")
    lesson, record = lesson_of(denoiser, material, settings), Record()
    losses: list[tuple[int, float, str]] = []
    curve = step = None

    def note(step: SurrogateStep, stopped: bool) -> None:
        surrogate = finished(model, denoiser, material, settings, lesson, record)
        alone = step.part == "teacher" and settings.objective == "distilled"  # not what was asked for
        if surrogate is not None and not alone:
            TRAINED.put(key, Learned(surrogate, (step.done, step.total) if stopped else None))

    for step in train_classifier(lesson, settings, str(denoiser.device)):
        record.see(step)
        losses.append((step.done, step.loss, step.part))
        if step.evaluation is not None:
            note(step, stopped=True)
            curve = Curve(f"{step.part}, step {step.done:,}", step.evaluation.levels, lesson.chance)
        words = f"Training the {step.part}, loss {step.loss:.2f}. Steps, at most"
        yield At(step.done, step.total, words, _Lesson(losses, curve))
    if step is not None:
        note(step, stopped=False)


def _watch_training(
    model: str,
    denoiser: Denoiser,
    material: Material,
    settings: SurrogateSettings,
    key: Key,
    keep: Callable[[Learned], object],
) -> None:
    """Train, showing loss and accuracy as they come."""

    def keep_alone(_: None) -> None:
        if (learned := TRAINED.get(key)) is not None:
            keep(learned)

    plan = Plan(
        key,
        "training",
        f"a surrogate of {model}",
        lambda: _training(model, denoiser, material, settings, key),
        "Stop training",
        "Keeps the best so far.",
        lambda: None,
        keep=keep_alone,
    )
    bar = st.container()
    left, right = st.columns(2)
    left.markdown("**Loss** on noisy training batches, nats")
    right.markdown("**Accuracy** on held-out images, by noise level")
    loss_place, levels_place = left.empty(), right.empty()
    drawn, shown = 0.0, ""

    def show(at: At[_Lesson], spent: float) -> None:
        nonlocal drawn, shown
        if at.seen is None:
            return
        curve = at.seen.curve
        if curve is not None and curve.name != shown:
            shown = curve.name
            levels_place.plotly_chart(levels_chart([curve]), alt=described([curve]), key=f"levels-{shown}")
        if time.monotonic() - drawn > _REDRAW:
            drawn = time.monotonic()
            _show_loss(loss_place, at.seen.losses)

    with bar:
        follow(plan, show)


def _show_loss(place: st.delta_generator.DeltaGenerator, losses: Sequence[tuple[int, float, str]]) -> None:
    """The loss so far; this kind of chart is redrawn in place, without a flicker."""
    some = losses[:: -(-len(losses) // _POINTS)]
    rows = [{"step": done, "loss": loss, "network": part} for done, loss, part in some]
    place.line_chart(
        rows, x="step", y="loss", color="network", height=280, alt=f"Loss, {losses[-1][1]:.2f} at step {losses[-1][0]}"
    )


def curve_chart(surrogate: Surrogate) -> go.Figure | None:
    """The loss on held-out images at each evaluation, and which was kept; None where the card does not say."""
    try:
        training = surrogate.card["training"]
        steps = [int(item["step"]) for item in training["curve"]]
        losses = [float(item["loss"]) for item in training["curve"]]
        best = int(training["best_step"])
    except (KeyError, TypeError, ValueError):
        return None
    figure = go.Figure()
    figure.add_scatter(
        x=steps,
        y=losses,
        mode="lines+markers",
        line={"color": TRAINING},
        showlegend=False,
        hovertemplate="step %{x:,}: %{y:.3f} nats<extra></extra>",
    )
    if best in steps:
        figure.add_annotation(x=best, y=losses[steps.index(best)], text="kept", ay=-30, arrowcolor="#888")
    return dressed(figure, "training step", "loss on held-out images, nats")
