"""Settings of prompts: bounds, sentences, and what a digest of norms depends on."""

import pytest

from side_core.settings import DETECTORS, DetectorSettings, PromptSettings


def test_defaults_are_the_first_of_fifty_steps_and_one_image() -> None:
    found = PromptSettings()
    assert (found.model, found.first_steps, found.steps, found.score_images) == ("pixel-faces-text", 1, 50, 1)
    assert (found.text_scale, found.false_positives, found.mode) == (3.0, 0.01, "exact")
    assert PromptSettings.model_validate_json(found.model_dump_json()) == found


def test_each_image_has_its_own_seed() -> None:
    assert list(PromptSettings(seed=7, score_images=3).seeds) == [7, 8, 9]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"text_scale": 0.5}, "text-scale cannot be 0.5: choose 1 or more."),
        ({"text_scale": "nan"}, "text-scale cannot be 'nan': give a finite number."),
        ({"text_scale": 21}, "text-scale cannot be 21: choose 20 or less."),
        ({"steps": 0}, "steps cannot be 0: choose 1 or more."),
        ({"first_steps": 0}, "first-steps cannot be 0: choose 1 or more."),
        ({"first_steps": "one"}, "first-steps cannot be 'one': give a whole number."),
        (
            {"first_steps": 51},
            "Steps used (first-steps) are 51, but there are 50 steps: choose 50 or fewer.",
        ),
        ({"score_images": 65}, "score-images cannot be 65: choose 64 or less."),
        ({"seed": -1}, "seed cannot be -1: choose 0 or more."),
        ({"mode": "slow"}, "mode cannot be 'slow': choose 'exact' or 'fast'."),
        ({"false_positives": 0}, "false-positives cannot be 0: choose more than 0."),
        ({"stepps": 3}, "stepps cannot be 3: there is no such setting, leave it out."),
    ],
)
def test_a_wrong_value_gets_one_sentence(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        PromptSettings.read(values)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"detectors": ["tiles", "tiles"]}, "tiles is named twice, name each detector once."),
        ({"detectors": []}, "name one or more of text-norm, tiles"),
        ({"detectors": ["magic"]}, "detectors-0 cannot be 'magic': choose 'text-norm', 'tiles'"),
        ({"detector_images": 1}, "detector-images cannot be 1: choose 2 or more."),
        ({"held_out_count": 5}, "held-out-count cannot be 5: choose 10 or more."),
    ],
)
def test_a_wrong_value_of_an_evaluation_gets_one_sentence(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        DetectorSettings.read(values)
    assert sentence in str(error.value)


@pytest.mark.parametrize("value", ["all", ["all"], ("all",), list(DETECTORS)])
def test_all_detectors(value: object) -> None:
    assert DetectorSettings.read({"detectors": value}).detectors == DETECTORS


def test_a_public_apps_link_with_a_huge_prompt_is_refused() -> None:
    with pytest.raises(ValueError, match="prompt cannot be"):
        PromptSettings.read({"prompt": "x" * 2001})
