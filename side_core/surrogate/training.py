"""Train the classifier of a surrogate on noisy synthetic images; a generator that keeps the best so far."""

import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from side_core.dpm.training.batch import batch_rows
from side_core.files.public import check_limit
from side_core.settings import SurrogateSettings
from side_core.surrogate.classifier import TimeClassifier
from side_core.surrogate.noise import Level, evaluate, levels_of, noised

_TEACHER_SHARE = 0.4  # of the steps, for the time-independent teacher of a distilled classifier
_SMOOTHING = 0.95  # of the shown loss


@dataclass(frozen=True)
class Lesson:
    """What a classifier learns from.

    Attributes:
        clean: (n, C, H, W) synthetic images in the model's space.
        labels: (n,) int64.
        held: (n,) mask of the images that are held out.
        alphas_cumprod: (T,) the model's noise schedule.
        count: how many labels there are.
    """

    clean: Tensor
    labels: Tensor
    held: Tensor
    alphas_cumprod: Tensor
    count: int

    @property
    def chance(self) -> float:
        """What guessing the commonest label would reach: its share of all images, as held-out ones may be too few."""
        return float(torch.bincount(self.labels, minlength=self.count).max()) / len(self.labels)


@dataclass(frozen=True)
class Evaluation:
    """How a classifier did on the held-out images after some steps."""

    step: int
    levels: tuple[Level, ...]

    @property
    def loss(self) -> float:
        """Mean over the noise levels, nats: what early stopping looks at."""
        return sum(level.loss for level in self.levels) / len(self.levels)


@dataclass(frozen=True, eq=False)
class SurrogateStep:
    """One optimiser step, as the training hands it out.

    Attributes:
        done: steps so far, the teacher's included; `total` at most.
        part: what is trained: `teacher` or `classifier`.
        loss: on noisy training batches, smoothed over about 20 steps, nats.
        seconds: since the first step, the teacher's included.
        evaluation: on the held-out images, at steps that end with one.
        best: the classifier with the best evaluation so far, in float32; None before the first.
        best_evaluation: of that.
    """

    done: int
    total: int
    part: str
    loss: float
    seconds: float
    evaluation: Evaluation | None
    best: TimeClassifier | None
    best_evaluation: Evaluation | None


def make_lesson(
    clean: Tensor, labels: Tensor, alphas_cumprod: Tensor, count: int, settings: SurrogateSettings
) -> Lesson:
    """Hold some of the images out, the same for the same seed."""
    random = torch.Generator().manual_seed(settings.seed)
    order = torch.randperm(len(clean), generator=random)
    held = torch.zeros(len(clean), dtype=torch.bool)
    held[order[: min(max(1, round(settings.held_out * len(clean))), len(clean) - 1)]] = True
    return Lesson(clean, labels, held, alphas_cumprod, count)


def new_classifier(lesson: Lesson, settings: SurrogateSettings, timed: bool) -> TimeClassifier:
    """An untrained classifier for these images; the seed alone decides its weights."""
    _, channels, height, width = lesson.clean.shape
    with torch.random.fork_rng(devices=[]):  # leaves the process's own random state as it was
        torch.default_generator.manual_seed(settings.seed)
        return TimeClassifier(
            channels, (height, width), lesson.count, settings.width or 32, settings.blocks or 1, timed=timed
        )


def train_classifier(lesson: Lesson, settings: SurrogateSettings, device: str = "cpu") -> Iterator[SurrogateStep]:
    """Train by the settings' objective, handing out every step. Whoever stops early has the best so far in the last.

    `labels`: cross-entropy of the labels given x_t, t uniform (SIDE v7, section 4). `distilled`: a time-independent
    teacher is trained on clean images first; then KL(p_T(y | x_0) || p_t(y | x_t)) (TDKD, SIDE v1). `time-independent`:
    the teacher alone.

    Raises:
        ValueError: the loss is no number; more steps than a public app allows.
    """
    check_limit("train_steps", settings.train_steps)
    distilled = settings.objective == "distilled"
    alone = settings.objective == "time-independent"
    teacher_steps = round(_TEACHER_SHARE * settings.train_steps) if distilled else 0
    teacher, before, start = None, 0, time.monotonic()
    if distilled:
        for step in _optimise(lesson, settings, device, teacher_steps, 0, start, "teacher", timed=False):
            teacher, before = step.best, step.done
            yield step
    part = "teacher" if alone else "classifier"
    steps = settings.train_steps - teacher_steps
    yield from _optimise(lesson, settings, device, steps, before, start, part, timed=not alone, teacher=teacher)


def _optimise(
    lesson: Lesson,
    settings: SurrogateSettings,
    device: str,
    steps: int,
    before: int,
    start: float,
    part: str,
    timed: bool,
    teacher: TimeClassifier | None = None,
) -> Iterator[SurrogateStep]:
    """Train one classifier with AdamW and one rise and fall of the learning rate (Smith & Topin 2019).

    Args:
        lesson: what to learn.
        settings: batch size, learning rate, patience.
        device: where.
        steps: at most.
        before: steps that were taken for a teacher.
        start: when the first step began, by `time.monotonic`.
        part: what to call it.
        timed: whether it sees noisy images and is told the timestep; otherwise clean ones.
        teacher: whose answers to clean images are learned; None: the labels.
    """
    network = new_classifier(lesson, settings, timed).to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, total_steps=steps + 1)
    clean, labels = lesson.clean[~lesson.held].to(device), lesson.labels[~lesson.held].to(device)
    held, held_labels = lesson.clean[lesson.held].to(device), lesson.labels[lesson.held].to(device)
    alphas = lesson.alphas_cumprod.float().to(device)
    timesteps = levels_of(len(alphas)) if timed else [0]
    answers = None if teacher is None else _teacher_answers(teacher, clean)
    random = torch.Generator().manual_seed(settings.seed)
    best, best_evaluation, loss_shown, stale = None, None, float("nan"), 0
    batch_size = min(settings.batch_size, len(clean))
    for step in range(1, steps + 1):
        rows = batch_rows(step - 1, batch_size, len(clean), settings.seed).to(device)
        x, times = clean[rows], torch.zeros(1, device=device)
        if timed:
            t = (torch.rand(batch_size, generator=random) * len(alphas)).long().to(device)
            x = noised(x, alphas[t], torch.randn(x.shape, generator=random).to(device))
            times = t / len(alphas)
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
            logits = network(x.contiguous(memory_format=torch.channels_last), times)
        if answers is None:
            loss = functional.cross_entropy(logits, labels[rows])
        else:
            loss = functional.kl_div(logits.log_softmax(dim=1), answers[rows], reduction="batchmean", log_target=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        now = loss.item()
        _check_loss(now, before + step, settings)
        loss_shown = now if step == 1 else _SMOOTHING * loss_shown + (1 - _SMOOTHING) * now
        evaluation = None
        if step % settings.evaluate_every == 0 or step == steps:
            evaluation = Evaluation(before + step, evaluate(network.eval(), held, held_labels, alphas, timesteps))
            _check_loss(evaluation.loss, before + step, settings)
            network.train()
            stale += 1
            if best_evaluation is None or evaluation.loss < best_evaluation.loss:
                best, best_evaluation, stale = copy.deepcopy(network).eval(), evaluation, 0
        total = settings.train_steps
        seconds = time.monotonic() - start
        yield SurrogateStep(before + step, total, part, loss_shown, seconds, evaluation, best, best_evaluation)
        if stale >= settings.patience:
            return


def _check_loss(loss: float, step: int, settings: SurrogateSettings) -> None:
    """Raise ValueError unless the loss is a number."""
    if not loss < float("inf"):
        rate = settings.learning_rate
        raise ValueError(f"The loss became {loss} at step {step}: lower the learning rate ({rate:g}).")


@torch.no_grad()
def _teacher_answers(teacher: TimeClassifier, clean: Tensor) -> Tensor:
    """(n, labels) log-probabilities of a teacher for clean images."""
    zero = torch.zeros(1, device=clean.device)
    return torch.cat([teacher(batch, zero).log_softmax(dim=1) for batch in clean.split(256)])
