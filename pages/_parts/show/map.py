"""The map on a page: training faces where they lie, and drawn pictures that land among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from pages._parts.show.browser.part import part
from pages._parts.show.figures import sheet_of
from side_core.charts.palette import CONTROL, TRAINING
from side_core.data.training_set import TrainingSet
from side_core.extraction.landing import Landing
from side_core.similarity.plane import Plane

STEERED, PLAIN = "steered", "plain"
_COLORS = {STEERED: TRAINING, PLAIN: CONTROL}
_COLUMNS, _SIDE = 50, 16  # faces of a row of the sheet, and pixels of each
_ATLAS, _MAP, _TICK = part("atlas"), part("map"), part("tick")


@dataclass(frozen=True)
class Point:
    """A drawn picture on the map.

    Attributes:
        landing: its way.
        kind: steered, or plain.
        words: what it is.
    """

    landing: Landing
    kind: str
    words: str


@dataclass(frozen=True)
class Touched:
    """What a person has done with the map.

    Attributes:
        picture: name of the drawn picture that was clicked right now.
        face: row of the training image that was clicked right now.
        picked: names of the pictures within the lasso, until another one is drawn.
    """

    picture: str | None
    face: int | None
    picked: tuple[str, ...]


def show_atlas(plane: Plane, data: TrainingSet, key: str = "atlas") -> None:
    """Send the faces of a map to the browser, before any map of them."""
    _ATLAS(key=key, data=_atlas_of(plane, data))


@lru_cache(4)
def _atlas_of(plane: Plane, data: TrainingSet) -> dict[str, Any]:
    """Faces and places as the browser has them."""
    small = [_small(data.images[row]) for row in plane.rows]
    blank = np.full_like(small[0], 255)
    small += [blank] * (-len(small) % _COLUMNS)
    sheet = sheet_of([np.stack(small[first : first + _COLUMNS]) for first in range(0, len(small), _COLUMNS)])
    ids = [str(data.ids[row]) for row in plane.rows]
    places = np.round(plane.places, 4).tolist()
    return {"src": sheet, "columns": _COLUMNS, "side": _SIDE, "places": places, "ids": ids, "rows": plane.rows.tolist()}


def _small(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 at the size it has on the sheet."""
    if image.shape[:2] == (_SIDE, _SIDE):
        return image
    return np.asarray(Image.fromarray(image).resize((_SIDE, _SIDE), Image.Resampling.BOX))


def show_map(points: Sequence[Point], legend: str, key: str = "faces", live: str = "") -> Touched:
    """Show drawn pictures on the map.

    Args:
        points: they.
        legend: below the map.
        key: unique on the page.
        live: how pictures look that are being drawn meanwhile: steered, or plain; empty where none are.
    """
    picked = list(st.session_state.get(key, {}).get("picked") or [])
    data = {
        "points": [
            {
                "name": point.landing.name,
                "kind": point.kind,
                "words": point.words,
                "path": np.round(point.landing.path, 4).tolist(),
            }
            for point in points
        ],
        "legend": legend,
        "alt": f"Map of the training images with {len(points)} drawn pictures. {legend}",
        "colors": _COLORS,
        "picked": picked,
        "live": live,
    }
    found = _MAP(
        key=key, data=data, default={"picked": []}, on_chosen_change=lambda: None, on_picked_change=lambda: None
    )
    chosen = found.chosen or {}
    names = {point.landing.name for point in points}
    return Touched(
        chosen.get("picture"), chosen.get("face"), tuple(name for name in found.picked or [] if name in names)
    )


def tick(places: np.ndarray, number: int) -> None:
    """Tell the map where pictures are that are being drawn.

    Args:
        places: (n, 2).
        number: of the step, another one each time.
    """
    _TICK(key=f"tick-{number}", data={"places": np.round(places, 4).tolist()})
