"""The store of finished pictures."""

import numpy as np

from pages._parts.runtime.pictures import PictureStore
from side_core.runs.picture_store import Picture


def picture(value: int) -> Picture:
    image = np.full((4, 4, 3), value, np.uint8)
    return Picture(image, image[None], (0,))


def test_keeps_pictures_apart_by_key_and_seed() -> None:
    store = PictureStore()
    for key, seed, value in (("a", 0, 1), ("a", 1, 2), ("b", 0, 3)):
        store.put(key, seed, picture(value))
    kept = store.get("b", 0)
    assert kept is not None and kept.image.max() == 3
    assert store.get("b", 1) is None


def test_lets_the_longest_unused_go_when_full() -> None:
    store = PictureStore(largest=3 * picture(0).size)
    for seed in range(3):
        store.put("a", seed, picture(seed))
    store.get("a", 0)
    store.put("a", 3, picture(3))
    assert [seed for seed in range(4) if store.get("a", seed)] == [0, 2, 3]
    assert store.held == 3 * picture(0).size


def test_putting_a_picture_twice_counts_it_once() -> None:
    store = PictureStore()
    store.put("a", 0, picture(1))
    store.put("a", 0, picture(2))
    assert store.held == picture(0).size
