"""What a method needs of the model that is chosen, told before anything runs."""

import streamlit as st

from side_core.method import Method
from side_core.settings import ExtractSettings

_LACKING = "block"


def icon_of(method: Method) -> str:
    """The icon of a method in the navigation; another one where the chosen model lacks what it needs."""
    return f":material/{_LACKING if _lacks(method) else method.icon}:"


def _lacks(method: Method) -> bool:
    """Whether a method cannot have the chosen model, as far as its description tells."""
    own = ExtractSettings.model_fields["model"].default
    model = st.query_params.get("model") or st.session_state.get("model") or own
    try:
        method.check(str(model))
    except ValueError:
        return True
    return False
