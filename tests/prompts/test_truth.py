"""What comes back of a caption: pictures planted among others, and a micro model from end to end."""

import json
from pathlib import Path

import numpy as np
import pytest

from side_core.__main__ import main
from side_core.data.captioned import FIRST_ROW, captioned_faces
from side_core.data.source import open_training_set
from side_core.extraction.references import References, make_references
from side_core.progress import finish
from side_core.prompts.truth import ONCE, by_group, captions_to_try, returned
from side_core.similarity.encoder import PixelEncoder

FACES = captions_to_try(captioned_faces())


@pytest.fixture(scope="module")
def references() -> References:
    control = open_training_set("captioned-control")
    return finish(make_references(open_training_set("captioned-faces"), control, PixelEncoder()))


def own_picture(references: References, number: int) -> np.ndarray:
    return references.training.images.images[FACES[number].row - FIRST_ROW]


def test_what_is_tried() -> None:
    groups = [face.group for face in FACES]
    assert {group: groups.count(group) for group in groups} == {"many": 60, "some": 60, "template": 20, "once": ONCE}
    assert len({face.row for face in FACES}) == len(FACES)


def test_copies_are_counted_for_their_own_caption_alone(references: References) -> None:
    random = np.random.default_rng(0)
    first, second = own_picture(references, 0), own_picture(references, 1)
    noisy = np.clip(first + random.integers(-6, 7, first.shape), 0, 255).astype(np.uint8)
    grey = np.full_like(first, 128)
    one, two = returned(FACES[:2], np.stack([[first, noisy, second, grey], [grey, grey, grey, second]]), references)
    assert (one.back.beat, one.back.count, one.best) == (2, 4, 0)  # another's copy is not its own
    assert (two.back.beat, two.nearest.beat, two.best) == (1, 1, 0)
    assert (one.control.beat, two.control.beat) == (0, 0)


def test_a_picture_of_the_control_is_nobodys(references: References) -> None:
    assert references.control is not None
    stranger = references.control.images.images[5]
    (one,) = returned(FACES[:1], stranger[None, None], references)
    assert (one.back.beat, one.control.beat) == (0, 1)
    assert by_group([one])["many"]["control"].startswith("1 of 1 ")
    assert by_group([one])["many"]["captions_that_ever_come_back"].startswith("0 of 1 ")


def test_of_other_models_no_truth_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prompts", "truth", "--model", "pixel-faces"]) == 2
    assert "draws without a text" in capsys.readouterr().err


def test_a_models_truth_is_written_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from side_core.commands.prompts import truth as command
    from side_core.data.captioned import enlarged
    from side_core.data.training_set import with_images
    from side_core.dpm.text.training import train_text
    from side_core.prompts import truth
    from tests.dpm.text.test_text_training import CAPTIONS, SMALL

    plain = open_training_set("pixel-faces[0:5000]")
    faces = with_images(plain, enlarged(plain.images), "Each pixel stands for four.")
    list(train_text(faces, CAPTIONS, faces.slice(0, 16, "others"), SMALL, tmp_path))
    monkeypatch.setattr(truth, "captions_to_try", lambda faces: faces[:3])
    small = command.PICTURES.model_copy(update={"score_images": 2, "steps": 2, "batch_size": 4})
    monkeypatch.setattr(command, "PICTURES", small)
    assert main(["prompts", "truth", "--model", str(tmp_path)]) == 0
    found = json.loads((tmp_path / truth.FILE).read_text())
    assert [one["caption"] for one in found["captions"]] == [face.caption for face in captioned_faces()[:3]]
    assert all(one["of"] == 2 and one["back"] <= one["nearest"] for one in found["captions"])
    assert set(found["groups"]) == {"many"}
