"""The built-in faces: all of them, those that the text-to-image model was trained on, and its control."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from side_core.data.captioned import CONTROL_ROWS, caption_of, captioned_faces, enlarged, held_out_names
from side_core.data.pixel_faces import load_pixel_faces
from side_core.data.training_set import TrainingSet, by_row


@lru_cache(maxsize=1)
def _load_captioned_faces() -> TrainingSet:
    """The 2,000 faces of the text-to-image model, 32 x 32; a face with many captions has the first of them here.

    Besides the attributes of the faces: `group` and `repeats`, how often a face is shown in one pass over the set.
    """
    faces = load_pixel_faces()
    first = {face.row: face for face in reversed(captioned_faces())}
    repeats = dict.fromkeys(first, 0)
    for face in captioned_faces():
        repeats[face.row] += face.repeats
    rows = np.array(sorted(first))
    known = {
        "group": np.array([first[row].group for row in rows]),
        "repeats": np.array([str(repeats[row]) for row in rows]),
    }
    return TrainingSet(
        name="captioned-faces",
        images=enlarged(faces.images[rows]),
        ids=faces.ids[rows],
        captions=np.array([first[row].caption for row in rows]),
        attributes=known | {name: values[rows] for name, values in faces.attributes.items()},
    )


@lru_cache(maxsize=1)
def _load_captioned_control() -> TrainingSet:
    """2,000 faces of the same kind that no model has seen, under captions that no training set has."""
    faces = load_pixel_faces()
    rows = np.arange(CONTROL_ROWS.start, CONTROL_ROWS.stop)
    attributes = {name: values[rows] for name, values in faces.attributes.items()}
    captions = [caption_of(*names, of) for names, of in zip(held_out_names(), by_row(attributes), strict=False)]
    return TrainingSet(
        name="captioned-control",
        images=enlarged(faces.images[rows]),
        ids=faces.ids[rows],
        captions=np.array(captions),
        attributes=attributes,
    )


BUILT_IN: dict[str, Callable[[], TrainingSet]] = {
    "pixel-faces": load_pixel_faces,
    "captioned-faces": _load_captioned_faces,
    "captioned-control": _load_captioned_control,
}
