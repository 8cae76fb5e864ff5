"""The pictures of a prompt, the training pictures they are nearest to, and how many count."""

from collections.abc import Mapping

import streamlit as st

from pages._parts.inputs import view
from pages._parts.prompts import look
from pages._parts.runtime.resources import open_references, scored
from pages._parts.show.figures import figure, show_row
from pages._parts.show.gallery import show_gallery
from pages._parts.show.headline import beating_in_words, tile
from pages._parts.show.shown import Shown
from pages._parts.show.text import show_warnings
from side_core.extraction.headline import WITHHELD
from side_core.extraction.pairs import beating, nearest_rows
from side_core.extraction.run import Drawn, Extraction
from side_core.extraction.subject import Subject
from side_core.sampling.picture import Picture
from side_core.settings import ExtractSettings
from side_core.similarity.scores import SCORES
from side_core.stats.rate import rate_of
from side_core.wording import counted, rounded

_NEAREST = 4  # different training pictures that are shown


def matched(pictures: Mapping[int, Picture], settings: ExtractSettings, subject: Subject) -> Extraction:
    """Drawn pictures with their nearest training and control images.

    Args:
        pictures: by their seeds, one or more.
        settings: how they were drawn, and what they are compared by.
        subject: the model, training images and control.

    Raises:
        ValueError: they cannot be compared.
    """
    references = open_references(settings, subject)
    return scored(settings, subject, references, Drawn(pictures))


def show_alone(pictures: Mapping[int, Picture]) -> None:
    """Pictures without anything to compare them with."""
    look.show_grid([figure(picture.image, f"Picture of seed {seed}") for seed, picture in pictures.items()])


def show_pictures(shown: Shown, side: str) -> str | None:
    """What came out in words, and the pictures, each once; the name of the one that was chosen right now.

    Args:
        shown: the pictures.
        side: names this side of the page.
    """
    extraction = shown.extraction
    if (sentence := extraction.sentence) is None:
        st.warning(extraction.withheld() or WITHHELD, icon=":material/balance:")
    else:
        st.subheader(sentence, anchor=False)
    if view.is_demo():  # where there is no room for the evidence
        chosen = show_gallery(extraction, shown.noun, name=f"pairs-{side}")
    else:
        chosen = show_gallery(extraction, shown.noun, name=f"pictures-{side}", alone=True)
    with view.detail(f"notes-{side}"):
        show_warnings(extraction.warnings)
    return chosen


def show_evidence(extraction: Extraction, side: str) -> None:
    """The training pictures that the pictures are nearest to, and how many beat the threshold beside the control.

    Args:
        extraction: of one prompt.
        side: names this side of the page.
    """
    match, data = extraction.match, extraction.subject.data
    rows = nearest_rows(extraction)
    count = len(match.names)
    many = "" if len(rows) <= _NEAREST else f", the first {_NEAREST} of {len(rows):,}"
    st.markdown(f"**Nearest training {'picture' if len(rows) == 1 else 'pictures'}**{many}")
    show_row(
        [
            figure(
                data.images[row],
                f"Training picture {data.ids[row]}",
                f"{times} of {count}: {_caption_of(extraction, row)}",
            )
            for row, times in rows[:_NEAREST]
        ],
        least="5.5rem",
        most="9rem",
    )
    with view.detail(f"counts-{side}"):
        _show_counts(extraction)


def _show_counts(extraction: Extraction) -> None:
    """How many pictures beat the threshold, beside the control."""
    match, kind = extraction.match, SCORES[extraction.settings.score]
    if match.control is None or extraction.withheld() is not None:
        return
    rule = f"{kind.symbol} {kind.sign} {rounded(extraction.threshold)}"
    st.caption(f"{beating_in_words(rate_of(beating(match.training, extraction)), 'picture', rule)}.")
    left, right = st.columns(2)
    known = counted(match.training.searched, "training picture")
    tile(left, f"Against {known}", rate_of(beating(match.training, extraction)))
    unseen = counted(match.control.searched, "picture")
    tile(right, f"The same against {unseen} it has never seen", rate_of(beating(match.control, extraction)))


def _caption_of(extraction: Extraction, row: int) -> str:
    """The caption of a training picture, if it has one, or else which it is; how often it was shown, where known."""
    data = extraction.subject.data
    caption = str(data.ids[row]) if data.captions is None else str(data.captions[row])
    if "repeats" not in data.attributes:
        return caption
    times = int(data.attributes["repeats"][row])
    return f"{caption} (shown {'once' if times == 1 else f'{times} times'} in training)"
