"""Held-out norms: measured once, found again, never taken for those of something else."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from side_core.progress import finish
from side_core.prompts.held_out import (
    COUNT,
    FILE,
    SEED,
    TRIED,
    HeldOut,
    cached_norms,
    calibrate,
    captions_of,
    held_out_norms,
    known_norms,
    missing_of,
)
from side_core.prompts.norms import norms_of, own_seeds
from side_core.settings import PromptSettings
from side_core.stats.rate import rate
from side_core.stats.roc import Threshold
from tests.prompts.planted import Planted

PROMPTS = tuple(f"pull {pull}" for pull in (1.0, 2.0, 3.0, 0.5))
SHIPPED = PromptSettings(steps=10, first_steps=10, score_images=3)


def measured(prompts: tuple[str, ...] = PROMPTS, folder: Path | None = None, **changes: object) -> tuple[HeldOut, int]:
    """The held-out norms, and how many evaluations they took."""
    planted = Planted(curved=True)
    settings = PromptSettings.read({"steps": 10, **changes})
    return finish(held_out_norms(planted, prompts, settings, "prompts", folder)), len(planted.sizes)


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    assert finish(calibrate(Planted(curved=True), PROMPTS, folder, SHIPPED)) == folder / FILE
    return folder


def test_norms_are_measured_once() -> None:
    first, evaluations = measured()
    again, none = measured()
    assert evaluations == 1 and none == 0
    np.testing.assert_array_equal(first.norms, again.norms)
    assert first.norms.shape == (4, 1, 1) and first.digest == again.digest


@pytest.mark.parametrize("changes", [{"first": 2}, {"images": 2}, {"steps": 20}, {"first": 2, "text_scale": 5}])
def test_other_settings_are_other_norms(changes: dict[str, object]) -> None:
    measured(**({"first": 2} if "text_scale" in changes else {}))
    found, evaluations = measured(**changes)
    assert evaluations > 0 and found.norms.shape[1:] == (changes.get("images", 1), changes.get("first", 1))


def test_the_first_step_is_the_same_for_every_guidance_scale() -> None:
    measured()
    assert measured(text_scale=9)[1] == 0


@pytest.mark.parametrize("changes", [{}, {"images": 3, "first": 2}])
def test_what_is_stopped_goes_on_where_it_was(changes: dict[str, int]) -> None:
    whole, evaluations = measured(batch_size=3, **changes)
    planted = Planted(curved=True)
    planted.fingerprint = "stopped"
    settings = PromptSettings.read({"steps": 10, "batch_size": 3, **changes})
    work = held_out_norms(planted, PROMPTS, settings, "prompts")
    for event in work:
        if event.finished:
            work.close()
            break
    missing = missing_of(cached_norms(planted, PROMPTS, settings))
    assert 0 < len(missing) < len(PROMPTS)
    known = known_norms(planted, PROMPTS, settings)
    np.testing.assert_allclose(known.norms, np.delete(whole.norms, missing, axis=0), rtol=1e-5)
    found = finish(held_out_norms(planted, PROMPTS, settings, "prompts"))
    np.testing.assert_allclose(found.norms, whole.norms, rtol=1e-5)
    assert len(planted.sizes) == evaluations and found.digest == whole.digest


def test_a_public_app_keeps_what_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")  # the cache is none of the folders that a stranger may name
    settings, planted = PromptSettings(steps=7, batch_size=2), Planted()
    work = held_out_norms(planted, PROMPTS, settings, "prompts")
    while not next(work).finished:
        pass
    so_far = known_norms(planted, PROMPTS, settings)
    assert 0 < len(so_far.norms) < len(PROMPTS)
    assert len(finish(work).norms) == len(PROMPTS)


def test_a_calibration_that_is_stopped_goes_on_too(tmp_path: Path) -> None:
    planted = Planted(curved=True)
    settings = SHIPPED.model_copy(update={"batch_size": 3})
    for event in calibrate(planted, PROMPTS, tmp_path, settings):
        if event.finished:
            break
    before = len(planted.sizes)
    finish(calibrate(planted, PROMPTS, tmp_path, settings))
    assert len(planted.sizes) == 4 * settings.first_steps > before == settings.first_steps


def test_other_prompts_are_other_norms() -> None:
    first, _ = measured()
    found, evaluations = measured(PROMPTS[::-1])
    assert evaluations == 1 and found.digest != first.digest


def test_a_damaged_cache_is_measured_anew(tmp_path: Path) -> None:
    first, _ = measured()
    (file,) = (tmp_path / "cache").rglob(FILE)
    file.write_bytes(b"\0" * 20)
    again, evaluations = measured()
    assert evaluations == 1
    np.testing.assert_array_equal(first.norms, again.norms)


def test_a_models_own_file_serves_any_part_of_its_steps_and_images(shipped: Path) -> None:
    for changes in ({}, {"first": 7}, {"images": 3, "first": 10}, {"text_scale": 9}):
        found, evaluations = measured(folder=shipped, **changes)
        assert evaluations == 0
        images, first = changes.get("images", 1), changes.get("first", 1)
        settings = PromptSettings.read({"steps": 10, "first": 10, "images": 3})
        whole = finish(norms_of(Planted(curved=True), PROMPTS, settings, own_seeds(4, 3, SEED)))
        np.testing.assert_allclose(found.norms, whole[:, :images, :first], rtol=1e-3)


@pytest.mark.parametrize(
    "changes", [{"images": 4}, {"steps": 9}, {"first": 2, "text_scale": 9}, {"prompts": PROMPTS[1:]}]
)
def test_a_models_own_file_is_not_taken_for_something_else(shipped: Path, changes: dict) -> None:
    assert measured(folder=shipped, **changes)[1] > 0


def test_norms_of_another_model_are_not_taken(shipped: Path) -> None:
    other = Planted(curved=True)
    other.fingerprint = "another"
    finish(held_out_norms(other, PROMPTS, PromptSettings(steps=10), "prompts", shipped))
    assert other.sizes


@pytest.mark.parametrize("damage", ["cut", "nan"])
def test_a_damaged_file_of_a_model_is_named(shipped: Path, damage: str) -> None:
    file = shipped / FILE
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:40])
    else:
        from safetensors import safe_open

        with safe_open(file, framework="numpy") as table:
            about = table.metadata()
        norms = load_file(file)["norms"]
        norms[0] = np.nan
        save_file({"norms": norms}, file, about)
    with pytest.raises(ValueError, match=r"prompts.safetensors' is damaged \(.*\): remove it and calibrate again.$"):
        measured(folder=shipped)


@pytest.mark.parametrize("count", [0, 1])
def test_one_prompt_is_no_control(count: int) -> None:
    with pytest.raises(ValueError, match=f"^{count} held-out prompt makes no control: give two or more"):
        measured(PROMPTS[:count])


def test_a_score_is_held_against_all_and_the_threshold_tried_on_the_other_half() -> None:
    norms = np.arange(200, dtype=np.float32).reshape(-1, 1, 1)
    found = HeldOut("prompts", norms, "")
    assert found.at_or_above(190.0) == rate(10, 200) and found.at_or_above(1000) == rate(0, 200)
    # Of 0, 2 .. 198 four are above it, of 1, 3 .. 199 five.
    assert found.threshold(0.05) == Threshold(190, 100, rate(5, 100))


def test_only_a_model_of_captioned_faces_has_held_out_captions(tmp_path: Path) -> None:
    assert captions_of("pixel-faces") is None
    (tmp_path / "card.json").write_text('{"data": {"source": "captioned-faces"}}')
    captions = captions_of(str(tmp_path))
    assert captions is not None and len(captions) >= TRIED + COUNT and len(set(captions)) == len(captions)
