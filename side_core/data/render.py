"""Render the built-in pixel faces (only needed to rebuild `assets/data/pixel-faces.npz`).

The faces are DiceBear's "Pixel Art" style (CC0), which lives on an exact 16 x 16 grid.
Needs `requirements-dev.txt`: dicebear-core 10.7.0, dicebear-styles 10.6.0, resvg-py.
"""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image

_SIZE = 16

# Sixteen flat colours the eye can tell apart: the attribute `background`.
BACKGROUNDS = {
    "b6e3f4": "light blue",
    "4f86c6": "blue",
    "1f2a5a": "navy",
    "7bdff2": "cyan",
    "2a9d8f": "teal",
    "b2f7ef": "mint",
    "80b918": "green",
    "2d6a4f": "dark green",
    "f9e79f": "pale yellow",
    "f4a261": "orange",
    "ffd5dc": "pink",
    "e05780": "rose",
    "9d4edd": "violet",
    "d1d4f9": "lavender",
    "f1f1f1": "white",
    "5c5c66": "grey",
}
# In percent. DiceBear's own are 5, 5, 20, 10: too few hats and beards in a thousand faces to learn from.
_PROBABILITIES = {"hatProbability": 15, "beardProbability": 15, "glassesProbability": 25, "accessoriesProbability": 15}
VARIANTS = ("hair", "hat", "beard", "glasses", "eyes", "mouth", "clothes", "accessories")
COLORS = {
    "hair_color": "hairColor",
    "hat_color": "hatColor",
    "glasses_color": "glassesColor",
    "eyes_color": "eyesColor",
    "skin": "skinColor",
    "clothes_color": "clothingColor",
}


@dataclass(frozen=True)
class RenderProgress:
    """How far the rendering is: `done` of `total` faces."""

    done: int
    total: int


def face_attributes(options: dict) -> dict[str, str]:
    """The attributes of one face from the options DiceBear resolved for it; `none` for what it does not wear."""
    attributes = {name: options.get(f"{name}Variant", "none") for name in VARIANTS}
    attributes |= {name: options.get(key, ["none"])[0] for name, key in COLORS.items()}
    for name in ("hat", "glasses"):
        if attributes[name] == "none":
            attributes[f"{name}_color"] = "none"
    attributes["background"] = BACKGROUNDS[options["backgroundColor"][0].removeprefix("#")]
    return attributes


def render_pixel_faces(out: Path, count: int = 30_000) -> Iterator[RenderProgress]:
    """Render `count` different faces and write them to `out`, a compressed .npz.

    It holds `images`, uint8 (count, 16, 16, 3), `ids`, and for each attribute its codes, uint8 (count,),
    as `attribute/NAME`, with the names the codes stand for as `values/NAME`. No two images are equal:
    a face that was seen before is skipped and the next seed takes its place.
    """
    import resvg_py  # here, because only this command needs it
    from dicebear import Avatar, Style

    style = Style(json.loads(files("dicebear_styles").joinpath("pixel-art.json").read_text()))
    images = np.zeros((count, _SIZE, _SIZE, 3), dtype=np.uint8)
    ids: list[str] = []
    rows: list[dict[str, str]] = []
    seen: set[bytes] = set()
    seed = 0
    while len(rows) < count:
        face = Avatar(
            style, {"seed": f"face-{seed}", "size": _SIZE, "backgroundColor": list(BACKGROUNDS), **_PROBABILITIES}
        ).to_json()
        png = resvg_py.svg_to_bytes(svg_string=face["svg"], width=_SIZE, height=_SIZE)
        pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
        if pixels.tobytes() not in seen:
            seen.add(pixels.tobytes())
            images[len(rows)] = pixels
            ids.append(f"face-{seed}")
            rows.append(face_attributes(face["options"]))
            if len(rows) % 500 == 0 or len(rows) == count:
                yield RenderProgress(len(rows), count)
        seed += 1
    columns: dict[str, np.ndarray] = {"images": images, "ids": np.array(ids)}
    for name in rows[0]:
        values, codes = np.unique([row[name] for row in rows], return_inverse=True)
        columns[f"attribute/{name}"] = codes.astype(np.uint8)
        columns[f"values/{name}"] = values
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial.npz")
    np.savez_compressed(partial, allow_pickle=False, **columns)
    partial.replace(out)
