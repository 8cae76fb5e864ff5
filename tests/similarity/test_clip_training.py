"""Training of the small CLIP model: resuming changes nothing, and open_clip loads what is written."""

import dataclasses
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from side_core.data.describing import aspects_of
from side_core.data.training_set import TrainingSet, by_row
from side_core.dpm.training.loop import TrainingStep
from side_core.settings import TrainClipSettings
from side_core.similarity.clip.batch import captions_of, phrases_of, prepared, rows_of, weight_of
from side_core.similarity.clip.encoder import WEIGHTS
from side_core.similarity.clip.training import contrastive_loss, train_clip
from side_core.similarity.text import open_text_encoder
from tests.similarity.small_clip import SMALL, enlarged_faces


def small(**changes: object) -> TrainClipSettings:
    """Four steps of a tiny model, with changes."""
    return TrainClipSettings.model_validate(SMALL.model_dump() | changes)


@pytest.fixture(scope="module")
def pictures() -> TrainingSet:
    return enlarged_faces("pixel-faces[0:24]")


def stop_after(count: int, steps: Iterator[TrainingStep]) -> list[TrainingStep]:
    """Take some steps, then close the generator as a caller does who cancels."""
    taken = list(islice(steps, count))
    steps.close()
    return taken


def test_resumed_training_equals_uninterrupted_training(pictures: TrainingSet, tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    whole = list(train_clip(pictures, SMALL, tmp_path / "whole"))
    assert torch.equal(torch.random.get_rng_state(), before)
    first = stop_after(2, train_clip(pictures, SMALL, tmp_path / "parts"))
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["checkpoint"]
    torch.rand(1)  # whatever the process does between
    rest = list(train_clip(pictures, SMALL, tmp_path / "parts", resume=True))
    assert [step.loss for step in first + rest] == [step.loss for step in whole] and len(whole) == 4
    weights, again = (load_file(tmp_path / name / WEIGHTS) for name in ("whole", "parts"))
    assert weights.keys() == again.keys() and all(torch.equal(weights[name], again[name]) for name in weights)
    other = tmp_path / "other"
    list(train_clip(pictures, small(seed=1), other))
    assert not torch.equal(load_file(other / WEIGHTS)["visual.proj"], weights["visual.proj"])


def test_what_is_written_loads_with_its_own_tokenizer_and_says_how_it_was_made(
    pictures: TrainingSet, tmp_path: Path
) -> None:
    list(train_clip(pictures, SMALL, tmp_path))
    encoder = open_text_encoder(f"local-dir:{tmp_path}", "cpu")
    for caption in captions_of(by_row(pictures.attributes), SMALL, -1):
        assert not [doubt for doubt in encoder.doubts(caption) if "whole words" in doubt]
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["data"] == {"source": pictures.name, "rows": 24, "fingerprint": pictures.fingerprint}
    assert card["settings"] == SMALL.model_dump(mode="json") and card["steps"] == 4
    assert {tensor.dtype for tensor in load_file(tmp_path / WEIGHTS).values()} == {torch.float16}


@pytest.mark.parametrize("naming", [0.0, 1.0])
def test_a_model_learns_its_pairs_and_what_is_true_of_them(
    naming: float, pictures: TrainingSet, tmp_path: Path
) -> None:
    settings = small(steps=60, learning_rate=3e-3, batch_size=24, naming=naming)
    losses = [step.loss for step in train_clip(pictures, settings, tmp_path)]
    assert losses[-1] < losses[0] - 0.1 - 10 * naming
    assert not [name for name in load_file(tmp_path / WEIGHTS) if "head" in name]


def test_phrases_are_those_of_the_captions_and_the_rare_is_shown_oftener(pictures: TrainingSet) -> None:
    faces = by_row(pictures.attributes)
    truths = phrases_of(faces)
    ways = [{way for ways in aspects_of(face).values() for way in ways} for face in faces]
    assert truths.sum(dim=1).tolist() == [len(each) for each in ways]
    assert truths.shape == (24, len(set().union(*ways)))
    weights = torch.tensor([weight_of(face) for face in faces])
    rows = torch.stack([rows_of(weights, small(batch_size=4), step) for step in range(500)])
    assert all(len(set(row.tolist())) == 4 for row in rows)
    shown = rows.flatten().bincount(minlength=24)
    assert torch.corrcoef(torch.stack([shown.float(), weights]))[0, 1] > 0.9


def test_the_loss_is_the_mean_of_two_cross_entropies() -> None:
    random = np.random.default_rng(0)
    images, texts = random.normal(size=(2, 5, 3))
    unit = [features / np.linalg.norm(features, axis=1, keepdims=True) for features in (images, texts)]
    logits = np.exp(1.5) * unit[0] @ unit[1].T
    expected = [-np.log(np.exp(m.diagonal()) / np.exp(m).sum(axis=1)).mean() for m in (logits, logits.T)]
    loss = contrastive_loss(torch.tensor(images), torch.tensor(texts), torch.tensor(1.5))
    assert float(loss) == pytest.approx(np.mean(expected), rel=1e-5)
    assert contrastive_loss(torch.tensor(images), torch.tensor(texts), torch.tensor(50.0)).isfinite()


def test_pictures_are_changed_only_as_the_settings_say(pictures: TrainingSet) -> None:
    images = torch.from_numpy(np.array(pictures.images)).permute(0, 3, 1, 2)
    plain = images / 127.5 - 1
    still = prepared(images, small(blurred=0.0, shift=0), 0)
    mirrored = [not torch.equal(a, b) for a, b in zip(still, plain, strict=True)]
    assert 0 < sum(mirrored) < len(images)
    back = torch.where(torch.tensor(mirrored).view(-1, 1, 1, 1), still.flip(-1), still)
    torch.testing.assert_close(back, plain)
    moved = prepared(images, small(blurred=0.0, shift=2), 0)
    assert moved.shape == plain.shape
    for picture, origin in zip(moved, still, strict=True):  # the same choices of mirrored ones
        inner = [
            torch.equal(picture[:, 2:-2, 2:-2], origin[:, 2 + down : 30 + down, 2 + right : 30 + right])
            for down in (-2, 0, 2)
            for right in (-2, 0, 2)
        ]
        assert any(inner)
    assert torch.equal(prepared(images, SMALL, 3), prepared(images, SMALL, 3))
    assert not torch.equal(prepared(images, SMALL, 3), prepared(images, SMALL, 4))
    assert prepared(images, SMALL, 3).abs().max() <= 1


def test_captions_change_with_the_step(pictures: TrainingSet) -> None:
    faces = by_row(pictures.attributes)
    assert captions_of(faces, SMALL, 1) == captions_of(faces, SMALL, 1) != captions_of(faces, SMALL, 2)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"steps": None}, r"^How long to train is not said"),
        ({"patch": 5}, r"^Patches of 5 pixels do not fill 32: choose 2, 4, 8 or 16\.$"),
        ({"batch_size": 25}, r"^24 pictures are fewer than a batch of 25: make the batch smaller\.$"),
    ],
)
def test_settings_that_cannot_be(changes: dict, expected: str, pictures: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=expected):
        next(train_clip(pictures, small(**changes), tmp_path))


def test_pictures_that_cannot_be(pictures: TrainingSet, faces: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^Pictures of 16 x 16 pixels cannot be trained on: bring them to 32 x 32\.$"):
        next(train_clip(faces, SMALL, tmp_path))
    with pytest.raises(ValueError, match=r"has no attributes to make captions of: take rows of pixel-faces\.$"):
        next(train_clip(dataclasses.replace(pictures, attributes={}), SMALL, tmp_path))
    with pytest.raises(ValueError, match=r"^There is nothing to resume in"):
        next(train_clip(pictures, SMALL, tmp_path, resume=True))


def test_a_checkpoint_of_other_settings_is_not_resumed(pictures: TrainingSet, tmp_path: Path) -> None:
    stop_after(1, train_clip(pictures, SMALL, tmp_path))
    with pytest.raises(ValueError, match=r"does not fit the network of these settings"):
        next(train_clip(pictures, small(width=64), tmp_path, resume=True))
