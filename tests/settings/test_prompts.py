"""Settings of prompts: bounds, sentences, and what a digest of norms depends on."""

import pytest

from side_core.settings import DETECTORS, DetectorSettings, PromptSettings


def test_defaults_are_the_first_of_fifty_steps_and_one_image() -> None:
    found = PromptSettings()
    assert (found.model, found.first, found.sampling_steps, found.images) == ("pixel-faces-text", 1, 50, 1)
    assert (found.guidance_scale, found.false_positives, found.mode) == (3.0, 0.01, "exact")
    assert PromptSettings.model_validate_json(found.model_dump_json()) == found


def test_each_image_has_its_own_seed() -> None:
    assert list(PromptSettings(seed=7, images=3).seeds) == [7, 8, 9]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"guidance_scale": 0.5}, "guidance-scale cannot be 0.5: choose 1 or more."),
        ({"guidance_scale": "nan"}, "guidance-scale cannot be 'nan': give a finite number."),
        ({"guidance_scale": 21}, "guidance-scale cannot be 21: choose 20 or less."),
        ({"sampling_steps": 0}, "sampling-steps cannot be 0: choose 1 or more."),
        ({"first": 0}, "first cannot be 0: choose 1 or more."),
        ({"first": "one"}, "first cannot be 'one': give a whole number."),
        (
            {"first": 51},
            "Steps used (first) are 51, but there are 50 sampling steps: choose 50 or fewer.",
        ),
        ({"images": 65}, "images cannot be 65: choose 64 or less."),
        ({"seed": -1}, "seed cannot be -1: choose 0 or more."),
        ({"mode": "slow"}, "mode cannot be 'slow': choose 'exact' or 'fast'."),
        ({"false_positives": 0}, "false-positives cannot be 0: choose more than 0."),
        ({"steps": 3}, "steps cannot be 3: there is no such setting, leave it out."),
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
