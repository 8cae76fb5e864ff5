"""What a set of pictures holds, and a few of them to look at."""

import numpy as np
import streamlit as st

from pages._parts.models.description import show_table
from pages._parts.runtime.resources import overview_of
from pages._parts.show.figures import figure, show_row
from pages._parts.show.text import show_notes
from side_core.data.training_set import TrainingSet
from side_core.wording import counted

THUMBNAILS = 16
SKIPPED = 100  # that are listed


def show_set(images: TrainingSet, training: TrainingSet | None = None, mirror: bool = False) -> None:
    """One set of pictures; a control beside its training images, `training`."""
    overview = overview_of(images, training, mirror)
    show_table(overview.lines())
    show_notes(overview.notes)
    if overview.skipped:
        with st.expander(f"{counted(len(overview.skipped), 'picture')} that could not be read"):
            st.dataframe([vars(item) for item in overview.skipped[:SKIPPED]], hide_index=True)
    chosen = np.linspace(0, len(images) - 1, min(THUMBNAILS, len(images))).astype(int)
    show_row([figure(images.images[row], str(images.ids[row])) for row in chosen], least="2.5rem", most="5rem")
