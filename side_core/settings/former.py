"""What settings were called before: links, exports and histories of then still open."""

import re
from collections.abc import Mapping
from typing import Any

_OF_PROMPTS = {
    "guidance_scale": "text_scale",
    "sampling_steps": "steps",
    "first": "first_steps",
    "images": "score_images",
}
_OF_SYNTHETIC = {"images": "synthetic_count"}
FORMER: Mapping[str, Mapping[str, str]] = {  # by the settings model: the former name, the name
    "PromptSettings": _OF_PROMPTS,
    "DetectorSettings": _OF_PROMPTS,
    "SurrogateSettings": _OF_SYNTHETIC,
    "EvaluateSettings": _OF_SYNTHETIC,
}

_FORMER_KEYS: Mapping[str, Mapping[str, str]] = {  # the same in links alone
    "SurrogateSettings": {"draw_steps": "steps", "features": "encoder", "features_weights": "encoder_weights"},
}


def former_keys(model: str) -> dict[str, str]:
    """What the keys of a link were called: the former name, the name."""
    return {**FORMER.get(model, {}), **_FORMER_KEYS.get(model, {})}


def renamed(model: str, values: Mapping[str, Any], former: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The same values by the names of today; a value that has both keeps that of today.

    Args:
        model: the name of a settings model.
        values: by name, as a file or a link has them.
        former: other former names than those of the model's fields.
    """
    former = FORMER.get(model, {}) if former is None else former
    return {former.get(name, name): value for name, value in values.items() if former.get(name) not in values}


def named_as_before(model: str, text: str) -> str:
    """The JSON of settings by the names they had first, so that digests are those of then and results are found.

    Args:
        model: the name of a settings model.
        text: its JSON, an object without spaces.
    """
    for former, name in FORMER.get(model, {}).items():
        text = re.sub(rf'(?<=[{{,])"{name}":', f'"{former}":', text)
    return text
