"""The pictures of a sweep: the same seeds in every row, a row for each cell."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from side_core.extraction.cell import SHOWN, Cell
from side_core.extraction.paper import INK, PAPER
from side_core.extraction.sweep import Sweep
from side_core.pictures import enlarge, thumbnail

SIDE = 64  # pixels of a picture
GAP, HEAD = 4, 24
MOST_ROWS = 100
MISSING = "#dddbe6"  # where guidance has lost a picture


def grid(sweep: Sweep) -> np.ndarray:
    """(H, W, 3) uint8: pictures of the first seeds, each row with its values at the left."""
    font = ImageFont.load_default(size=14)
    rows = sweep.cells[:MOST_ROWS]
    labels = [label_of(sweep, cell) for cell in rows]
    left = 12 + int(max((font.getlength(label) for label in labels), default=0)) + 12
    columns = min(SHOWN, sweep.plan.settings.count)
    side = max((tile(image).shape[0] for cell in rows for image in cell.pictures.values()), default=SIDE)
    paper = Image.new("RGB", (left + columns * (side + GAP) + 8, HEAD + len(rows) * (side + GAP) + 8), PAPER)
    pen = ImageDraw.Draw(paper)
    swept_seed = any(axis.name == "seed" for axis in sweep.plan.settings.axes)
    for column in range(columns):
        head = f"+{column}" if swept_seed else str(sweep.plan.settings.seed + column)
        pen.text((left + column * (side + GAP) + side / 2, HEAD / 2), head, INK, font, anchor="mm")
    for line, (cell, label) in enumerate(zip(rows, labels, strict=True)):
        top = HEAD + line * (side + GAP)
        pen.text((12, top + side / 2), label, INK, font, anchor="lm")
        for column, seed in enumerate(cell.settings.seeds[:columns]):
            place = (left + column * (side + GAP), top)
            if seed in cell.pictures:
                paper.paste(Image.fromarray(tile(cell.pictures[seed])), place)
            else:
                pen.rectangle((*place, place[0] + side, top + side), MISSING)
                pen.text((place[0] + side / 2, top + side / 2), "lost", INK, font, anchor="mm")
    return np.asarray(paper)


def tile(image: np.ndarray) -> np.ndarray:
    """A picture of about `SIDE` pixels."""
    return enlarge(thumbnail(image, 2 * SIDE), SIDE)


def label_of(sweep: Sweep, cell: Cell) -> str:
    """What stands at the left of a row."""
    settings = sweep.plan.settings
    curve = f"{short(cell.curve)}: " if len(settings.curves) > 1 else ""
    return f"{curve}{settings.words_for(cell.values)}"


def short(curve: str, most: int = 28) -> str:
    """A surrogate's name, or the end of its path."""
    return curve if len(curve) <= most else f"...{curve[-most:]}"
