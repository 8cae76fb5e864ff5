"""The gallery of pairs, and the training images that came back most often."""

import numpy as np
import streamlit as st

from pages._parts.show.figures import figure, show_row
from pages._parts.show.text import plain
from side_core.extraction.matching import Match
from side_core.extraction.pairs import Pair, pairs_of
from side_core.extraction.returned import returned
from side_core.extraction.run import Extraction
from side_core.similarity.scores import SCORES, in_words
from side_core.wording import counted, rounded

_PER_PAGE = 16
_MOST_OFTEN = 8
_NAME_LENGTH = 24


def show_gallery(extraction: Extraction, noun: str, threshold: float) -> None:
    """Pairs (generated | nearest training image), nearest to a copy first; the button below a pair chooses it.

    Of a steered run they are three: steered, plain, the nearest training image of the steered one.
    """
    match, score = extraction.match, extraction.settings.score
    order = match.order(score)
    pages = -(-len(order) // _PER_PAGE)
    page = st.pagination(pages, key="gallery_page") if pages > 1 else 1
    chosen = match.names[chosen_position(match, order)]
    columns, least = (3, 280) if extraction.plain is not None else (4, 220)
    with st.container(key="gallery"), st.grid(columns, min_column_width=least, gap="small"):
        for pair in pairs_of(extraction, order[(page - 1) * _PER_PAGE : page * _PER_PAGE].tolist()):
            beats = bool(SCORES[score].beats(np.array(pair.value), threshold))
            with st.container(border=True, gap="xsmall"):
                show_row(_figures_of(extraction, noun, pair))
                st.button(
                    _score_line(extraction, noun, pair),
                    icon=":material/target:" if beats else None,
                    key=f"pair-{pair.name}",
                    type="primary" if pair.name == chosen else "secondary",
                    width="stretch",
                    help="Show this pair in detail." + (" It beats the threshold." if beats else ""),
                    on_click=st.session_state.__setitem__,
                    args=("chosen_name", pair.name),
                )
                st.caption(_words_below(extraction, noun, pair))


def _figures_of(extraction: Extraction, noun: str, pair: Pair) -> list[str]:
    """The pictures of one card, with a word below each where there are three."""
    data, symbol, twin = extraction.subject.data, SCORES[extraction.settings.score].symbol, pair.twin
    made = f"with seed {pair.name}" if noun == "seed" else f"picture {pair.name}"
    alt = f"{made}, {symbol} {pair.value:.2f}"
    training, nearest = data.images[pair.nearest], f"Its nearest training image, {data.ids[pair.nearest]}"
    if twin is None:
        return [figure(pair.image, f"Generated {alt}"), figure(training, nearest)]
    return [
        figure(pair.image, f"Steered {alt}", "steered"),
        figure(twin.image, f"Plain with the same seed, {symbol} {twin.value:.2f}", "plain"),
        figure(training, nearest, "training"),
    ]


def _score_line(extraction: Extraction, noun: str, pair: Pair) -> str:
    """What the button of a card says."""
    score = f"{SCORES[extraction.settings.score].symbol} **{pair.value:.2f}**"
    if pair.twin is not None:
        return f"{score} (plain {pair.twin.value:.2f}, {pair.change})"
    return f"{score} · {_called(noun, plain(pair.name, _NAME_LENGTH))}"


def _words_below(extraction: Extraction, noun: str, pair: Pair) -> str:
    """What the score means; of a steered picture, whose score stands beside another, which one it is.

    Where training images have captions, also that of the nearest.
    """
    if pair.cluster is not None:
        which = f"{_called(noun, pair.name)} · " if pair.twin is not None else ""
        return f"{which}steered to cluster {pair.cluster}"
    words = in_words(extraction.settings.score, pair.value, extraction.settings.encoder)
    words += f", {pair.view}" if str(pair.view) else ""
    captions = extraction.subject.data.captions
    return words if captions is None else f"{words} · {plain(str(captions[pair.nearest]))}"


def _called(noun: str, name: str) -> str:
    """A picture's name; a seed's number needs the word."""
    return f"seed {name}" if noun == "seed" else name


def chosen_position(match: Match, order: np.ndarray) -> int:
    """Position of the pair the person chose; at first the nearest to a copy."""
    name = st.session_state.get("chosen_name")
    return match.names.index(name) if name in match.names else int(order[0])


def show_returned(extraction: Extraction, noun: str, threshold: float) -> None:
    """The training images that came back most often, with how often and in which picture best."""
    match, data, score = extraction.match, extraction.subject.data, extraction.settings.score
    kind = SCORES[score]
    came_back = [item for item in returned(match.training, score, threshold) if item.times]
    st.markdown("**Most extracted training images**")
    if not came_back:
        st.caption(f"No picture beats the threshold {kind.symbol} {kind.sign} {rounded(threshold)}.")
        return
    total = sum(item.times for item in came_back)
    st.caption(
        f"{total:,} of {counted(len(match.names), 'picture')} {'brings' if len(match.names) == 1 else 'bring'} back "
        f"{len(came_back):,} of {counted(match.training.searched, 'different training image')}."
    )
    show_row(
        [
            figure(
                data.images[item.row],
                f"Training image {data.ids[item.row]}, came back {counted(item.times, 'time')}",
                f"{item.times} ×, best {kind.symbol} {item.best:.2f} ({_called(noun, match.names[item.best_sample])})",
            )
            for item in came_back[:_MOST_OFTEN]
        ],
        least="6rem",
        most="9rem",
    )
