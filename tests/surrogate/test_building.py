"""Building a surrogate from nothing but a model: every stage hands out its progress, and stopping keeps the best."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import adjusted_rand_score

from side_core.data.training_set import Reading, TrainingSet
from side_core.dpm.folder import open_denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.progress import finish
from side_core.settings import SurrogateSettings
from side_core.similarity.embeddings import Embedding
from side_core.surrogate.building import Material, Record, finished, gather, learn, lesson_of
from side_core.surrogate.clusters import Clustering
from side_core.surrogate.sheet import PICTURES
from side_core.surrogate.surrogate import Surrogate
from side_core.surrogate.synthetic import SyntheticStep
from side_core.surrogate.training import train_classifier

Small = Callable[..., SurrogateSettings]


@pytest.fixture(scope="module")
def material(model: IdealDenoiser, small: Small) -> Material:
    """What `small()` gathers."""
    return finish(gather(model, small()))


def test_it_draws_clusters_and_learns(model: IdealDenoiser, groups: TrainingSet, small: Small) -> None:
    events: list[Any] = []
    material = finish(gather(model, small()), events.append)
    kinds = [kind for kind, _ in itertools.groupby(events, type)]
    assert kinds == [SyntheticStep, Clustering]
    assert all(0 <= event.done <= event.total for event in events)
    assert len(material.synthetic) == len(material.clusters.labels) == 96
    bright = material.synthetic.images.mean(axis=(1, 2, 3)) > groups.images.mean()
    assert {(is_bright, label) for is_bright, label in zip(bright, material.clusters.labels, strict=True)} in (
        {(True, 0), (False, 1)},
        {(True, 1), (False, 0)},
    )
    steps: list[Any] = []
    surrogate = finish(learn("groups", model, material, small(train_steps=4)), steps.append)
    assert [step.done for step in steps] == [1, 2, 3, 4]
    assert surrogate.kept.tolist() == [0, 1] and surrogate.pictures.shape == (2, PICTURES, 8, 8, 3)


def test_what_a_model_draws_again_and_again_becomes_its_labels(model: IdealDenoiser, small: Small) -> None:
    """The perfect memoriser draws nothing but its images: each that came twice or more is a label of its own."""
    material = finish(gather(model, small(label_source="duplicates", likeness=0.9999, clusters=50)))
    clusters, copies = material.clusters, material.synthetic
    _, group, counts = np.unique(copies.digests, return_inverse=True, return_counts=True)
    assert len(clusters.kept) == (counts > 1).sum() > 10
    assert adjusted_rand_score(group[counts[group] > 1], clusters.members[counts[group] > 1]) == 1.0
    assert (clusters.members[counts[group] == 1] == -1).all()


def test_a_u_net_s_own_features_are_encoded_in_between(pipeline: Path, small: Small) -> None:
    settings = small(synthetic_count=16, steps=2, clusters=3, cohesion=-1, encoder="dpm", train_steps=2)
    unet, events = open_denoiser(str(pipeline)), []
    material = finish(gather(unet, settings), events.append)
    assert [kind for kind, _ in itertools.groupby(events, type)] == [SyntheticStep, Embedding, Clustering]
    assert material.encoder.name == "dpm"
    assert finish(learn("tiny", unet, material, settings)).card["network"]["shape"] == [3, 16, 16]


def test_the_same_settings_build_the_same_surrogate(model: IdealDenoiser, small: Small) -> None:
    one, same, other = (
        finish(learn("groups", model, finish(gather(model, settings)), settings)).fingerprint
        for settings in (small(train_steps=3), small(train_steps=3), small(train_steps=3, seed=1))
    )
    assert one == same != other


def test_a_lesson_is_the_synthetic_images_in_the_model_s_space(
    model: IdealDenoiser, material: Material, small: Small
) -> None:
    lesson = lesson_of(model, material, small())
    back = (lesson.clean.permute(0, 2, 3, 1) + 1) * 127.5
    np.testing.assert_allclose(back.numpy(), material.synthetic.images, atol=1e-3)
    assert np.array_equal(lesson.labels.numpy(), material.clusters.labels)


def test_pictures_are_those_nearest_to_each_centre(built: Surrogate, material: Material) -> None:
    for place, number in enumerate(built.kept):
        nearest = material.clusters.nearest_members(int(number), PICTURES)
        assert np.array_equal(built.pictures[place], material.synthetic.images[nearest])


def test_whoever_stops_has_a_surrogate_of_the_best_so_far(
    model: IdealDenoiser, material: Material, small: Small
) -> None:
    """What 40 steps of 120 have learned, and nothing before the first evaluation."""
    settings = small()
    lesson, record = lesson_of(model, material, settings), Record()

    def now() -> Surrogate | None:
        return finished("groups", model, material, settings, lesson, record)

    assert now() is None
    steps = train_classifier(lesson, settings)
    for step in itertools.islice(steps, 19):
        record.see(step)
    assert now() is None
    for step in itertools.islice(steps, 26):  # an evaluation at 20 and one at 40
        record.see(step)
    steps.close()
    stopped = now()
    training = stopped.card["training"]
    assert training["steps"] == 45 and training["best_step"] in (20, 40)
    assert [point["step"] for point in training["curve"]] == [20, 40]
    best = record.last.best.state_dict()
    assert all(torch.equal(value, best[name].half()) for name, value in stopped.weights.items())


def test_the_end_is_the_best_and_not_the_last(model: IdealDenoiser, material: Material, small: Small) -> None:
    settings = small(train_steps=60, evaluate_every=5, learning_rate=0.1)
    surrogate = finish(learn("groups", model, material, settings))
    curve = {point["step"]: point["loss"] for point in surrogate.card["training"]["curve"]}
    assert curve[surrogate.card["training"]["best_step"]] == min(curve.values())


def test_a_teacher_s_evaluations_are_not_the_student_s(model: IdealDenoiser, material: Material, small: Small) -> None:
    settings = small(train_steps=50, evaluate_every=10, objective="distilled")
    surrogate = finish(learn("groups", model, material, settings))
    assert [point["step"] for point in surrogate.card["training"]["curve"]] == [30, 40, 50]
    assert len(surrogate.card["training"]["levels"]) == 11
    assert surrogate.card["network"]["timed"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"clusters": 97}, r"^97 clusters cannot be made of 96 synthetic images: choose 96 or fewer, or draw more"),
        ({"guide_from": 10, "guide_to": 20}, r"^The guidance window from 10 to 20 is empty"),
        ({"guide_to": 200}, r"^Guide-to 200 lies beyond the model's 200 timesteps"),
        ({"steps": 201}, r"^201 steps do not fit between timesteps 199 and 0"),
        ({"encoder": "dpm"}, r"^Encoder 'dpm' reads a network's inner features, and the ideal denoiser has none"),
        ({"encoder_weights": "x"}, r"^Encoder 'pixel' takes no weights"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_before_anything_is_drawn(
    groups: TrainingSet,
    make_model: Callable[[TrainingSet], Any],
    small: Small,
    cache: Path,
    changes: dict,
    sentence: str,
) -> None:
    model = make_model(groups)
    with pytest.raises(ValueError, match=sentence):
        finish(gather(model, small(**changes)))
    assert model.asked == 0 and not list(cache.glob("synthetic/*"))


@pytest.mark.usefixtures("cache")
def test_pictures_of_one_s_own_are_read_instead_of_drawn(
    groups: TrainingSet, make_model: Callable[[TrainingSet], Any], small: Small, tmp_path: Path
) -> None:
    model, folder, events = make_model(groups), tmp_path / "drawn", []
    folder.mkdir()
    for number, image in enumerate(groups.images):
        Image.fromarray(image ^ 1).save(folder / f"{number:02}.png")  # nearly the training images, but not quite
    settings = small(synthetic=str(folder), synthetic_count=16, train_steps=2)
    material = finish(gather(model, settings, groups), events.append)
    assert model.asked == 0 and isinstance(events[0], Reading)
    assert len(material.synthetic) == 24
    assert finish(learn("groups", model, material, settings)).card["synthetic"]["source"] == str(folder)
    with pytest.raises(ValueError, match=r"^25 clusters cannot be made of 24 synthetic images"):
        finish(gather(model, small(synthetic=str(folder), clusters=25), groups))


@pytest.mark.usefixtures("cache")
def test_training_images_are_refused(model: IdealDenoiser, groups: TrainingSet, small: Small, tmp_path: Path) -> None:
    np.save(tmp_path / "training.npy", groups.images)
    with pytest.raises(ValueError, match="holds the model's training images, not pictures it drew"):
        finish(gather(model, small(synthetic=str(tmp_path / "training.npy")), groups))


def test_colours_that_would_fill_the_memory_are_refused_before_anything_is_drawn(
    model: IdealDenoiser, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "image_size", (512, 512), raising=False)
    with pytest.raises(
        ValueError, match=r"32,768 images of 512 x 512 pixels would take 96 GiB: draw fewer, or group by"
    ):
        next(gather(model, small(synthetic_count=32_768, encoder="pixel")))
