"""The map on Extract, through the router: who lands where, what a click on a face tells, what a lasso leaves."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pages._parts.extract import mapping, results
from pages._parts.show.map import Touched
from tests.pages.app import opened, pairs_of, parts_of, text_of


def test_no_map_until_somebody_asks() -> None:
    assert not parts_of(opened(model="ideal", count="2"), "map")


def test_pictures_of_the_perfect_memoriser_end_on_faces() -> None:
    app = opened(model="ideal", count="4", map="true")
    assert not app.exception and not app.error
    (shown,), (atlas,) = parts_of(app, "map"), parts_of(app, "atlas")
    places = np.array(atlas["places"])
    assert len(places) == 1000 == len(atlas["ids"]) and len(shown["points"]) == 4
    for point in shown["points"]:
        assert point["kind"] == "plain" and len(point["path"]) > 2
        assert np.abs(places - point["path"][-1]).max(axis=1).min() < 0.01
    assert "how far apart two groups are says nothing" in shown["legend"]


def test_steered_pictures_and_their_plain_twins_are_told_apart() -> None:
    app = opened(map="true", guidance_scale="20")
    (shown,) = parts_of(app, "map")
    assert [point["kind"] for point in shown["points"]] == ["steered"] * 16 + ["plain"] * 16
    assert len(set(shown["colors"].values())) == 2 and "▲ steered" in shown["legend"]


def test_what_a_lasso_holds_is_what_the_gallery_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "show_landings", lambda shown, model: Touched(None, None, ("3", "1")))
    app = opened(model="ideal", count="4", map="true")
    assert [pair.rpartition("seed ")[2] for pair in pairs_of(app)] == ["1", "3"]


def test_a_clicked_face_tells_how_often_it_came_back(monkeypatch: pytest.MonkeyPatch) -> None:
    real = mapping.show_map
    app = opened(map="true", guidance_scale="20")
    (atlas,) = parts_of(app, "atlas")
    for name in ("face-874", "face-0"):
        row = atlas["rows"][atlas["ids"].index(name)]
        monkeypatch.setattr(mapping, "show_map", lambda *about, row=row: real(*about) and Touched(None, row, ()))
        app.run()
        text = text_of(app)
        assert not app.exception
        if name == "face-874":
            assert "**Came back 1 of 16 times** here, at best d₁/d₂ 0.13: seed 5." in text
            assert "- λ = 50: seed 5" in text and "λ = 0:" not in text
        else:
            assert "None of the pictures shown here is nearest to it." in text
            assert "Among the pictures that the app ships it never came back." in text


def test_while_they_are_drawn_pictures_move_over_a_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping, "_EVERY", 0.0)
    moved: list[np.ndarray] = []
    monkeypatch.setattr(mapping, "tick", lambda places, number: moved.append(places))
    app = opened(count="5", steps="9", seed="4200", map="true")
    assert not app.exception and len(moved) >= 3 and all(places.shape == (5, 2) for places in moved)
    assert parts_of(app, "map")  # and afterwards they lie where they landed


def test_own_pictures_have_a_map_too(make_pipeline: Callable[..., Path]) -> None:
    link = {"data": "pixel-faces[0:3]", "control": "pixel-faces[100:103]", "count": "2", "steps": "3"}
    app = opened(model=str(make_pipeline()), map="true", **link)
    assert not app.exception and not app.error
    (atlas,) = parts_of(app, "atlas")
    assert len(atlas["places"]) == 3
