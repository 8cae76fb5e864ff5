"""Files are whole or not there at all."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from side_core.data.training_set import TrainingSet
from side_core.dpm.folder import open_denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.extraction.files import RunFolder, begin, prepare_folder
from side_core.extraction.subject import Subject
from side_core.files.whole_file import write_whole
from side_core.settings import ExtractSettings
from tests.pictures import kept

SETTINGS = ExtractSettings(model="ideal", count=4)


@pytest.fixture
def subject(ideal: IdealDenoiser, faces: TrainingSet) -> Subject:
    return Subject(faces, None, ideal)


def write_images(folder: RunFolder, images: dict[int, np.ndarray]) -> None:
    folder.put(next(iter(folder.folders)), kept(images))


def found_in(folder: RunFolder) -> dict[int, np.ndarray]:
    return {seed: picture.image for seed, picture in folder.found(next(iter(folder.folders)), range(6)).items()}


def fail_halfway(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """A disk that is full after some files: half of the next one is written."""
    real, written = Path.write_bytes, []

    def write_bytes(self: Path, content: bytes) -> int:
        if len(written) >= after:
            real(self, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device", str(self))
        written.append(self)
        return real(self, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)


def test_a_failed_write_keeps_the_old_file_and_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "run.json"
    write_whole(file, b"old")
    fail_halfway(monkeypatch, after=0)
    with pytest.raises(ValueError, match=rf"^'{file}' cannot be written \(No space left on device\): "):
        write_whole(file, b"brand new")
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
    assert file.read_bytes() == b"old"


def test_a_full_disk_keeps_the_images_before(
    tmp_path: Path, faces: TrainingSet, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begin(tmp_path, SETTINGS, subject, resume=False)
    fail_halfway(monkeypatch, after=2)
    with pytest.raises(ValueError, match=r"images/12\.png' cannot be written"):
        write_images(folder, dict(enumerate(faces.images[:4], 10)))
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == ["10.png", "11.png"]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "images" / "11.png")), faces.images[1])


def test_a_folder_is_made_and_notes_the_settings(tmp_path: Path, subject: Subject) -> None:
    out = tmp_path / "a" / "b"
    begin(out, SETTINGS, subject, resume=False)
    assert sorted(path.name for path in out.iterdir()) == ["images", "run.json"]
    begun = json.loads((out / "run.json").read_text())
    assert ExtractSettings.read(begun["settings"]) == SETTINGS and not begun["complete"]
    assert found_in(begin(out, SETTINGS, subject, resume=False)) == {}  # again is fine


def test_runs_with_other_settings_are_not_mixed_in_one_folder(tmp_path: Path, subject: Subject) -> None:
    begin(tmp_path, SETTINGS, subject, resume=False)
    with pytest.raises(ValueError, match=rf"^'{tmp_path}' holds a run with other settings: choose another folder\.$"):
        begin(tmp_path, SETTINGS.model_copy(update={"seed": 1}), subject, resume=False)


def test_resuming_finds_whole_images_and_leaves_damaged_ones(
    tmp_path: Path, subject: Subject, faces: TrainingSet
) -> None:
    folder = begin(tmp_path, SETTINGS, subject, resume=False)
    write_images(folder, dict(zip([0, 1, 2, 7], faces.images, strict=False)))
    damaged = tmp_path / "images" / "1.png"
    damaged.write_bytes(damaged.read_bytes()[:60])
    Image.fromarray(faces.images[2][:8]).save(tmp_path / "images" / "2.png")
    found = found_in(begin(tmp_path, SETTINGS, subject, resume=True))
    assert list(found) == [0] and np.array_equal(found[0], faces.images[0])


def test_a_resumed_run_may_be_longer_and_scored_otherwise(tmp_path: Path, subject: Subject, faces: TrainingSet) -> None:
    folder = begin(tmp_path, SETTINGS, subject, resume=False)
    write_images(folder, dict(enumerate(faces.images[:2])))
    more = SETTINGS.model_copy(update={"count": 9, "score": "nl2", "threshold": 0.7, "batch_size": 3})
    assert list(found_in(begin(tmp_path, more, subject, resume=True))) == [0, 1]


def test_a_run_of_before_settings_could_be_left_to_the_model_is_resumed(
    tmp_path: Path, subject: Subject, faces: TrainingSet
) -> None:
    before = SETTINGS.model_copy(update={"spacing": "leading", "clip": "clip"})
    folder = begin(tmp_path, before, subject, resume=False)
    pictures = json.loads((tmp_path / "run.json").read_text())["pictures"]
    assert pictures["picture_digest"] == before.picture_digest
    write_images(folder, dict(enumerate(faces.images[:2])))
    assert list(found_in(begin(tmp_path, SETTINGS, subject, resume=True))) == [0, 1]


@pytest.mark.parametrize("changes", [{"steps": 7}, {"eta": 0.5}, {"spacing": "karras"}, {"mode": "fast"}], ids=str)
def test_other_pictures_are_not_resumed(tmp_path: Path, subject: Subject, changes: dict) -> None:
    begin(tmp_path, SETTINGS, subject, resume=False)
    with pytest.raises(ValueError, match=rf"^'{tmp_path}' cannot be resumed: its pictures are of another model"):
        begin(tmp_path, SETTINGS.model_copy(update=changes), subject, resume=True)


def test_another_model_is_not_resumed(tmp_path: Path, subject: Subject, faces: TrainingSet, pipeline: Path) -> None:
    begin(tmp_path, SETTINGS, subject, resume=False)
    with pytest.raises(ValueError, match="cannot be resumed"):
        begin(tmp_path, SETTINGS, Subject(faces, None, open_denoiser(str(pipeline))), resume=True)


def test_interrupting_a_write_leaves_no_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Path, content: bytes) -> int:
        self.touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "run.json", b"{}")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")  # stops root as well
    out = tmp_path / "file" / "run"
    with pytest.raises(
        ValueError, match=rf"^Folder '{out}' cannot be written \(Not a directory\): choose another one\.$"
    ):
        prepare_folder(out, SETTINGS)
