"""Open a training set by its name: `pixel-faces`, with `[first:stop]` for a slice of its rows."""

import re
from functools import lru_cache

import numpy as np

from side_core.assets import PIXEL_FACES
from side_core.data.training_set import TrainingSet

SOURCE = re.compile(r"(?P<name>[^\[\]]+)(\[(?P<first>\d*):(?P<stop>\d*)\])?")


def open_training_set(source: str) -> TrainingSet:
    """Open a source such as `pixel-faces[0:1000]`.

    Raises:
        ValueError: no such source, or a slice outside it.
    """
    match = SOURCE.fullmatch(source.strip())
    if not match or match["name"] != "pixel-faces":
        raise ValueError(
            f"There is no data source '{source}': use pixel-faces or a slice of it such as pixel-faces[0:1000]."
        )
    whole = load_pixel_faces()
    if match["first"] is None:
        return whole
    first = int(match["first"] or 0)
    stop = int(match["stop"] or len(whole))
    return whole.slice(first, stop, name=f"{match['name']}[{first}:{stop}]")


@lru_cache(maxsize=1)
def load_pixel_faces() -> TrainingSet:
    """All built-in faces with their attributes.

    Raises:
        ValueError: the file is missing.
    """
    if not PIXEL_FACES.is_file():
        raise ValueError(f"'{PIXEL_FACES}' is missing: render it with python -m side_core data build.")
    with np.load(PIXEL_FACES, allow_pickle=False) as file:
        names = [key.removeprefix("values/") for key in file.files if key.startswith("values/")]
        return TrainingSet(
            name="pixel-faces",
            images=file["images"],
            ids=file["ids"],
            attributes={name: file[f"values/{name}"][file[f"attribute/{name}"]] for name in names},
        )
