"""What a model's files say of it, and what a set of pictures holds, as tables."""

import numpy as np
import streamlit as st

from pages._parts.runtime.resources import overview_of
from pages._parts.show.figures import figure, show_row
from pages._parts.show.text import plain, show_notes
from side_core.data.training_set import TrainingSet
from side_core.dpm.description import Description
from side_core.extraction.overview import lines_of_model
from side_core.wording import counted

_THUMBNAILS = 16
_SKIPPED = 100  # that are listed
_MOST_SIGNAL = 0.01  # share of variance that a schedule may leave at its last timestep without a word


def show_description(description: Description) -> None:
    """Kind, size, network, noise schedule and memory, before anything is loaded."""
    show_table(lines_of_model(description), "table-of-model")
    for note in description.notes:
        st.warning(plain(note, 500), icon=":material/info:")
    if description.last_signal > _MOST_SIGNAL:
        st.warning(
            "At its last timestep the schedule leaves more than 1 % of the signal, so starting from pure noise "
            "is not quite what the model was trained for.",
            icon=":material/info:",
        )


def show_table(lines: dict[str, str], key: str) -> None:
    """Two columns: what, and its value, shown as it is; by its key, room is kept until it is there."""
    with st.container(key=key):
        st.table({plain(name): plain(value, 500) for name, value in lines.items()}, border="horizontal")


def show_set(images: TrainingSet, training: TrainingSet | None = None, mirror: bool = False) -> None:
    """One set of pictures; a control beside its training images, `training`."""
    overview = overview_of(images, training, mirror)
    show_table(overview.lines(), f"table-of-{'training' if training is None else 'control'}")
    show_notes(overview.notes)
    if overview.skipped:
        with st.expander(f"{counted(len(overview.skipped), 'picture')} that could not be read"):
            st.dataframe([vars(item) for item in overview.skipped[:_SKIPPED]], hide_index=True)
    chosen = np.linspace(0, len(images) - 1, min(_THUMBNAILS, len(images))).astype(int)
    show_row([figure(images.images[row], str(images.ids[row])) for row in chosen], least="2.5rem", most="5rem")
