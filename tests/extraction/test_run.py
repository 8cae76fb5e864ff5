"""One extraction: which data it compares with, what it hands out, and which threshold it counts by."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet
from side_core.dpm.ideal import IdealDenoiser
from side_core.extraction.calibration import Calibration
from side_core.extraction.matching import make_reference, match
from side_core.extraction.run import Extraction, Subject, data_and_control, extract, open_subject, score_images
from side_core.sampling.sampler import Drawing
from side_core.settings import ExtractSettings


@pytest.fixture
def subject(ideal: IdealDenoiser, faces: TrainingSet) -> Subject:
    return Subject(ideal, faces, open_training_set("pixel-faces[100:160]"), None)


@pytest.fixture
def extraction(subject: Subject) -> Extraction:
    """Six pictures: two copies, the same with one square painted over, and two control images."""
    images = np.concatenate([subject.data.images[:4], subject.control.images[:2]]).copy()
    images[2:4, 4:8, 4:8] = 0
    return score_images(ExtractSettings(count=6), subject, images, tuple(range(6)))


def test_every_step_is_handed_out_and_then_the_extraction(subject: Subject) -> None:
    *drawings, last = extract(ExtractSettings(count=5, batch_size=2, steps=3, seed=9), subject)
    assert len(drawings) == 9 and all(isinstance(drawing, Drawing) for drawing in drawings)
    assert isinstance(last, Extraction)
    assert last.match.seeds == (9, 10, 11, 12, 13)
    handed_out = np.concatenate([drawing.images for drawing in drawings if drawing.images is not None])
    assert np.array_equal(last.match.images, handed_out)


def test_copies_and_control_images_are_told_apart(extraction: Extraction) -> None:
    found = extraction.match
    assert found.neighbours.rows[:4, 0].tolist() == [0, 1, 2, 3]
    assert found.scores.l2[:2].tolist() == [0, 0]
    assert (found.scores.l2[2:] > 0).all()
    assert found.control_neighbours.rows[4:, 0].tolist() == [0, 1]
    assert found.control_scores.l2[4:].tolist() == [0, 0]


def test_the_order_starts_with_the_nearest_to_a_copy(extraction: Extraction) -> None:
    order = extraction.match.order("l2").tolist()
    assert order[:2] == [0, 1]  # equal ones as they come
    assert sorted(order) == list(range(6))
    assert (np.diff(extraction.match.scores.l2[order]) >= 0).all()


def test_the_headline_counts_by_the_published_threshold_or_the_own_one(extraction: Extraction) -> None:
    assert extraction.headline().score == "ratio"
    assert extraction.headline("l2").threshold == 0.05
    settings = ExtractSettings(score="l2", threshold=1e-9)
    own = Extraction(settings, extraction.subject, extraction.match)
    assert (own.headline().threshold, own.headline().training.beat, own.headline().control.beat) == (1e-9, 2, 2)
    assert own.headline("ratio").threshold == pytest.approx(1 / 3)  # not the threshold of another score


def test_the_headline_never_comes_without_its_control(extraction: Extraction) -> None:
    line = str(extraction.headline("l2"))
    assert line.startswith("L2 < 0.05: ") and "against the control 2 of 6 (33.3 %" in line
    assert "plain images" not in line


def test_the_headline_shows_the_calibrated_control_by_its_own_encoder(extraction: Extraction) -> None:
    table = {"pixel/l2": np.array([0.01, 0.04, 0.2, 0.3]), "dpm/l2": np.zeros(4)}
    calibrated = Subject(
        extraction.subject.denoiser, extraction.subject.data, extraction.subject.control, Calibration({}, table, {})
    )
    line = Extraction(ExtractSettings(score="l2"), calibrated, extraction.match).headline()
    assert (line.calibrated.beat, line.calibrated.count) == (2, 4)
    assert "plain images against the control 2 of 4" in str(line)


def test_built_in_models_bring_their_data_and_settings_replace_it() -> None:
    assert data_and_control(ExtractSettings(model="ideal")) == ("pixel-faces[0:1000]", "pixel-faces[2000:3000]")
    settings = ExtractSettings(model="ideal", data="pixel-faces[0:9]", control="pixel-faces[9:19]")
    assert data_and_control(settings) == ("pixel-faces[0:9]", "pixel-faces[9:19]")


def test_a_folder_brings_its_data_by_its_card(pipeline: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(pipeline, tmp_path / "model")
    settings = ExtractSettings(model=str(folder), control="pixel-faces[9:19]")
    with pytest.raises(ValueError, match=f"^The training images of '{folder}' are not known: .*--data"):
        open_subject(settings)
    (folder / "card.json").write_text(json.dumps({"data": {"source": "pixel-faces[0:9]"}}))
    assert open_subject(settings).data.name == "pixel-faces[0:9]"
    with pytest.raises(ValueError, match=f"^'{folder}' has no control of its own: .*--control"):
        open_subject(ExtractSettings(model=str(folder)))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"first_timestep": 1000}, "First timestep 1000 lies beyond"),
        ({"first_timestep": 10}, "25 steps do not fit between timesteps 10 and 0"),
        ({"encoder": "dpm"}, "Encoder 'dpm' reads"),
        ({"data": "pixel-faces[3:4]"}, r"'pixel-faces\[3:4\]' has 1 image"),
        ({"control": "pixel-faces[3:4]"}, r"'pixel-faces\[3:4\]' has 1 image"),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused_before_anything_is_drawn(changes: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}"):
        open_subject(ExtractSettings(model="ideal", **changes))


def test_images_of_other_sizes_and_mixed_encoders_are_refused(subject: Subject, pipeline: Path) -> None:
    known = make_reference(subject.data, "pixel", subject.denoiser)
    with pytest.raises(ValueError, match=r"^The model draws 8x8 pixels, training images have 16x16"):
        match(np.zeros((1, 8, 8, 3), np.uint8), (0,), known, known, subject.denoiser)
    features = make_reference(subject.data, "dpm", open_subject_of(pipeline).denoiser)
    with pytest.raises(ValueError, match=r"^Training images are encoded by pixel, the control by dpm"):
        match(subject.data.images[:1], (0,), known, features, subject.denoiser)


def open_subject_of(pipeline: Path) -> Subject:
    """The tiny network with some data."""
    return open_subject(ExtractSettings(model=str(pipeline), data="pixel-faces[0:9]", control="pixel-faces[9:19]"))
