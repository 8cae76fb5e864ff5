"""All built-in faces."""

from functools import lru_cache

import numpy as np

from side_core.data.training_set import TrainingSet
from side_core.files.assets import PIXEL_FACES


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
