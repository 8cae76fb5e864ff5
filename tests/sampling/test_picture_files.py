"""Pictures as files: read back as they were, whole or not at all."""

from pathlib import Path

import numpy as np
import pytest

from side_core.files.images import png
from side_core.sampling.drawing import Damage
from side_core.sampling.picture import Picture
from side_core.sampling.picture_files import link_picture, read_pictures, seeds_in, write_picture


def picture(seed: int, frames: int = 3, damage: Damage | None = None) -> Picture:
    path = np.random.default_rng(seed).integers(0, 256, (frames, 6, 5, 3), dtype=np.uint8)
    return Picture(path[-1], path, tuple(range(frames, 0, -1)), damage)


@pytest.mark.parametrize("damage", [None, Damage(7, 3, lost=False)])
def test_a_picture_comes_back_with_its_path(tmp_path: Path, damage: Damage | None) -> None:
    kept = picture(7, damage=damage)
    write_picture(tmp_path, 7, kept)
    found = read_pictures(tmp_path, range(10))
    assert list(found) == [7]
    assert np.array_equal(found[7].image, kept.image) and np.array_equal(found[7].path, kept.path)
    assert found[7].path_timesteps == kept.path_timesteps and found[7].damage == damage


def test_a_lost_picture_is_not_written(tmp_path: Path) -> None:
    write_picture(tmp_path, 1, picture(1, damage=Damage(1, 2, lost=True)))
    assert seeds_in(tmp_path) == set()


def test_a_damaged_picture_is_as_good_as_none_and_a_damaged_path_costs_only_the_path(tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        write_picture(tmp_path, seed, picture(seed))
    (tmp_path / "1.png").write_bytes(b"\x89PNG and no more")
    (tmp_path / "2.path.png").write_bytes(b"")
    (tmp_path / "3.path.png").write_bytes(png(np.zeros((6, 15, 3), np.uint8), {"side-explorer-path": "[]"}))
    found = read_pictures(tmp_path, range(5))
    assert list(found) == [2, 3]
    for seed in (2, 3):
        assert np.array_equal(found[seed].image, picture(seed).image) and len(found[seed].path) == 1


def test_files_of_other_names_are_no_pictures(tmp_path: Path) -> None:
    for name in ("a.png", "1.path.png", ".1.png.5.partial", "-1.png", "1.5.png"):
        (tmp_path / name).write_bytes(b"x")
    assert seeds_in(tmp_path) == set()
    assert seeds_in(tmp_path / "none") == set()


def test_a_linked_picture_takes_no_room_and_survives_its_source(tmp_path: Path) -> None:
    source = tmp_path / "0.png"
    source.write_bytes(png(picture(0).image))
    for _ in range(2):
        link_picture(tmp_path / "shelf", 0, source)
    assert source.stat().st_nlink == 2
    source.unlink()
    assert np.array_equal(read_pictures(tmp_path / "shelf", [0])[0].image, picture(0).image)
