"""The pictures of a prompt beside the training pictures they are nearest to."""

from collections.abc import Mapping

import streamlit as st

from pages._parts.inputs import view
from pages._parts.prompts import look
from pages._parts.runtime.resources import matching, open_references, reference_key
from pages._parts.show.detail import show_detail
from pages._parts.show.figures import figure
from pages._parts.show.gallery import show_gallery
from pages._parts.show.headline import beating_in_words, tile
from pages._parts.show.shown import Shown
from pages._parts.show.text import show_notes, show_warnings
from side_core.extraction.headline import WITHHELD
from side_core.extraction.pairs import beating, commonest
from side_core.extraction.run import Drawn, Extraction, score_images
from side_core.extraction.subject import Subject
from side_core.sampling.picture import Picture
from side_core.settings import ExtractSettings
from side_core.similarity.scores import SCORES
from side_core.stats.rate import rate_of
from side_core.wording import counted, rounded


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
    return score_images(settings, subject, references, Drawn(pictures), matching(reference_key(settings, subject)))


def show_copies(extraction: Extraction) -> None:
    """All pictures beside the training picture that most are nearest to; counts and control."""
    _show_same(extraction)
    _show_counts(extraction)


def show_alone(pictures: Mapping[int, Picture]) -> None:
    """Pictures without anything to compare them with."""
    figures = [figure(picture.image, f"Picture of seed {seed}") for seed, picture in pictures.items()]
    look.show_beside("The first pictures", figures[: look.MOST], "", "")


def show_pairs(shown: Shown) -> None:
    """Each picture beside its nearest training picture, and the chosen one in detail."""
    st.markdown("**Each picture beside its nearest training picture**")
    extraction = shown.extraction
    chosen = show_gallery(extraction, shown.noun)
    with view.detail("notes"):
        show_warnings(extraction.warnings)
        show_notes(extraction.notes)
    if chosen is not None:
        show_detail(extraction, shown.noun, shown.paths, chosen)


def _show_same(extraction: Extraction) -> None:
    """The first pictures, beside them the training picture that most of all are nearest to, with its caption."""
    match, data, kind = extraction.match, extraction.subject.data, SCORES[extraction.settings.score]
    values = match.training.scores.by_name(extraction.settings.score)
    (row, times), count = commonest(extraction), len(match.names)
    few = "" if count <= look.MOST else f"The first {look.MOST} of "
    shown = list(zip(match.images, match.names, values, strict=True))[: look.MOST]
    look.show_beside(
        f"{few}{counted(count, 'picture')}{', each from its own noise' if count > 1 else ''}",
        [figure(image, f"Picture of seed {name}, {kind.symbol} {value:.2f}") for image, name, value in shown],
        f"Nearest training picture ({times} of {count})" if times > 1 else "The best match of them",
        figure(data.images[row], f"Training picture {data.ids[row]}", _caption_of(extraction, row)),
    )


def _show_counts(extraction: Extraction) -> None:
    """How many pictures beat the threshold, beside the control."""
    match, kind = extraction.match, SCORES[extraction.settings.score]
    found = rate_of(beating(match.training, extraction))
    rule = f"{kind.symbol} {kind.sign} {rounded(extraction.threshold)}"
    if match.control is None or (why := extraction.withheld()) is not None:
        st.warning(WITHHELD if match.control is None else why, icon=":material/balance:")
        return
    st.subheader(beating_in_words(found, "picture", rule), anchor=False)
    left, right = st.columns(2)
    tile(left, f"Against {counted(match.training.searched, 'training picture')}", found)
    tile(
        right,
        f"The same pictures against {counted(match.control.searched, 'picture')} it has never seen",
        rate_of(beating(match.control, extraction)),
    )


def _caption_of(extraction: Extraction, row: int) -> str:
    """The caption of a training picture, if it has one, or else which it is; how often it was shown, where known."""
    data = extraction.subject.data
    caption = str(data.ids[row]) if data.captions is None else str(data.captions[row])
    if "repeats" not in data.attributes:
        return caption
    times = int(data.attributes["repeats"][row])
    return f"{caption} (shown {'once' if times == 1 else f'{times} times'} in training)"
