"""Stores of finished pictures: what is put there is found there, by key and seed."""

from pathlib import Path

import numpy as np
import pytest

from side_core.sampling.drawing import Damage
from side_core.sampling.picture import Picture, alone
from side_core.sampling.picture_arrays import ArrayStore
from side_core.sampling.picture_files import PngStore
from side_core.sampling.store import Layered, MemoryStore, SampleStore


def picture(value: int) -> Picture:
    return alone(np.full((4, 4, 3), value, np.uint8))


@pytest.fixture(params=["memory", "files", "arrays", "layered"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SampleStore:
    kinds = {"memory": MemoryStore(), "files": PngStore(tmp_path), "arrays": ArrayStore(tmp_path)}
    return Layered(MemoryStore(), PngStore(tmp_path)) if request.param == "layered" else kinds[request.param]


def test_keeps_pictures_apart_by_key_and_seed(store: SampleStore) -> None:
    store.put("a", {0: picture(1), 1: picture(2)})
    store.put("b", {0: picture(3)})
    store.put("a", {7: picture(4)})
    assert sorted(store.seeds("a")) == [0, 1, 7] and not store.seeds("c")
    found = store.found("a", range(1, 9))
    assert {seed: picture.image.max() for seed, picture in found.items()} == {1: 2, 7: 4}
    assert store.found("b", [0, 1])[0].image.max() == 3 and not store.found("c", [0])


def test_what_guidance_did_is_kept(store: SampleStore) -> None:
    hurt = Damage(1, 3, lost=False)
    store.put("a", {1: alone(picture(5).image, hurt), 2: picture(6)})
    found = store.found("a", [1, 2])
    assert found[1].damage == hurt and found[2].damage is None


def test_lost_pictures_are_kept_where_nobody_looks(tmp_path: Path) -> None:
    lost = alone(picture(0).image, Damage(1, 3, lost=True))
    for place, there in ((MemoryStore(), True), (ArrayStore(tmp_path / "a"), True), (PngStore(tmp_path / "b"), False)):
        place.put("a", {1: lost})
        assert (1 in place.seeds("a")) is there and bool(place.found("a", [1])) is there


def test_a_damaged_batch_is_as_good_as_none(tmp_path: Path) -> None:
    store = ArrayStore(tmp_path)
    store.put("a", {0: picture(1), 1: picture(2)})
    (file,) = tmp_path.glob("a/*.npz")
    file.write_bytes(file.read_bytes()[:60])
    assert not store.seeds("a") and not store.found("a", [0, 1])
    store.put("a", {0: picture(1), 1: picture(2)})
    assert len(store.found("a", [0, 1])) == 2


def test_what_a_later_store_has_an_earlier_one_keeps(tmp_path: Path) -> None:
    first, second = MemoryStore(), PngStore(tmp_path)
    second.put("a", {0: picture(1)})
    assert list(Layered(first, second).found("a", [0, 1])) == [0]
    assert list(first.found("a", [0])) == [0]


def test_memory_lets_the_longest_unused_go_when_full() -> None:
    store = MemoryStore(largest=3 * picture(0).size)
    for seed in range(3):
        store.put("a", {seed: picture(seed)})
    store.found("a", [0])
    store.put("a", {3: picture(3)})
    assert sorted(store.seeds("a")) == [0, 2, 3] == sorted(store.found("a", range(4)))
    assert store.held == 3 * picture(0).size


def test_putting_a_picture_twice_counts_it_once() -> None:
    store = MemoryStore()
    for value in (1, 2):
        store.put("a", {0: picture(value)})
    assert store.held == picture(0).size
