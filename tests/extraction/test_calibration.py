"""Calibration: what is written is read back, and only for the very model, data and control it was made with."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError

from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.folder import open_denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.extraction import calibration
from side_core.extraction.calibration import FILE, Calibration, calibrate, read_calibration
from side_core.extraction.run import extract
from side_core.extraction.subject import Subject, references_of
from side_core.progress import finish
from side_core.sampling.store import MemoryStore
from side_core.settings import ExtractSettings, SamplingSettings

FEW = SamplingSettings(count=64, seed=1_000_000, steps=8)


@pytest.fixture(scope="module")
def control() -> TrainingSet:
    return open_training_set("pixel-faces[100:160]")


@pytest.fixture(scope="module")
def table(
    ideal: IdealDenoiser, faces: TrainingSet, control: TrainingSet, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with the calibration of the ideal denoiser."""
    folder = tmp_path_factory.mktemp("calibrated")
    drawings = list(calibrate(ideal, faces, control, folder, FEW))
    assert drawings[-1].done == drawings[-1].total == 8
    return folder


def read(table: Path, *subject: object) -> Calibration | None:
    return read_calibration(table, *subject)


def test_it_holds_the_scores_of_a_plain_run(
    table: Path, ideal: IdealDenoiser, faces: TrainingSet, control: TrainingSet
) -> None:
    found = read(table, ideal, faces, control)
    settings = ExtractSettings(**FEW.model_dump())
    subject = Subject(faces, control, ideal)
    *_, run = extract(settings, subject, finish(references_of(settings, subject)), MemoryStore())
    assert set(found.scores) == set(found.control_scores) == {"pixel/l2", "pixel/nl2", "pixel/ratio"}
    for name in ("l2", "nl2", "ratio"):
        np.testing.assert_allclose(found.scores[f"pixel/{name}"], run.match.training.scores.by_name(name), rtol=1e-5)
        np.testing.assert_allclose(
            found.control_scores[f"pixel/{name}"], run.match.control.scores.by_name(name), rtol=1e-5
        )
    assert SamplingSettings.model_validate_json(found.about["settings"]) == FEW


def test_the_memoriser_beats_every_threshold_and_the_control_does_not(
    table: Path, ideal: IdealDenoiser, faces: TrainingSet, control: TrainingSet
) -> None:
    found = read(table, ideal, faces, control)
    assert found.training_rate("pixel", "ratio", 1 / 3).beat == 64
    assert found.control_rate("pixel", "ratio", 1 / 3).beat == 0
    assert found.control_rate("pixel", "ratio", 1.01).beat == 64


def test_an_encoder_that_was_not_calibrated_has_no_rate(
    table: Path, ideal: IdealDenoiser, faces: TrainingSet, control: TrainingSet
) -> None:
    found = read(table, ideal, faces, control)
    assert found.control_rate("dpm", "ratio", 0.5) is None
    assert found.training_rate("dpm", "ratio", 0.5) is None


Change = Callable[[Denoiser, TrainingSet, TrainingSet], tuple[Denoiser, TrainingSet, TrainingSet]]


@pytest.mark.parametrize(
    "change",
    [
        lambda model, data, control: (IdealDenoiser(control, model.alphas_cumprod), data, control),
        lambda model, data, control: (model, data.slice(0, 59, "shorter"), control),
        lambda model, data, control: (model, data, replace(control, ids=control.ids[::-1])),
        lambda model, data, control: (model, control, data),
    ],
    ids=["model", "data", "control", "swapped"],
)
def test_it_is_not_taken_for_anything_else(
    table: Path, ideal: IdealDenoiser, faces: TrainingSet, control: TrainingSet, change: Change
) -> None:
    assert read(table, *change(ideal, faces, control)) is None


def test_a_folder_without_one_has_none(
    tmp_path: Path, ideal: IdealDenoiser, faces: TrainingSet, control: TrainingSet
) -> None:
    assert read(tmp_path, ideal, faces, control) is None


def test_a_damaged_one_gets_a_sentence(
    table: Path, tmp_path: Path, ideal: IdealDenoiser, faces: TrainingSet, control: TrainingSet
) -> None:
    (tmp_path / FILE).write_bytes((table / FILE).read_bytes()[:100])
    with pytest.raises(ValueError, match=rf"^'{tmp_path}/{FILE}' is damaged"):
        read(tmp_path, ideal, faces, control)


def test_a_network_is_calibrated_by_its_features_as_well(
    pipeline: Path, tmp_path: Path, faces: TrainingSet, control: TrainingSet
) -> None:
    denoiser = open_denoiser(str(pipeline))
    list(calibrate(denoiser, faces, control, tmp_path, SamplingSettings(count=2, steps=2)))
    found = read(tmp_path, denoiser, faces, control)
    assert set(found.scores) == {
        f"{encoder}/{score}" for encoder in ("pixel", "dpm") for score in ("l2", "nl2", "ratio")
    }


def test_giving_up_writes_nothing(
    tmp_path: Path, ideal: IdealDenoiser, faces: TrainingSet, control: TrainingSet
) -> None:
    drawings = calibrate(ideal, faces, control, tmp_path, FEW)
    next(drawings)
    drawings.close()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_gets_a_sentence_and_leaves_nothing(
    tmp_path: Path, ideal: IdealDenoiser, faces: TrainingSet, control: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(columns: dict, file: Path, metadata: dict) -> None:
        file.write_bytes(b"half")
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(calibration, "save_file", full)
    with pytest.raises(ValueError, match=rf"^'{tmp_path}/{FILE}' cannot be written .*No space left"):
        list(calibrate(ideal, faces, control, tmp_path, SamplingSettings(count=2, steps=2)))
    assert not list(tmp_path.iterdir())
