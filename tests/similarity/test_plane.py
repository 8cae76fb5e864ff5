"""The map: places of training images, and where other pictures land."""

import json
from pathlib import Path

import numpy as np
import pytest

from side_core.data.source import open_training_set
from side_core.files.assets import BUILT_INS, MAPS
from side_core.similarity import plane as planes
from side_core.similarity.encoder import colours
from side_core.similarity.plane import Plane, land, make_plane, plane_of, read_plane, write_plane
from side_core.similarity.vectors import PixelVectors


@pytest.fixture(scope="module")
def faces() -> PixelVectors:
    return PixelVectors(open_training_set("pixel-faces[0:120]").images)


@pytest.fixture(scope="module")
def plane(faces: PixelVectors) -> Plane:
    return make_plane(faces)


def test_it_is_the_same_each_time_and_within_its_frame(faces: PixelVectors, plane: Plane) -> None:
    assert np.array_equal(make_plane(faces).places, plane.places)
    assert plane.places.shape == (120, 2) and plane.places.min() >= 0 and plane.places.max() <= 1
    assert not plane.note


def test_who_looks_alike_lies_near(faces: PixelVectors, plane: Plane) -> None:
    """Of each face's nearest one by pixels, most lie among the nearest tenth on the map."""
    vectors = faces[np.arange(120)].astype(np.float64)
    apart = ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    there = ((plane.places[:, None] - plane.places[None]) ** 2).sum(axis=2)
    np.fill_diagonal(there, np.inf)
    rank = [int((there[i] < there[i, j]).sum()) for i, j in enumerate(apart.argmin(axis=1))]
    assert np.mean(np.array(rank) < 12) > 0.8


def test_a_copy_lands_on_its_original_and_a_near_copy_beside_it(faces: PixelVectors, plane: Plane) -> None:
    copies = faces[np.arange(5)]
    assert np.abs(land(copies, faces, plane) - plane.places[:5]).max() < 1e-6
    noisy = np.clip(copies + np.random.default_rng(0).normal(0, 0.02, copies.shape), 0, 1).astype(np.float32)
    assert np.abs(land(noisy, faces, plane) - plane.places[:5]).max() < 0.03


def test_between_two_faces_lies_between_them(faces: PixelVectors, plane: Plane) -> None:
    pair = faces[np.arange(2)]
    (place,) = land(pair.mean(axis=0, keepdims=True), faces, plane)
    low, high = plane.places.min(axis=0), plane.places.max(axis=0)
    assert (low <= place).all() and (place <= high).all()  # it is a mean of places


@pytest.mark.parametrize("count", [1, 2, 3, 9, 12])
def test_few_images_have_places_too(count: int, faces: PixelVectors) -> None:
    few = PixelVectors(faces.images[:count])
    found = make_plane(few)
    assert found.places.shape == (count, 2) and np.isfinite(found.places).all()
    assert len(np.unique(found.places, axis=0)) == count


def test_equal_images_lie_in_one_place(faces: PixelVectors) -> None:
    same = PixelVectors(np.repeat(faces.images[:1], 20, axis=0))
    assert (make_plane(same).places == 0.5).all()
    assert (land(same[np.arange(3)], same, make_plane(same)) == 0.5).all()
    doubled = PixelVectors(np.concatenate([faces.images[:15], faces.images[:15]]))
    places = make_plane(doubled).places
    assert np.array_equal(places[:15], places[15:])


def test_of_many_some_are_shown_and_it_is_said(monkeypatch: pytest.MonkeyPatch, faces: PixelVectors) -> None:
    monkeypatch.setattr(planes, "MOST", 40)
    found = make_plane(faces)
    assert len(found.rows) == 40 and found.rows[0] == 0 and found.rows[-1] == 119
    assert found.note == "The map shows 40 of 120 training images, evenly chosen."
    place = land(faces[np.array([int(found.rows[7])])], faces, found)[0]
    assert np.abs(place - found.places[7]).max() < 1e-6


def test_it_is_made_once_and_a_damaged_or_foreign_one_is_made_anew(
    faces: PixelVectors, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SIDE_CACHE", str(tmp_path))
    first = plane_of(faces, "some")
    monkeypatch.setattr(planes, "make_plane", lambda vectors: pytest.fail("it was made again"))
    assert np.abs(plane_of(faces, "some").places - first.places).max() < 1e-4
    (file,) = tmp_path.rglob("map.json")
    about = json.loads(file.read_text())
    for bad in ("{", json.dumps(about | {"rows": [10**9] * 120}), json.dumps(about | {"places": [[0, 0]]}), "[]"):
        file.write_text(bad)
        assert read_plane(file.parent, "some", 120) is None
    file.write_text(json.dumps(about))
    assert read_plane(file.parent, "other", 120) is None and read_plane(file.parent, "some", 119) is None


def test_the_shipped_map_is_what_the_command_makes(tmp_path: Path) -> None:
    data = open_training_set(BUILT_INS["pixel-faces"].data)
    about = json.loads((MAPS / "pixel-faces" / "map.json").read_text())
    plane = read_plane(MAPS / "pixel-faces", about["fingerprint"], len(data))
    assert plane is not None and len(plane.rows) == 1000
    assert about["fingerprint"].startswith(f"{data.fingerprint}/")
    write_plane(plane, about["fingerprint"], tmp_path)
    assert (tmp_path / "map.json").read_text() == (MAPS / "pixel-faces" / "map.json").read_text()
    copies = colours(data.images[:3])
    assert np.abs(land(copies, PixelVectors(data.images), plane) - plane.places[:3]).max() < 1e-6
