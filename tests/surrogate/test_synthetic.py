"""Synthetic images: those of their seeds, none drawn twice, and never the training images."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet
from side_core.progress import finish
from side_core.sampling.drawing import draw
from side_core.settings import SurrogateSettings
from side_core.surrogate.synthetic import SyntheticStep, draw_synthetic, read_synthetic

Small = Callable[..., SurrogateSettings]
COUNT, STEPS, BATCH = 80, 3, 64  # one batch and a quarter


@pytest.fixture(autouse=True)
def own_cache(cache: Path) -> Path:
    """An empty cache for each test."""
    return cache


@pytest.fixture
def fresh(groups: TrainingSet, make_model: Callable[[TrainingSet], Any]) -> Any:
    """A model that has not been asked anything yet."""
    return make_model(groups)


def write_pictures(folder: Path, images: np.ndarray) -> Path:
    """A folder of PNG files."""
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number:03}.png")
    return folder


def until(steps: Generator[SyntheticStep, None, TrainingSet], wanted: Callable[[SyntheticStep], bool]) -> None:
    """Take steps until one is as wanted, then close the generator as a caller does who cancels."""
    next(step for step in steps if wanted(step))
    steps.close()


def test_they_are_the_pictures_of_their_seeds(fresh: Any, small: Small) -> None:
    settings = small(synthetic_count=COUNT, steps=STEPS, first_seed=500)
    found = finish(draw_synthetic(fresh, settings))
    assert found.ids.tolist() == [str(seed) for seed in range(500, 580)]
    *_, last = draw(fresh, settings.drawing, [500, 577, 579])
    assert np.array_equal(found.images[[0, 77, 79]], last.images)
    assert len(np.unique(found.digests)) > 10


def test_progress_counts_steps_and_shows_finished_batches(fresh: Any, small: Small) -> None:
    settings = small(synthetic_count=COUNT, steps=STEPS)
    for _ in ("drawn", "kept"):
        steps: list[SyntheticStep] = []
        found = finish(draw_synthetic(fresh, settings), steps.append)
        done = [step.done for step in steps]
        assert done == sorted(set(done)) and done[-1] == 2 * STEPS
        assert {step.total for step in steps} == {2 * STEPS}
        shown = [step.images for step in steps if step.images is not None]
        assert np.array_equal(np.concatenate(shown), found.images)


def test_what_was_interrupted_is_resumed_without_drawing_twice(fresh: Any, small: Small) -> None:
    settings = small(synthetic_count=COUNT, steps=STEPS)
    until(draw_synthetic(fresh, settings), lambda step: step.images is not None)
    assert fresh.asked == BATCH * STEPS
    found = finish(draw_synthetic(fresh, settings))
    assert fresh.asked == COUNT * STEPS
    again = finish(draw_synthetic(fresh, settings))
    assert fresh.asked == COUNT * STEPS
    assert np.array_equal(found.images, again.images) and found.fingerprint == again.fingerprint


def test_a_batch_that_was_cut_off_is_drawn_again_and_is_the_same(fresh: Any, small: Small) -> None:
    settings = small(synthetic_count=20, steps=STEPS)
    until(draw_synthetic(fresh, settings), lambda step: step.done == 2)
    found = finish(draw_synthetic(fresh, settings))
    assert fresh.asked == 20 * (2 + STEPS)
    assert found.fingerprint == finish(draw_synthetic(fresh, settings)).fingerprint


def test_more_images_later_draw_the_rest_alone(fresh: Any, small: Small) -> None:
    few = finish(draw_synthetic(fresh, small(synthetic_count=BATCH, steps=STEPS)))
    more = finish(draw_synthetic(fresh, small(synthetic_count=COUNT, steps=STEPS)))
    assert fresh.asked == COUNT * STEPS
    assert np.array_equal(more.images[:BATCH], few.images)


@pytest.mark.parametrize("change", [{"steps": 4}, {"first_seed": 7}, {"solver": "ddim"}], ids=str)
def test_other_drawings_are_not_taken_for_these(fresh: Any, small: Small, change: dict) -> None:
    finish(draw_synthetic(fresh, small(synthetic_count=16, steps=STEPS)))
    fresh.asked = 0
    finish(draw_synthetic(fresh, small(**{"synthetic_count": 16, "steps": STEPS} | change)))
    assert fresh.asked == 16 * change.get("steps", STEPS)


def test_another_model_s_are_not_taken_for_these(
    fresh: Any, groups: TrainingSet, make_model: Callable[[TrainingSet], Any], small: Small
) -> None:
    other = make_model(groups.slice(0, 12, "dark"))
    ours, theirs = (finish(draw_synthetic(model, small(synthetic_count=16, steps=STEPS))) for model in (fresh, other))
    assert other.asked == 16 * STEPS
    assert not np.array_equal(ours.images, theirs.images)


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", None], ids=["empty", "header", "truncated"])
def test_damaged_pictures_in_the_cache_are_drawn_again_and_kept(
    fresh: Any, small: Small, cache: Path, damage: bytes | None
) -> None:
    settings = small(synthetic_count=16, steps=STEPS)
    found = finish(draw_synthetic(fresh, settings))
    (file,) = cache.glob("synthetic/*/*.npy")
    file.write_bytes(file.read_bytes()[:-5] if damage is None else damage)
    for _ in ("mended", "kept"):
        assert np.array_equal(finish(draw_synthetic(fresh, settings)).images, found.images)
        assert fresh.asked == 2 * 16 * STEPS


def test_pictures_drawn_before_are_read_at_the_model_s_size(fresh: Any, groups: TrainingSet, tmp_path: Path) -> None:
    drawn = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
    found = finish(read_synthetic(str(write_pictures(tmp_path / "drawn", drawn)), fresh, groups))
    assert found.images.shape == (5, 8, 8, 3)


@pytest.mark.parametrize("part", [slice(0, 24), slice(3, 17)], ids=["all", "some"])
def test_training_images_are_not_taken_for_synthetic_ones(
    fresh: Any, groups: TrainingSet, tmp_path: Path, part: slice
) -> None:
    """As the same set, and as a folder copy of its pictures."""
    np.save(tmp_path / "copy.npy", groups.images[part])
    folder = write_pictures(tmp_path / "copies", groups.images[part])
    for source in (folder, tmp_path / "copy.npy"):
        with pytest.raises(
            ValueError, match=rf"^'{source}' holds the model's training images, not pictures it drew: .*Name pictures "
        ):
            finish(read_synthetic(str(source), fresh, groups))
    itself = open_training_set(str(folder))
    with pytest.raises(ValueError, match="holds the model's training images"):
        finish(read_synthetic(str(folder), fresh, itself))


def test_where_the_training_images_are_not_known_pictures_are_believed(
    fresh: Any, groups: TrainingSet, tmp_path: Path
) -> None:
    folder = write_pictures(tmp_path / "copies", groups.images)
    assert np.array_equal(finish(read_synthetic(str(folder), fresh, None)).images, groups.images)


def test_pictures_that_are_not_there_get_a_sentence(fresh: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"^There is no data source '{tmp_path}/none'"):
        finish(read_synthetic(f"{tmp_path}/none", fresh, None))
