"""Training a classifier: the seed decides, noise is learned, it stops in time, and the best so far is always there."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch

from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import from_uint8
from side_core.settings import SurrogateSettings
from side_core.surrogate.noise import evaluate
from side_core.surrogate.training import (
    Lesson,
    SurrogateStep,
    make_lesson,
    new_classifier,
    train_classifier,
)

ALPHAS = torch.linspace(0.9999, 0.0005, 200, dtype=torch.float64)
Small = Callable[..., SurrogateSettings]


@pytest.fixture(scope="module")
def lesson(groups: TrainingSet, small: Small) -> Lesson:
    """Four noisy versions of each image of the two groups, a third of them held out."""
    clean = from_uint8(groups.images) * 2 - 1
    clean = clean.repeat(4, 1, 1, 1)
    clean = clean + 0.02 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(5))
    labels = (torch.arange(24) >= 12).long().repeat(4)
    return make_lesson(clean, labels, ALPHAS, 2, small(held_out=1 / 3))


def last_of(steps: Iterator[SurrogateStep]) -> SurrogateStep:
    """The end of a training."""
    *_, last = steps
    return last


def weights_of(step: SurrogateStep) -> dict[str, torch.Tensor]:
    """A copy of the best classifier's weights."""
    assert step.best is not None
    return {name: value.clone() for name, value in step.best.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    """Whether two sets of tensors are equal to the last bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_the_seed_decides_the_weights_and_the_global_random_state_does_not(lesson: Lesson, small: Small) -> None:
    first = weights_of(last_of(train_classifier(lesson, small(train_steps=6))))
    torch.rand(3)  # whatever the process did before
    before = torch.random.get_rng_state()
    again = weights_of(last_of(train_classifier(lesson, small(train_steps=6))))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert same(first, again)
    assert not same(first, weights_of(last_of(train_classifier(lesson, small(train_steps=6, seed=1)))))


def test_it_learns_to_tell_groups_apart_but_not_from_pure_noise(lesson: Lesson, small: Small) -> None:
    last = last_of(train_classifier(lesson, small()))
    levels = {level.timestep: level for level in last.best_evaluation.levels}
    assert all(levels[t].accuracy.share == 1 for t in (0, 60, 119, 159))
    assert not levels[199].above(lesson.chance)
    assert levels[0].loss < levels[159].loss < levels[199].loss
    assert last.loss < 0.4 < 0.69  # ln 2 is guessing


def test_the_best_classifier_is_in_float32_and_as_good_as_its_evaluation_says(lesson: Lesson, small: Small) -> None:
    last = last_of(train_classifier(lesson, small(train_steps=40)))
    assert {value.dtype for value in last.best.state_dict().values()} == {torch.float32}
    levels = [level.timestep for level in last.best_evaluation.levels]
    held, labels = lesson.clean[lesson.held], lesson.labels[lesson.held]
    again = evaluate(last.best, held, labels, ALPHAS.float(), levels)
    assert [level.loss for level in again] == pytest.approx([level.loss for level in last.best_evaluation.levels])


def test_held_out_images_are_not_learned(lesson: Lesson, small: Small) -> None:
    """Whatever they show, and however they are labelled, the same weights come out."""
    clean, labels = lesson.clean.clone(), lesson.labels.clone()
    clean[lesson.held] = 0
    labels[lesson.held] = 0
    other = replace(lesson, clean=clean, labels=labels)
    settings = small(train_steps=5, evaluate_every=5)
    assert same(*(weights_of(last_of(train_classifier(item, settings))) for item in (lesson, other)))


@pytest.mark.parametrize("share", [0.001, 0.25, 0.5, 0.97, 0.999])
def test_some_images_are_held_out_and_some_are_not(small: Small, share: float) -> None:
    clean, labels = torch.zeros(20, 3, 8, 8), torch.arange(20) % 2
    lesson = make_lesson(clean, labels, ALPHAS, 2, small(held_out=share))
    assert int(lesson.held.sum()) == min(max(round(20 * share), 1), 19)
    assert torch.equal(lesson.held, make_lesson(clean, labels, ALPHAS, 2, small(held_out=share)).held)
    last = last_of(train_classifier(lesson, small(held_out=share, train_steps=2)))
    assert last.done == 2


def test_chance_is_the_share_of_the_commonest_label() -> None:
    """Also where none of the few held-out images has it."""
    labels = torch.tensor([0, 0, 0, 0, 1, 2, 1, 2])
    held = torch.tensor([False] * 6 + [True] * 2)
    assert Lesson(torch.zeros(8, 3, 8, 8), labels, held, ALPHAS, 3).chance == 0.5


def test_steps_say_where_they_are_and_evaluations_come_in_time(lesson: Lesson, small: Small) -> None:
    steps = list(train_classifier(lesson, small(train_steps=7, evaluate_every=3)))
    assert [step.done for step in steps] == [1, 2, 3, 4, 5, 6, 7]
    assert {step.total for step in steps} == {7}
    assert [step.evaluation is not None for step in steps] == [False, False, True, False, False, True, True]
    assert [step.best is not None for step in steps] == [False, False, True, True, True, True, True]
    seen = [step.evaluation for step in steps if step.evaluation is not None]
    assert [evaluation.step for evaluation in seen] == [3, 6, 7]
    assert steps[-1].best_evaluation == min(seen, key=lambda evaluation: evaluation.loss)
    assert sorted(step.seconds for step in steps) == [step.seconds for step in steps]


def test_closing_it_keeps_the_best_so_far(lesson: Lesson, small: Small) -> None:
    steps = train_classifier(lesson, small(train_steps=40))
    first = next(step for step in steps if step.best is not None)
    before = weights_of(first)
    later = list(itertools.islice(steps, 15))[-1]  # goes on learning
    steps.close()
    assert later.done == 35 and later.best is first.best and same(weights_of(first), before)


def test_it_stops_where_nothing_gets_better_and_gives_the_best(lesson: Lesson, small: Small) -> None:
    """Labels without sense: what is learned of the training images is wrong for the others."""
    random = torch.Generator().manual_seed(0)
    nonsense = replace(lesson, labels=torch.randint(0, 2, lesson.labels.shape, generator=random))
    steps = list(train_classifier(nonsense, small(train_steps=400, evaluate_every=10, patience=2)))
    losses = [step.evaluation.loss for step in steps if step.evaluation is not None]
    assert steps[-1].done < 400
    assert losses[-3] == min(losses) == steps[-1].best_evaluation.loss
    assert steps[-1].best_evaluation.step == steps[-1].done - 20


def test_a_distilled_classifier_has_a_teacher_first(lesson: Lesson, small: Small) -> None:
    steps = list(train_classifier(lesson, small(train_steps=50, evaluate_every=10, objective="distilled")))
    assert [step.part for step in steps] == ["teacher"] * 20 + ["classifier"] * 30
    assert [step.done for step in steps] == list(range(1, 51))
    assert {step.total for step in steps} == {50}
    assert (steps[19].best.timed, steps[49].best.timed) == (False, True)
    assert [level.timestep for level in steps[19].best_evaluation.levels] == [0]
    assert steps[20].best is None  # nobody is told the teacher is the student
    assert sorted(step.seconds for step in steps) == [step.seconds for step in steps]


def test_a_teacher_that_stops_early_took_no_more_steps_than_it_did(lesson: Lesson, small: Small) -> None:
    settings = small(train_steps=100, evaluate_every=1, patience=1, objective="distilled", learning_rate=0.1)
    steps = list(train_classifier(lesson, settings))
    assert len([step for step in steps if step.part == "teacher"]) < 40
    assert [step.done for step in steps] == list(range(1, len(steps) + 1))


def test_a_distilled_student_comes_nearer_to_its_teacher(lesson: Lesson, small: Small) -> None:
    """Kullback-Leibler divergence of the teacher's answers to clean images from the student's to noisy ones."""
    steps = list(train_classifier(lesson, small(train_steps=100, evaluate_every=5, objective="distilled")))
    teacher = next(step.best for step in reversed(steps) if step.part == "teacher")
    students = [step.best for step in steps if step.part == "classifier" and step.best is not None]
    clean, t = lesson.clean, 60
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(9))
    noisy = (ALPHAS[t].sqrt() * clean + (1 - ALPHAS[t]).sqrt() * noise).float()
    with torch.no_grad():
        wanted = teacher(clean, torch.zeros(1)).double().softmax(dim=1)
        found = [student(noisy, torch.tensor([t / 200])).double().softmax(dim=1) for student in students]
    far, near = ((wanted * (wanted / answer).log()).sum(dim=1).mean() for answer in (found[0], found[-1]))
    assert near < far / 3
    shown = [step.loss for step in steps if step.part == "classifier"]
    assert shown[-1] < shown[0] / 2


def test_a_time_independent_classifier_is_the_teacher_alone(lesson: Lesson, small: Small) -> None:
    steps = list(train_classifier(lesson, small(train_steps=30, objective="time-independent")))
    assert {step.part for step in steps} == {"teacher"}
    assert not steps[-1].best.timed
    assert [level.timestep for level in steps[-1].best_evaluation.levels] == [0]
    assert steps[-1].best_evaluation.levels[0].accuracy.share == 1


def test_a_loss_that_is_no_number_gets_a_sentence(lesson: Lesson, small: Small) -> None:
    broken = replace(lesson, clean=lesson.clean * float("nan"))
    with pytest.raises(ValueError, match=r"^The loss became nan at step 1: lower the learning rate \(0\.005\)\.$"):
        next(train_classifier(broken, small()))


def test_a_held_out_loss_that_is_no_number_gets_a_sentence(lesson: Lesson, small: Small) -> None:
    """Otherwise the first evaluation would pass for the best."""
    clean = lesson.clean.clone()
    clean[lesson.held] = float("nan")
    with pytest.raises(ValueError, match=r"^The loss became nan at step 3: lower the learning rate"):
        list(train_classifier(replace(lesson, clean=clean), small(train_steps=9, evaluate_every=3)))


def test_the_shape_follows_the_settings_and_the_images(lesson: Lesson, small: Small) -> None:
    network = new_classifier(lesson, small(width=16, blocks=2), timed=True)
    assert (network.width, network.blocks_a_level) == (16, 2)
    assert network(lesson.clean[:2], torch.zeros(1)).shape == (2, 2)
