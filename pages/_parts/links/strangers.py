"""Names in a link that no page knows: they are said, as a setting that is misspelt would be left out without a word."""

from difflib import get_close_matches

import streamlit as st

from pages._parts.links import notices
from pages._parts.show.text import plain
from side_core.methods import METHODS
from side_core.settings import ExtractSettings, PromptSettings, ScoreSettings, Settings, SurrogateSettings
from side_core.settings.axis import SWEEPABLE
from side_core.similarity.scores import SCORES

_MODELS: list[type[Settings]] = [ExtractSettings, ScoreSettings, SurrogateSettings, PromptSettings]
_MODELS += [method.settings for method in METHODS.values()]
_FIELDS = {name for settings in _MODELS for name in settings.model_fields}
_OWN = {  # of widgets that are no field, by page
    *("view", "size", "pictures", "map", "threshold_by", "threshold_by_rate", "control_percent"),
    *("surrogates", "held_out", "false_percent", "edited", "search", "search_weights"),
    *("of", "way", "lesson", "load", "one", "other"),
    *("step", "at", "noise", "lam", "limit", "alone", "flip", "face", "buried", "room"),
    *("run", "compare"),
}
_MADE = {f"threshold_{score}" for score in SCORES} | {f"{axis}_{name}" for axis in "xy" for name in SWEEPABLE}
KNOWN = _FIELDS | _OWN | _MADE
_FOREIGN = ("utm_", "embed", "fbclid", "gclid", "msclkid", "ref", "mc_")  # what sites add to links, as they begin


def say_strangers() -> None:
    """Say which names of the link there are no settings of; to be called once the page has begun to say such things."""
    for name in st.query_params:
        if name in KNOWN or name.startswith(_FOREIGN):
            continue
        near = get_close_matches(name, sorted(KNOWN), 1)
        meant = f"did you mean {plain(near[0])}?" if near else "it is left out."
        notices.say(f"The link asks for '{plain(name, notices.LONGEST)}', a setting that there is none of: {meant}")
