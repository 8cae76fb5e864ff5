"""The pictures of a sweep: the same seeds in every row, a row for each cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from side_core.files.images import enlarge, thumbnail
from side_core.settings import SweepSettings
from side_core.settings.axis import shown
from side_core.settings.sweep import PLAIN
from side_core.sweep.cell import SHOWN, Cell

_SIDE = 64  # pixels of a picture
_GAP, _HEAD = 4, 24
_MOST_ROWS = 100
_PAPER, _INK, _MISSING = "#ffffff", "#1d1a2b", "#dddbe6"  # where guidance has lost a picture


@dataclass(frozen=True, eq=False)
class Row:
    """One row of pictures: a cell, and what stands at its left."""

    label: str
    cell: Cell


def picture_rows(settings: SweepSettings, cells: Sequence[Cell]) -> list[Row]:
    """A row for each cell; of plain sampling, whose pictures guidance leaves alone, none twice."""
    rows: dict[str, Row] = {}
    for cell in cells:
        plain = cell.curve == PLAIN
        words = ", ".join(
            f"{axis.flag} {shown(value)}"
            for axis, value in zip(settings.axes, cell.values, strict=True)
            if not (plain and axis.steers)
        )
        parts = [called(cell.curve) if len(settings.curves) > 1 else "", words]
        label = ": ".join(part for part in parts if part)
        rows.setdefault(label, Row(label, cell))
    return list(rows.values())


def grid(settings: SweepSettings, cells: Sequence[Cell], size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8: pictures of the first seeds, each row with its values at the left.

    Args:
        settings: of the sweep.
        cells: of it.
        size: height and width of the model's pictures.
    """
    font, rows = ImageFont.load_default(size=14), picture_rows(settings, cells)[:_MOST_ROWS]
    left = 12 + int(max((font.getlength(row.label) for row in rows), default=0)) + 12
    columns = min(SHOWN, settings.count)
    tall, wide = _tile(np.zeros((*size, 3), np.uint8)).shape[:2]
    paper = Image.new("RGB", (left + columns * (wide + _GAP) + 8, _HEAD + len(rows) * (tall + _GAP) + 8), _PAPER)
    pen = ImageDraw.Draw(paper)
    swept_seed = any(axis.name == "seed" for axis in settings.axes)
    for column in range(columns):
        head = f"+{column}" if swept_seed else str(settings.seed + column)
        pen.text((left + column * (wide + _GAP) + wide / 2, _HEAD / 2), head, _INK, font, anchor="mm")
    for line, row in enumerate(rows):
        top = _HEAD + line * (tall + _GAP)
        pen.text((12, top + tall / 2), row.label, _INK, font, anchor="lm")
        for column, seed in enumerate(row.cell.settings.seeds[:columns]):
            place = (left + column * (wide + _GAP), top)
            if seed in row.cell.pictures:
                paper.paste(Image.fromarray(_tile(row.cell.pictures[seed])), place)
            else:
                pen.rectangle((*place, place[0] + wide, top + tall), _MISSING)
                pen.text((place[0] + wide / 2, top + tall / 2), "lost", _INK, font, anchor="mm")
    return np.asarray(paper)


def _tile(image: np.ndarray) -> np.ndarray:
    """A picture of about `_SIDE` pixels."""
    return enlarge(thumbnail(image, 2 * _SIDE), _SIDE)


def called(curve: str) -> str:
    """A curve for people."""
    return "plain sampling" if curve == PLAIN else short(curve)


def short(curve: str, most: int = 28) -> str:
    """A surrogate's name, or the end of its path."""
    return curve if len(curve) <= most else f"...{curve[-most:]}"
