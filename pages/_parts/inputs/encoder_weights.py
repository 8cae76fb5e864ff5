"""The widget that asks for the weights of encoder `clip` or `sscd`."""

import streamlit as st

from pages._parts.inputs import controls
from pages._parts.links import checks
from side_core.files.assets import CLIPS
from side_core.settings import Settings
from side_core.settings.extraction import A_PROGRAM


def weights_input(encoder: str, *, key: str = "encoder_weights", of: type[Settings] | None = None) -> str:
    """Which weights: of clip a list of the built-in ones that also takes what is typed, the first of them until another
    one is chosen; of sscd a file.

    Args:
        encoder: `clip` or `sscd`.
        key: the widget's name in the URL.
        of: the settings it belongs to; left out: those that draw and score.

    Raises:
        ValueError: no file of sscd was named, of which none is shipped.
    """
    field = controls.field_of("encoder_weights", of)
    if encoder != "clip":
        file = controls.text("encoder_weights", "a .pt file", key=key, of=of)
        st.caption(A_PROGRAM)
        if not file:
            raise ValueError(
                f"Encoder sscd has no weights here: give the TorchScript file of its authors under '{field.title}', or "
                "choose another encoder."
            )
        return file
    shipped = next(iter(CLIPS))
    checks.opened(key, str(field.title), shipped, str, shipped)
    own = (st.query_params.get(key), st.session_state.get(key))  # a link's, or what was typed before
    chosen = st.selectbox(
        str(field.title),
        list(dict.fromkeys([*CLIPS, *(value for value in own if value)])),
        placeholder="pixel-faces-clip, local-dir:FOLDER or hf-hub:ORG/NAME",
        help=field.description,
        accept_new_options=True,
        key=key,
        bind="query-params",
    )
    return chosen or shipped
