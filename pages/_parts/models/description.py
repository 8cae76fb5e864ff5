"""What a model's files say of it, as a table."""

import streamlit as st

from pages._parts.show.text import plain
from side_core.dpm.description import Description
from side_core.extraction.overview import lines_of_model

MOST_SIGNAL = 0.01  # share of variance that a schedule may leave at its last timestep without a word


def show_description(description: Description) -> None:
    """Kind, size, network, noise schedule and memory, before anything is loaded."""
    show_table(lines_of_model(description))
    for note in description.notes:
        st.warning(plain(note, 500), icon=":material/info:")
    if description.last_signal > MOST_SIGNAL:
        st.warning(
            "At its last timestep the schedule leaves more than 1 % of the signal, so starting from pure noise "
            "is not quite what the model was trained for.",
            icon=":material/info:",
        )


def show_table(lines: dict[str, str]) -> None:
    """Two columns: what, and its value, shown as it is."""
    st.table({plain(name): plain(value, 500) for name, value in lines.items()}, border="horizontal")
