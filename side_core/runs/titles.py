"""What tells runs apart: the settings in which those of a list differ, in a few words each."""

from collections.abc import Mapping, Sequence
from typing import Any

from side_core.runs.run import SETTINGS, Run
from side_core.runs.wording import value_in_words
from side_core.wording import shortened

MOST = 4  # settings of a title
_LONGEST = 24  # characters of a value
_SEEDS = ("seed", "count")
# The field's own sign or a shorter name, where a title stands for a whole row. What is left out changes no picture
# and no figure, or stands in the title anyway.
_SHORT = {"guidance_scale": "λ {}", "steps": "{} steps", "label": "label {}", "surrogate": "{}", "eta": "η {}"}
_FIRST = ("guidance_scale", "surrogate", *_SEEDS, "steps", "label")
_NOT = ("batch_size", "model", "prompt", "minutes", "compare_plain", "foreign_surrogate")


def told_apart(runs: Sequence[Run]) -> dict[int, str]:
    """By the number of each run how it differs from the others of its kind, such as `λ 50 · seeds 0-15 · 100 steps`.

    Args:
        runs: of a list. A run that differs in nothing, or is alone of its kind, has no entry.
    """
    found = {}
    for kind in {run.kind for run in runs}:
        same = [run for run in runs if run.kind == kind]
        differing = _differing([run.settings for run in same], kind)
        for run in same:
            if words := _in_words(run.settings, kind, differing):
                found[run.id] = " · ".join(words)
    return found


def _default(kind: str, name: str) -> Any:
    """What a setting is where it is left out."""
    field = SETTINGS[kind].model_fields.get(name)
    return None if field is None else field.get_default(call_default_factory=True)


def _differing(settings: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    """The settings in which some differ, those that say most first."""
    names = dict.fromkeys([*_FIRST, *SETTINGS[kind].model_fields])
    known = [name for name in names if name not in _NOT and any(name in item for item in settings)]
    return [name for name in known if len({repr(item.get(name, _default(kind, name))) for item in settings}) > 1]


def _in_words(settings: Mapping[str, Any], kind: str, differing: Sequence[str]) -> list[str]:
    """What a run has for these settings; nothing for what it leaves out."""
    words: list[str] = []
    for name in differing:
        if name in _SEEDS:
            seeds = _seeds_in_words(settings, kind)
            if seeds and seeds not in words:
                words.append(seeds)
            continue
        value = settings.get(name, _default(kind, name))
        if name == "surrogate" and not value:
            words.append("unsteered")
            continue
        if value is None or value == "" or (name in ("guidance_scale", "label") and not settings.get("surrogate")):
            continue
        said = shortened(value_in_words(value), _LONGEST)
        title = str(SETTINGS[kind].model_fields[name].title or name)
        words.append(_SHORT[name].format(said) if name in _SHORT else f"{title.lower()} {said}")
    return words[:MOST]


def _seeds_in_words(settings: Mapping[str, Any], kind: str) -> str:
    """Which seeds it has drawn; empty where a damaged row says no numbers."""
    first, count = (settings.get(name, _default(kind, name)) for name in _SEEDS)
    if not isinstance(first, int) or not isinstance(count, int):
        return ""
    return f"seed {first}" if count == 1 else f"seeds {first}-{first + count - 1}"
