"""The pictures of a prompt, large while they form; what stands below them from another prompt is hidden meanwhile."""

from functools import partial

import numpy as np
import streamlit as st

from pages._parts.prompts import look
from pages._parts.runtime.live import Preview, draw_live
from pages._parts.runtime.pictures import PICTURES
from pages._parts.runtime.recording import keep_drawn, noted
from pages._parts.runtime.resources import open_references
from pages._parts.show.figures import figure
from side_core.extraction.subject import Subject, sample_sets
from side_core.sampling.picture import Picture
from side_core.settings import ExtractSettings

_UNFINISHED = "unfinished"  # in the session: what was being drawn, and how it looked last
_HIDE_STALE = '<style>.st-key-prompt-results [data-stale="true"] { display: none; }</style>'


def pictures_now(settings: ExtractSettings, subject: Subject, matched: bool) -> dict[int, Picture]:
    """The pictures of the settings' prompt by their seeds; those not kept yet are drawn now, as Extract draws them.

    Args:
        settings: prompt, seeds, steps, guidance.
        subject: the model.
        matched: whether they are compared with training images afterwards, and noted in the history.

    Raises:
        ValueError: the model returns NaN, or a public app does not allow so much.
    """
    (samples,) = sample_sets(settings, subject)
    key = samples.key
    asked = (key, settings.seeds)

    def show(estimates: np.ndarray) -> None:
        st.session_state[_UNFINISHED] = (asked, estimates)
        _show_unfinished(estimates)

    hidden = st.empty()
    if samples.missing(PICTURES):
        hidden.html(_HIDE_STALE)
    preview = Preview(0, show)
    if matched:
        references = open_references(settings, subject)
        asked_of = settings, subject, references
        begin, unseen = partial(noted, *asked_of), partial(keep_drawn, *asked_of)
        finished = draw_live(settings, subject, PICTURES, begin, preview, references, unseen)
    else:
        finished = draw_live(settings, subject, PICTURES, preview=preview)
    hidden.empty()
    of, estimates = st.session_state.get(_UNFINISHED, (None, None))
    if not finished.own and of == asked:
        _show_unfinished(estimates)
    return dict(finished.own)


def _show_unfinished(estimates: np.ndarray) -> None:
    """(n, H, W, 3) uint8: what the model takes the pictures to be, at one moment, where they will stand."""
    look.show_grid([figure(image, "An unfinished picture") for image in estimates])
