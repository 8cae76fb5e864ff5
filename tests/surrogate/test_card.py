"""The card: JSON that says what was done, how well it went at each noise level, and where not to trust it."""

import json
from collections.abc import Callable

import pytest
import torch

from side_core.dpm.ideal import IdealDenoiser
from side_core.settings import GuidanceSettings, SurrogateSettings
from side_core.stats.rate import rate
from side_core.surrogate.card import warnings_of
from side_core.surrogate.noise import Level
from side_core.surrogate.surrogate import Surrogate

TIMESTEPS = [0, 100, 200, 300, 400]


SCHEDULE = torch.linspace(0.99, 0.1, 500)


def levels(*right: int) -> list[Level]:
    """So many of 100 right at timesteps 0, 100, 200 ..."""
    return [Level(t, rate(count, 100), 1.0, 0.0) for t, count in zip(TIMESTEPS, right, strict=True)]


def test_json_keeps_it(built: Surrogate) -> None:
    assert json.loads(json.dumps(built.card, allow_nan=False)) == built.card


def test_it_says_of_which_model_and_from_what(
    built: Surrogate, model: IdealDenoiser, small: Callable[..., SurrogateSettings]
) -> None:
    card = built.card
    assert card["kind"] == "surrogate"
    assert card["model"] == {"name": "groups", "fingerprint": model.fingerprint}
    assert (card["synthetic"]["count"], card["synthetic"]["source"]) == (96, "96 drawn from seed 2000000")
    assert card["encoder"]["name"] == "pixel"
    assert card["clusters"]["kept"] == [0, 1] and card["clusters"]["tau"] == 0.2
    assert card["network"]["labels"] == 2 and card["network"]["width"] == 8 and card["network"]["timed"]
    assert card["network"]["parameters"] == sum(value.numel() for value in built.weights.values())
    assert SurrogateSettings.model_validate(card["settings"]) == small()


def test_it_says_how_well_it_does_at_each_noise_level(built: Surrogate) -> None:
    training = built.card["training"]
    assert [level["timestep"] for level in training["levels"]] == [0, 20, 40, 60, 80, 100, 119, 139, 159, 179, 199]
    for level in training["levels"]:
        assert level["count"] == 24 and level["accuracy"] == level["right"] / 24
        assert 0 <= level["low"] <= level["accuracy"] <= level["high"] <= 1
        assert 0 <= level["calibration_error"] <= 1 and level["loss"] >= 0
    assert training["levels"][0]["accuracy"] == 1 > training["levels"][-1]["accuracy"]
    best = {point["step"]: point["loss"] for point in training["curve"]}[training["best_step"]]
    assert best == pytest.approx(sum(level["loss"] for level in training["levels"]) / 11, abs=1e-4)


def test_it_advises_what_was_asked_for_and_balanced_labels(build: Callable[..., Surrogate]) -> None:
    found = build(train_steps=2, guidance_scale=7.0, guide_from=150)
    assert found.guidance == GuidanceSettings(guidance_scale=7.0, guide_from=150)
    assert found.label == "balanced"


def test_what_nobody_could_learn_is_no_reason_to_warn() -> None:
    """At the last step of most schedules there is nothing but noise."""
    schedule = torch.where(torch.arange(500) < 390, 0.5, 1e-6)
    assert warnings_of(GuidanceSettings(), levels(90, 80, 70, 60, 20), 0.3, schedule) == []
    assert len(warnings_of(GuidanceSettings(), levels(90, 80, 70, 20, 20), 0.3, schedule)) == 1


def test_no_warning_where_it_has_learned_something_everywhere() -> None:
    assert warnings_of(GuidanceSettings(), levels(90, 80, 70, 60, 50), 0.3, SCHEDULE) == []


def test_a_warning_names_the_noise_levels_where_nothing_was_learned() -> None:
    found = warnings_of(GuidanceSettings(), levels(90, 80, 70, 35, 20), 0.3, SCHEDULE)
    assert found == [
        "The surrogate has learned nothing at t = 300, t = 400, where it will be used: on held-out images it is no "
        "better than guessing (30.0 %). Steer from t = 200 on at most, or train longer."
    ]


def test_noise_levels_outside_the_window_do_not_matter() -> None:
    poor = levels(10, 80, 70, 35, 20)
    assert warnings_of(GuidanceSettings(guide_from=299, guide_to=50), poor, 0.3, SCHEDULE) == []
    assert "t = 300," in warnings_of(GuidanceSettings(guide_from=300, guide_to=50), poor, 0.3, SCHEDULE)[0]
    assert "t = 0," in warnings_of(GuidanceSettings(guide_from=299), poor, 0.3, SCHEDULE)[0]


@pytest.mark.parametrize("window", [{}, {"guide_from": 350, "guide_to": 310}, {"guide_from": 450, "guide_to": 410}])
def test_nothing_learned_at_all_is_said_also_of_a_window_between_two_levels(window: dict) -> None:
    (found,) = warnings_of(GuidanceSettings(**window), levels(30, 32, 28, 30, 33), 0.3, SCHEDULE)
    assert found.startswith("The surrogate has learned nothing at any noise level where it will be used: ")
    assert found.endswith("Draw more images, make fewer clusters, or train longer.")


def test_a_surrogate_that_was_not_trained_warns(build: Callable[..., Surrogate]) -> None:
    found = build(label_source="random", train_steps=3)
    assert len(found.card["warnings"]) == 1 and "learned nothing" in found.card["warnings"][0]
