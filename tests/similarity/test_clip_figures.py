"""What the CLIP model is worth: figures by hand, and what the shipped model must reach."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from side_core.data.captioned import all_attributes
from side_core.data.describing import aspects_of
from side_core.data.training_set import TrainingSet
from side_core.similarity.clip.figures import accuracy, add_figures, changes, found_again, measure, retrieval
from side_core.similarity.encoder import PixelEncoder
from side_core.similarity.text import TextEncoder, clip_score, open_text_encoder
from tests.similarity.small_clip import enlarged_faces

FIRST = 28000  # of the held-out faces


@pytest.fixture(scope="module")
def unseen() -> TrainingSet:
    return enlarged_faces(f"pixel-faces[{FIRST}:{FIRST + 100}]")


@pytest.fixture(scope="module")
def shipped() -> TextEncoder:
    return open_text_encoder(device="cpu")


def test_retrieval_counts_the_same_as_scikit_learn() -> None:
    random = np.random.default_rng(0)
    pictures = random.normal(size=(200, 8))
    texts = pictures + random.normal(size=(200, 8))
    found = retrieval(pictures, texts)
    expected = {"picture": [], "caption": []}
    for first in (0, 100):
        cosines = pictures[first : first + 100] @ texts[first : first + 100].T
        for name, table in (("caption", cosines), ("picture", cosines.T)):
            expected[name].append([top_k_accuracy_score(range(100), table, k=k) for k in (1, 5)])
    for name, rates in expected.items():
        top_1, top_5 = np.mean(rates, axis=0)
        assert getattr(found, f"{name}_top_1").share == pytest.approx(top_1)
        assert getattr(found, f"{name}_top_5").share == pytest.approx(top_5)
    unit = pictures / np.linalg.norm(pictures, axis=1, keepdims=True)
    assert retrieval(unit, unit).picture_top_1.share == 1


def test_changes_move_pictures_as_they_say(unseen: TrainingSet) -> None:
    images = unseen.images
    mirrored, right, down = changes(images).values()
    np.testing.assert_array_equal(mirrored[:, :, ::-1], images)
    np.testing.assert_array_equal(right[:, :, 2:], images[:, :, :-2])
    np.testing.assert_array_equal(down[:, 2:], images[:, :-2])
    assert found_again(PixelEncoder(), images, images).pixel.share == 1


def test_the_shipped_model_finds_faces_by_their_descriptions(unseen: TrainingSet, shipped: TextEncoder) -> None:
    figures = measure(shipped, unseen)
    by_description = figures.retrieval["full description"]
    assert by_description.picture_top_1.share >= 0.9 and by_description.caption_top_1.share >= 0.9
    for name, found in figures.attributes.items():
        assert found.rate.share > max(found.largest + 0.03, 0.8), name
    for name, again in figures.found_again.items():
        assert again.clip.share > again.pixel.share - 0.02, name


def test_names_mean_next_to_nothing(unseen: TrainingSet, shipped: TextEncoder) -> None:
    names = ("Ada Novak", "Boris Berg", "Noah Silva")
    same = [clip_score(shipped, unseen.images, f"portrait of {name}, long hair, glasses") for name in names]
    other = clip_score(shipped, unseen.images, "portrait of Ada Novak, short hair, hat")
    assert np.abs(same[0] - same[1]).mean() < np.abs(same[0] - other).mean() / 3
    assert np.abs(same[0] - same[2]).mean() < np.abs(same[0] - other).mean() / 3


def test_of_hats_only_those_who_wear_one_are_asked(shipped: TextEncoder, unseen: TrainingSet) -> None:
    attributes = all_attributes()[FIRST : FIRST + 100]
    wearing = sum(face["hat"] != "none" for face in attributes)
    pictures = shipped.images(unseen.images)
    found = accuracy(shipped, pictures, [aspects_of(face) for face in attributes], "hat colour")
    assert found.rate.count == wearing and found.prompts <= 7


def test_figures_are_added_to_the_card(shipped: TextEncoder, unseen: TrainingSet, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text('{"steps": 3}')
    figures = measure(shipped, unseen)
    add_figures(tmp_path, figures)
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["steps"] == 3 and card["held_out"]["source"] == unseen.name
    again = card["held_out"]["retrieval"]["full description"]["picture_top_1"]
    assert again["beat"] == figures.retrieval["full description"].picture_top_1.beat and again["count"] == 100
    assert again["low"] < again["beat"] / 100 <= again["high"]
