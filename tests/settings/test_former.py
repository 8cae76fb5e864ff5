"""What older links, exports and histories hold opens by the names of today."""

import pytest

import side_core.settings
from side_core.settings import DetectorSettings, EvaluateSettings, ExtractSettings, PromptSettings, SurrogateSettings
from side_core.settings.former import FORMER, named_as_before, renamed


def test_older_values_are_read() -> None:
    old = {"guidance_scale": 4.0, "sampling_steps": 20, "first": 3, "images": 2}
    new = PromptSettings(text_scale=4.0, steps=20, first_steps=3, score_images=2)
    assert PromptSettings.read(old) == new
    assert DetectorSettings.read(old).text_scale == 4.0
    assert SurrogateSettings.read({"images": 256}).synthetic_count == 256
    assert EvaluateSettings.read({"images": 256}).synthetic_count == 256
    steered = ExtractSettings.read({"guidance_scale": 4.0, "surrogate": "pixel-faces"})
    assert steered.guidance_scale == 4.0  # still lambda


def test_a_name_of_today_changes_no_digest() -> None:
    """So that what was measured before is found: a digest of the version before."""
    text = '{"prompt":"a \\"steps\\": b, \\"score_images\\":","steps":50,"score_images":2}'
    before = '{"prompt":"a \\"steps\\": b, \\"score_images\\":","sampling_steps":50,"images":2}'
    assert named_as_before("PromptSettings", text) == before
    assert named_as_before("ExtractSettings", text) == text
    assert PromptSettings(text_scale=4).digest == "40b81ac82afb6242"


def test_todays_name_has_precedence_and_former_ones_lead_to_a_field() -> None:
    assert renamed("PromptSettings", {"first": 1, "first_steps": 2}) == {"first_steps": 2}
    for model, names in FORMER.items():
        fields = getattr(side_core.settings, model).model_fields
        assert set(names.values()) <= set(fields) and not set(names) & set(fields)


def test_what_was_never_a_name_is_none() -> None:
    with pytest.raises(ValueError, match="there is no such setting"):
        PromptSettings.read({"fist": 1})
