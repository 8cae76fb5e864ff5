"""What a public app allows: which models, and how much of everything; and that one's own machine has no limits."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from side_core.data.training_set import TrainingSet
from side_core.dpm.folder import known_models, open_denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.files.paths import is_allowed
from side_core.files.public import Limits, check_limit, is_listed, is_public, limit_of, limits, listed_models
from side_core.sampling.drawing import draw
from side_core.settings import PRESETS, ExtractSettings, SamplingSettings, SurrogateSettings, SweepSettings
from side_core.surrogate.synthetic import draw_synthetic
from side_core.surrogate.training import train_classifier
from side_core.sweep.plan import make_plan

NAMES = [field.name for field in dataclasses.fields(Limits)]


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> Limits:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.delenv("SIDE_MODELS", raising=False)
    found = limits()
    assert found is not None
    return found


@pytest.mark.parametrize(("value", "public"), [("", False), ("0", False), ("1", True), ("yes", True)])
def test_public(monkeypatch: pytest.MonkeyPatch, value: str, public: bool) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", value)
    assert is_public() is public


def test_at_home_nothing_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIDE_PUBLIC", raising=False)
    assert limits() is None
    for name in NAMES:
        assert limit_of(name) is None
        check_limit(name, 10**9)


@pytest.mark.parametrize("name", NAMES)
def test_each_limit_may_be_reached_but_not_passed(public: Limits, name: str) -> None:
    most = getattr(public, name)
    check_limit(name, most)
    flag = name.replace("_", "-")
    with pytest.raises(ValueError, match=rf"^{flag} cannot be [\d,]+: this app is public and allows [\d,]+ or less; "):
        check_limit(name, most + 1)


def test_what_has_no_limit_has_none_in_public_either(public: Limits) -> None:
    assert limit_of("seed") is None and limit_of("eta") is None
    check_limit("seed", 10**9)


def test_what_the_pages_begin_with_is_allowed(public: Limits) -> None:
    extract, quick = ExtractSettings(), PRESETS["quick"]
    sweep = SweepSettings(x="steps=5,10")
    for value, name in (
        (extract.count, "count"),
        (extract.steps, "steps"),
        (sweep.count, "count"),
        (sweep.minutes, "minutes"),
        (quick.synthetic_count, "synthetic_count"),
        (quick.steps, "steps"),
        (quick.train_steps, "train_steps"),
    ):
        check_limit(name, value)


REFUSED: dict[str, Callable[[Any], object]] = {
    "count cannot be 65": lambda model: next(draw(model, SamplingSettings(count=65, steps=1))),
    "count cannot be 70": lambda model: next(draw(model, SamplingSettings(steps=1), range(70))),
    "steps cannot be 101": lambda model: next(draw(model, SamplingSettings(steps=101))),
    "synthetic-count cannot be 2,049": lambda model: next(
        draw_synthetic(model, SurrogateSettings(synthetic_count=2049))
    ),
    "train-steps cannot be 1,001": lambda model: next(train_classifier(None, SurrogateSettings(train_steps=1001))),  # type: ignore[arg-type]
    "minutes cannot be 10.5": lambda model: make_plan(SweepSettings(x="steps=1", minutes=10.5), None),  # type: ignore[arg-type]
    "cells cannot be 100": lambda model: make_plan(SweepSettings(x="seed=1:50:1", y="eta=0,1"), None),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_the_library_refuses_more_before_anything_is_done(public: Limits, sentence: str) -> None:
    def never(*arguments: object) -> None:
        raise AssertionError

    idle = SimpleNamespace(image_size=(16, 16), shape=(3, 16, 16), predict_noise=never, fingerprint="")
    with pytest.raises(ValueError, match=f"^{sentence}: this app is public"):
        REFUSED[sentence](idle)


def test_a_cell_of_too_many_steps_is_refused_with_the_plan(public: Limits, faces: TrainingSet) -> None:
    denoiser = SimpleNamespace(classes=0)
    shared = SimpleNamespace(subject=SimpleNamespace(control=faces, denoiser=denoiser), denoiser=denoiser)
    with pytest.raises(ValueError, match=r"^steps cannot be 200: this app is public and allows 100 or less"):
        make_plan(SweepSettings(x="steps=200,300"), shared)  # type: ignore[arg-type]


def test_at_home_as_much_is_drawn_as_one_likes(ideal: IdealDenoiser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIDE_PUBLIC", raising=False)
    assert next(draw(ideal, SamplingSettings(count=65, batch_size=65, steps=101))).total == 101


@pytest.mark.parametrize(
    ("value", "names"), [("", ()), (" , ,", ()), ("a/b", ("a/b",)), (" ~/m , a/b,a/b", ("~/m", "a/b"))]
)
def test_listed_models(monkeypatch: pytest.MonkeyPatch, value: str, names: tuple[str, ...]) -> None:
    monkeypatch.setenv("SIDE_MODELS", value)
    assert listed_models() == names
    assert known_models()[-len(names) :] == list(names) or not names
    assert "pixel-faces" in known_models()


def test_a_public_app_opens_listed_models_alone(
    public: Limits, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, other = (Path(shutil.copytree(pipeline, tmp_path / name)) for name in ("listed", "other"))
    (tmp_path / "link").symlink_to(listed)
    monkeypatch.setenv("SIDE_MODELS", f"{listed},some/where")
    monkeypatch.setenv("SIDE_ROOTS", str(tmp_path))  # may be read, as data, but is no model
    for name in (listed, tmp_path / "link", tmp_path / "other" / ".." / "listed"):
        assert is_listed(str(name))
        assert open_denoiser(str(name)).image_size == (16, 16)
    assert is_listed("some/where") and not is_listed("some/where/else")
    with pytest.raises(ValueError, match=rf"^'{other}' cannot be opened here: .* \(pixel-faces, .*, some/where\); run"):
        open_denoiser(str(other))
    monkeypatch.delenv("SIDE_PUBLIC")
    assert open_denoiser(str(other)).image_size == (16, 16)


def test_the_cache_of_a_listed_hub_model_may_be_read_and_no_other(
    public: Limits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("SIDE_MODELS", "some/where")
    assert is_allowed(tmp_path / "models--some--where" / "blobs" / "x")
    assert not is_allowed(tmp_path / "models--some--where-else" / "x")
    assert not is_allowed(tmp_path)


def test_a_listed_model_of_large_pictures_is_refused(
    public: Limits, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(pipeline, tmp_path / "large"))
    config = folder / "unet" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"sample_size": [64, 72]}))
    monkeypatch.setenv("SIDE_MODELS", str(folder))
    with pytest.raises(ValueError, match=r"^image-size cannot be 72: this app is public and allows 64 or less"):
        open_denoiser(str(folder))
    monkeypatch.delenv("SIDE_PUBLIC")
    assert open_denoiser(str(folder)).image_size == (64, 72)
