"""The gallery of pairs, and the training images that came back most often."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from pages._parts.show.card import Card, make_card, show_cards
from pages._parts.show.figures import figure, show_row
from side_core.extraction.pairs import Pair, pairs_of
from side_core.extraction.returned import returned
from side_core.extraction.run import Extraction
from side_core.similarity.scores import SCORES
from side_core.wording import counted

PER_PAGE = 16
_A_ROW = 7  # cards, on a wide screen
_MOST_OFTEN = 8


def show_gallery(
    extraction: Extraction,
    noun: str,
    follows: bool = False,
    only: Collection[str] = (),
    name: str = "gallery",
    alone: bool = False,
) -> str | None:
    """Pairs (generated | nearest training image); the name of the one that was chosen right now.

    Those of one page stand in the order of their seeds, so that each keeps its place while lambda is moved; of more,
    and of pictures that others generated, those nearest to a copy come first.

    Args:
        extraction: what is shown.
        noun: what a picture's name is: a seed, or a picture.
        follows: whether they show what is shipped while lambda is moved.
        only: names of those that are shown; empty: all.
        name: of the gallery, unique on the page.
        alone: whether the pictures stand alone, as their training images stand elsewhere.
    """
    match = extraction.match
    order: list[int] = match.order(extraction.settings.score).tolist()
    if only:
        order = [place for place in order if match.names[place] in only]
    pages = -(-len(order) // PER_PAGE)
    page = st.pagination(pages, key=f"{name}_page") if pages > 1 else 1
    if pages == 1 and noun == "seed":
        order.sort()
    cards = cards_of(extraction, noun, order[(page - 1) * PER_PAGE : page * PER_PAGE])
    if alone:  # whose captions stand with their training images
        cards = [replace(card, small=f"{noun} {card.name}") for card in cards]
    rows = -(-len(cards) // _A_ROW)
    with st.container(key=f"rows-{rows}" if name == "gallery" else f"rows-of-{name}"):  # with their room
        return show_cards(cards, name, follows, alone)


def best_card(extraction: Extraction, noun: str) -> Card:
    """The pair that stands out: the one nearest to a copy."""
    return cards_of(extraction, noun, [int(extraction.match.order(extraction.settings.score)[0])])[0]


def cards_of(extraction: Extraction, noun: str, places: Sequence[int]) -> list[Card]:
    """The cards of some pictures.

    Args:
        extraction: they belong to.
        noun: what a picture's name is.
        places: of the pictures.
    """
    pairs = pairs_of(extraction, list(places))
    beats = SCORES[extraction.settings.score].beats(np.array([pair.value for pair in pairs]), extraction.threshold)
    return [_card_of(extraction, noun, pair, bool(beat)) for pair, beat in zip(pairs, beats, strict=True)]


def _card_of(extraction: Extraction, noun: str, pair: Pair, beats: bool) -> Card:
    """One pair as a card."""
    data, settings = extraction.subject.data, extraction.settings
    return make_card(
        pair.name,
        noun,
        (pair.image, data.images[pair.nearest]),
        str(data.ids[pair.nearest]),
        (settings.score, pair.value, settings.encoder),
        beats,
        pair.cluster is not None,
        None if pair.twin is None else pair.twin.value,
        None if data.captions is None else str(data.captions[pair.nearest]),
        str(pair.view),
    )


def show_returned(extraction: Extraction, noun: str) -> None:
    """The training images that came back more than once, with how often and in which picture best."""
    match, data, score = extraction.match, extraction.subject.data, extraction.settings.score
    came_back = [item for item in returned(match.training, score, extraction.threshold) if item.times]
    if not came_back or came_back[0].times == 1:
        return
    st.markdown("**Training images that came back most often**")
    total = sum(item.times for item in came_back)
    st.caption(
        f"{total:,} of {counted(len(match.names), 'picture')} {'brings' if len(match.names) == 1 else 'bring'} back "
        f"{len(came_back):,} of {counted(match.training.searched, 'different training image')}."
    )
    kind = SCORES[score]
    show_row(
        [
            figure(
                data.images[item.row],
                f"Training image {data.ids[item.row]}, came back {counted(item.times, 'time')}",
                f"{item.times} ×, best {kind.symbol} {item.best:.2f} "
                f"({'seed ' if noun == 'seed' else ''}{match.names[item.best_sample]})",
            )
            for item in came_back[:_MOST_OFTEN]
        ],
        least="6rem",
        most="9rem",
    )
