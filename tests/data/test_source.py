"""The built-in pixel faces and the names by which slices of them are opened."""

import numpy as np
import pytest

from side_core.assets import BUILT_INS, PIXEL_FACES
from side_core.data import source
from side_core.data.render import BACKGROUNDS, COLORS, VARIANTS, face_attributes
from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet


@pytest.fixture(scope="module")
def all_faces() -> TrainingSet:
    return open_training_set("pixel-faces")


def test_there_are_30_000_faces_and_no_two_are_equal(all_faces: TrainingSet) -> None:
    assert all_faces.images.shape == (30_000, 16, 16, 3)
    assert len({image.tobytes() for image in all_faces.images}) == 30_000
    assert len(set(all_faces.ids)) == 30_000


def test_every_attribute_is_there_and_varies(all_faces: TrainingSet) -> None:
    assert set(all_faces.attributes) == {*VARIANTS, *COLORS, "background"}
    assert all(len(set(values)) > 1 for values in all_faces.attributes.values())


def test_the_named_background_is_the_colour_in_the_corner(all_faces: TrainingSet) -> None:
    code_of = {name: bytes.fromhex(code) for code, name in BACKGROUNDS.items()}
    expected = np.array([list(code_of[name]) for name in all_faces.attributes["background"]], np.uint8)
    assert np.array_equal(all_faces.images[:, 0, 0], expected)


def test_faces_without_hat_have_no_hat_colour(all_faces: TrainingSet) -> None:
    for thing in ("hat", "glasses"):
        bare = all_faces.attributes[thing] == "none"
        assert 0 < bare.sum() < 30_000
        assert np.array_equal(all_faces.attributes[f"{thing}_color"] == "none", bare)


def test_built_in_models_share_no_face_with_their_control() -> None:
    for model in BUILT_INS.values():
        data, control = open_training_set(model.data), open_training_set(model.control)
        assert not {image.tobytes() for image in data.images} & {image.tobytes() for image in control.images}


@pytest.mark.parametrize(
    ("name", "first", "stop"),
    [
        ("pixel-faces", 0, 30_000),
        ("pixel-faces[:]", 0, 30_000),
        ("pixel-faces[:7]", 0, 7),
        ("pixel-faces[29990:]", 29_990, 30_000),
        (" pixel-faces[5:9] ", 5, 9),
    ],
)
def test_slices(all_faces: TrainingSet, name: str, first: int, stop: int) -> None:
    assert open_training_set(name).ids.tolist() == all_faces.ids[first:stop].tolist()


def test_the_name_of_a_slice_opens_the_same_slice() -> None:
    opened = open_training_set("pixel-faces[:7]")
    assert open_training_set(opened.name).fingerprint == opened.fingerprint


@pytest.mark.parametrize(
    "name", ["", "cats", "pixel-faces[1]", "pixel-faces[-5:10]", "pixel-faces[a:b]", "pixel-faces["]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^There is no data source '") as error:
        open_training_set(name)
    assert f"'{name}'" in str(error.value)


@pytest.mark.parametrize("slice_", ["0:30001", "30000:", "9:9", ":0", "9:4"])
def test_slices_outside_the_data_are_refused(slice_: str) -> None:
    with pytest.raises(ValueError, match=r"^Rows \d+:\d+ do not lie in pixel-faces, which has 30,000 images: "):
        open_training_set(f"pixel-faces[{slice_}]")


def test_a_missing_file_says_how_to_make_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PIXEL_FACES", PIXEL_FACES.with_name("gone.npz"))
    with pytest.raises(ValueError, match=r"gone\.npz' is missing: .*data build"):
        source.load_pixel_faces.__wrapped__()


def test_attributes_of_a_rendered_face() -> None:
    options = {
        "hairVariant": "long01",
        "hairColor": ["#603015"],
        "hatColor": ["#2663a3"],
        "glassesVariant": "dark02",
        "glassesColor": ["#191919"],
        "backgroundColor": ["#1f2a5a"],
    }
    attributes = face_attributes(options)
    assert attributes["background"] == "navy"
    assert (attributes["hair"], attributes["hair_color"]) == ("long01", "#603015")
    assert (attributes["hat"], attributes["hat_color"]) == ("none", "none")
    assert (attributes["glasses"], attributes["glasses_color"]) == ("dark02", "#191919")
