"""The widget that asks for the weights of encoder `clip` or `sscd`."""

import streamlit as st

from pages._parts import checks, controls
from side_core.assets import CLIPS
from side_core.settings import Settings


def weights_input(encoder: str, *, key: str = "encoder_weights", of: type[Settings] | None = None) -> str | None:
    """Which weights: of clip a list of the built-in ones that also takes what is typed, of sscd a file.

    Args:
        encoder: `clip` or `sscd`.
        key: the widget's name in the URL.
        of: the settings it belongs to; left out: those that draw and score.

    Returns:
        What was chosen; None where nothing was.
    """
    if encoder != "clip":
        return controls.text("encoder_weights", "a .pt file", key=key, of=of) or None
    field = controls.field_of("encoder_weights", of)
    checks.opened(key, str(field.title), "", str, "nothing")
    own = (st.query_params.get(key), st.session_state.get(key))  # a link's, or what was typed before
    return st.selectbox(
        str(field.title),
        list(dict.fromkeys([*CLIPS, *(value for value in own if value)])),
        index=None,
        placeholder="pixel-faces-clip, local-dir:FOLDER or hf-hub:ORG/NAME",
        help=field.description,
        accept_new_options=True,
        key=key,
        bind="query-params",
    )
