"""Which training images came back: every sample is counted once, the best first."""

import numpy as np

from side_core.extraction.references import Side
from side_core.extraction.returned import returned
from side_core.similarity.neighbours import Neighbours
from side_core.similarity.scores import scores_of


def test_images_are_counted_and_sorted() -> None:
    rows = np.array([[4, 0], [9, 0], [4, 0], [1, 0], [9, 0], [4, 0]])
    distances = np.array([[0.2, 1], [0.1, 1], [0.3, 1], [0.9, 1], [0.8, 1], [0.1, 1]], np.float32)
    found = Neighbours(rows, distances)
    images = returned(Side(found, scores_of(found), 10), "l2", 0.5)
    assert [(item.row, item.times, item.samples, item.nearest_of) for item in images] == [
        (4, 3, (5, 0, 2), 3),
        (9, 1, (1,), 2),
        (1, 0, (), 1),
    ]
    assert images[0].best == np.float32(0.1) and images[0].best_sample == 5


def test_with_a_similarity_larger_is_better() -> None:
    found = Neighbours(np.array([[0, 1], [0, 1]]), np.array([[0.1, 0.3], [0.3, 0.4]], np.float32))
    (image,) = returned(Side(found, scores_of(found, dimensions=4), 2), "cosine", 0.9)
    assert (image.times, image.best_sample, image.samples) == (1, 0, (0,))
