"""One extraction: which data it compares with, what it hands out, and which threshold it counts by."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet
from side_core.dpm.formats.unfollowed import unfollowed
from side_core.dpm.ideal import IdealDenoiser
from side_core.extraction.calibration import Calibration
from side_core.extraction.matching import match
from side_core.extraction.references import References
from side_core.extraction.run import Drawn, Extraction, extract, score_images
from side_core.extraction.subject import Subject, data_and_control, open_subject, references_of, sample_sets
from side_core.extraction.summary import run_summary
from side_core.progress import finish
from side_core.sampling.drawing import Drawing
from side_core.sampling.store import MemoryStore
from side_core.settings import ExtractSettings
from tests.pictures import kept


@pytest.fixture
def subject(ideal: IdealDenoiser, faces: TrainingSet) -> Subject:
    return Subject(faces, open_training_set("pixel-faces[100:160]"), ideal)


@pytest.fixture
def references(subject: Subject) -> References:
    return finish(references_of(ExtractSettings(), subject))


@pytest.fixture
def extraction(subject: Subject, references: References) -> Extraction:
    """Six pictures: two copies, the same with one square painted over, and two control images."""
    images = np.concatenate([subject.data.images[:4], subject.control.images[:2]]).copy()
    images[2:4, 4:8, 4:8] = 0
    return score_images(ExtractSettings(count=6), subject, references, Drawn(kept(images)))


def test_every_step_is_handed_out_and_then_the_extraction(subject: Subject, references: References) -> None:
    *drawings, last = extract(
        ExtractSettings(count=5, batch_size=2, steps=3, seed=9), subject, references, MemoryStore()
    )
    assert len(drawings) == 9 and all(isinstance(drawing, Drawing) for drawing in drawings)
    assert isinstance(last, Extraction)
    assert last.match.names == ("9", "10", "11", "12", "13")
    handed_out = np.concatenate([drawing.images for drawing in drawings if drawing.images is not None])
    assert np.array_equal(last.match.images, handed_out)


def test_run_json_says_which_settings_are_the_model_s_own_and_what_is_not_followed(
    make_pipeline: Callable[..., Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(make_pipeline(steps_offset=1, set_alpha_to_one=False), tmp_path / "own")
    (folder / "pytorch_lora_weights.safetensors").write_bytes(b"")
    settings = ExtractSettings(model=str(folder), data="pixel-faces[0:60]", count=1, steps=2, clip="off")
    subject = open_subject(settings)
    *_, last = extract(settings, subject, finish(references_of(settings, subject)), MemoryStore())
    found = run_summary(last)
    assert found["sampling"] == {
        "spacing": {"value": "leading", "from": "model"},
        "clip": {"value": "off", "from": "settings"},
        "clip_range": {"value": None, "from": "settings"},
        "steps_offset": {"value": 1, "from": "model"},
        "final_alpha": {"value": float(subject.denoiser.alphas_cumprod[0]), "from": "model"},
    }
    assert json.loads(json.dumps(found["sampling"])) == found["sampling"]
    assert [note for note in found["warnings"] if "LoRA" in note] == list(unfollowed(str(folder)))


def test_copies_and_control_images_are_told_apart(extraction: Extraction) -> None:
    found = extraction.match
    assert found.control is not None
    assert found.training.neighbours.rows[:4, 0].tolist() == [0, 1, 2, 3]
    assert found.training.scores.l2[:2].tolist() == [0, 0]
    assert (found.training.scores.l2[2:] > 0).all()
    assert found.control.neighbours.rows[4:, 0].tolist() == [0, 1]
    assert found.control.scores.l2[4:].tolist() == [0, 0]


def test_the_order_starts_with_the_nearest_to_a_copy(extraction: Extraction) -> None:
    order = extraction.match.order("l2").tolist()
    assert order[:2] == [0, 1]  # equal ones as they come
    assert sorted(order) == list(range(6))
    assert (np.diff(extraction.match.training.scores.l2[order]) >= 0).all()


def test_the_headline_counts_by_the_published_threshold_or_the_own_one(extraction: Extraction) -> None:
    assert extraction.headline().score == "ratio"
    assert extraction.headline("l2").threshold == 0.05
    settings = ExtractSettings(score="l2", threshold=1e-9)
    own = replace(extraction, settings=settings)
    assert (own.headline().threshold, own.headline().training.beat, own.headline().control.beat) == (1e-9, 2, 2)
    assert own.headline("ratio").threshold == pytest.approx(1 / 3)  # not the threshold of another score


def test_the_headline_never_comes_without_its_control(extraction: Extraction) -> None:
    line = str(extraction.headline("l2"))
    assert line.startswith("L2 < 0.05: ") and "against the control 2 of 6 (33.3 %" in line
    assert "plain images" not in line


def test_the_headline_shows_the_calibrated_control_by_its_own_encoder(extraction: Extraction) -> None:
    table = {"pixel/l2": np.array([0.01, 0.04, 0.2, 0.3]), "dpm/l2": np.zeros(4)}
    calibrated = replace(extraction.subject, calibration=Calibration({}, table, {}))
    line = replace(extraction, settings=ExtractSettings(score="l2"), subject=calibrated).headline()
    assert (line.calibrated.beat, line.calibrated.count) == (2, 4)
    assert "plain images against the control 2 of 4" in str(line)


def test_built_in_models_bring_their_data_and_settings_replace_it() -> None:
    assert data_and_control(ExtractSettings(model="ideal")) == ("pixel-faces[0:1000]", "pixel-faces[2000:3000]")
    settings = ExtractSettings(model="ideal", data="pixel-faces[0:9]", control="pixel-faces[9:19]")
    assert data_and_control(settings) == ("pixel-faces[0:9]", "pixel-faces[9:19]")


def test_a_folder_brings_its_data_by_its_card(pipeline: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(pipeline, tmp_path / "model")
    settings = ExtractSettings(model=str(folder), control="pixel-faces[9:19]")
    with pytest.raises(
        ValueError, match=f"^The training images of '{folder}' are not known: name a folder or an array"
    ):
        open_subject(settings)
    (folder / "card.json").write_text(json.dumps({"data": {"source": "pixel-faces[0:9]"}}))
    assert open_subject(settings).data.name == "pixel-faces[0:9]"
    assert open_subject(ExtractSettings(model=str(folder))).control is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"first_timestep": 1000}, "First timestep 1000 lies beyond"),
        ({"first_timestep": 10}, "25 steps do not fit between timesteps 10 and 0"),
        ({"encoder": "dpm"}, "Encoder 'dpm' reads"),
        ({"data": "pixel-faces[3:4]"}, r"'pixel-faces\[3:4\]' has 1 different image"),
        ({"control": "pixel-faces[2000:2001]"}, r"1 image of the control 'pixel-faces\[2000:2001\]' is left"),
        ({"control": "pixel-faces[0:500]"}, r"0 images of the control 'pixel-faces\[0:500\]' are left"),
        ({"label": 3}, "Class label 3 "),
        ({"score": "cosine"}, "Score 'cosine' compares directions of features, which encoder 'pixel'"),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused_before_anything_is_drawn(changes: dict, sentence: str) -> None:
    settings = ExtractSettings(model="ideal", **changes)
    with pytest.raises(ValueError, match=f"^{sentence}"):
        finish(references_of(settings, open_subject(settings)))


def test_images_of_other_sizes_are_refused(references: References) -> None:
    with pytest.raises(ValueError, match=r"^Images of 6 x 8 pixels cannot be compared with those of 16 x 16"):
        match(np.zeros((1, 8, 6, 3), np.uint8), ("0",), references)


def test_a_control_rate_without_a_control_is_refused(subject: Subject) -> None:
    alone = replace(subject, control=None)
    with pytest.raises(ValueError, match=r"^A control rate of 0.01 needs a control"):
        finish(references_of(ExtractSettings(control_rate=0.01), alone))


def test_without_a_control_the_headline_is_withheld(subject: Subject) -> None:
    alone = replace(subject, control=None)
    known = finish(references_of(ExtractSettings(), alone))
    found = score_images(ExtractSettings(), alone, known, Drawn(kept(subject.data.images[:3])))
    assert found.headline() is None and found.match.control is None
    assert found.match.training.scores.l2.tolist() == [0, 0, 0]


def test_finished_images_are_not_drawn_again(subject: Subject, references: References) -> None:
    settings = ExtractSettings(count=4, steps=3)
    finished = {1: subject.data.images[0], 3: subject.data.images[1], 99: subject.data.images[2]}
    store = MemoryStore()
    store.put(sample_sets(settings, subject)[0].key, kept(finished))
    *drawings, last = extract(settings, subject, references, store)
    assert {seed for drawing in drawings for seed in drawing.seeds} == {0, 2}
    assert isinstance(last, Extraction) and last.match.names == ("0", "1", "2", "3")
    assert np.array_equal(last.match.images[[1, 3]], subject.data.images[:2])


def test_images_are_brought_to_the_size_that_the_model_draws(pipeline: Path, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (9, 20, 24, 3), dtype=np.uint8)
    np.save(tmp_path / "large.npy", images)
    opened = open_subject(
        ExtractSettings(model=str(pipeline), data=str(tmp_path / "large.npy"), control="pixel-faces[9:19]")
    )
    assert opened.data.size == (16, 16) and len(opened.data) == 9
    assert any("cropped to their centre, 16 x 16" in note for note in opened.notes)
