"""The gallery of pairs, the training images that came back most often, and one pair in detail."""

import numpy as np
import streamlit as st

from pages._parts.figures import figure, show_row
from pages._parts.pictures import Picture
from pages._parts.text import plain
from side_core.extraction.animation import animate
from side_core.extraction.matching import Match
from side_core.extraction.returned import returned
from side_core.extraction.run import Extraction
from side_core.similarity.scores import SCORES, in_words

PER_PAGE = 16
TEN = 10
MOST_OFTEN = 8
NAME_LENGTH = 24
LARGEST_DETAILS = 12  # attributes of a training image that are shown


def show_gallery(extraction: Extraction, noun: str, threshold: float) -> None:
    """Pairs (generated | nearest training image), nearest to a copy first; the button below a pair chooses it."""
    match, data, score = extraction.match, extraction.subject.data, extraction.settings.score
    kind, encoder = SCORES[score], extraction.settings.encoder
    order = match.order(score)
    values = match.training.scores.by_name(score)
    beats = kind.beats(values, threshold)
    pages = -(-len(order) // PER_PAGE)
    page = st.pagination(pages, key="gallery_page") if pages > 1 else 1
    chosen = chosen_position(match, order)
    with st.container(key="gallery"), st.grid(4, min_column_width=220, gap="small"):
        for place in order[(page - 1) * PER_PAGE : page * PER_PAGE]:
            name, value = match.names[place], float(values[place])
            nearest = match.training.neighbours.rows[place, 0]
            made = f"with seed {name}" if noun == "seed" else f"picture {name}"
            with st.container(border=True, gap="xsmall"):
                show_row(
                    [
                        figure(match.images[place], f"Generated {made}, {kind.symbol} {value:.2f}"),
                        figure(data.images[nearest], f"Its nearest training image, {data.ids[nearest]}"),
                    ]
                )
                st.button(
                    f"{kind.symbol} **{value:.2f}** · {called(noun, plain(name, NAME_LENGTH))}",
                    icon=":material/target:" if beats[place] else None,
                    key=f"pair-{name}",
                    type="primary" if place == chosen else "secondary",
                    width="stretch",
                    help="Show this pair in detail." + (" It beats the threshold." if beats[place] else ""),
                    on_click=st.session_state.__setitem__,
                    args=("chosen_name", name),
                )
                st.caption(in_words(score, value, encoder))


def called(noun: str, name: str) -> str:
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
        st.caption(f"No picture beats the threshold {kind.symbol} {kind.sign} {threshold:.3g}.")
        return
    total = sum(item.times for item in came_back)
    st.caption(
        f"{total:,} of {len(match.names):,} pictures bring back {len(came_back):,} of {match.training.searched:,} "
        "different training images."
    )
    show_row(
        [
            figure(
                data.images[item.row],
                f"Training image {data.ids[item.row]}, came back {item.times} times",
                f"{item.times} ×, best {kind.symbol} {item.best:.2f} ({called(noun, match.names[item.best_sample])})",
            )
            for item in came_back[:MOST_OFTEN]
        ],
        least="6rem",
        most="9rem",
    )


def show_pair(extraction: Extraction, noun: str, picture: Picture | None, position: int) -> None:
    """One pair in detail: difference, path from noise, ten nearest training images, nearest control image."""
    match, settings = extraction.match, extraction.settings
    data, control, score = extraction.subject.data, extraction.subject.control, settings.score
    name = match.names[position]
    nearest = match.training.neighbours.rows[position, 0]
    kind = SCORES[score]
    value = float(match.training.scores.by_name(score)[position])
    st.subheader(f"{noun.capitalize()} {plain(name)} in detail", anchor="pair")
    line = f"{kind.symbol} **{value:.3f}** against the training images ({in_words(score, value, settings.encoder)})"
    if match.control is not None:
        line += f", **{match.control.scores.by_name(score)[position]:.3f}** against the control"
    st.markdown(f"{line}.")
    difference = np.abs(match.images[position].astype(int) - data.images[nearest]).astype(np.uint8)
    cells = [
        (match.images[position], "generated"),
        (data.images[nearest], f"nearest training image, {data.ids[nearest]}"),
        (difference, f"their difference, at most {difference.max()} of 255"),
    ]
    if match.control is not None and control is not None:
        stranger = match.control.neighbours.rows[position, 0]
        cells.append((control.images[stranger], f"nearest control image, {control.ids[stranger]}"))
    show_row([figure(image, caption, caption) for image, caption in cells], least="8rem")
    if known := details(extraction, int(nearest)):
        st.caption(f"The training image: {known}")
    if picture is not None and len(picture.path) > 1:
        st.markdown("**From noise to image**: what the model takes the clean image to be, step by step")
        path = zip(picture.path, picture.path_timesteps, strict=True)
        show_row([figure(image, f"Estimate at timestep {t}", f"t = {t}") for image, t in path], most="6rem")
        st.download_button(
            "Path as GIF",
            animate([frame[None] for frame in picture.path]),
            f"{noun}-{name}.gif",
            "image/gif",
            icon=":material/animation:",
            on_click="ignore",
        )
    st.markdown("**Its ten nearest training images**, by distance")
    neighbours = match.training.neighbours
    near = zip(neighbours.rows[position, :TEN], neighbours.distances[position, :TEN], strict=True)
    show_row([figure(data.images[row], str(data.ids[row]), f"{distance:.3f}") for row, distance in near], most="6rem")


def details(extraction: Extraction, row: int) -> str:
    """What is known about a training image, as Markdown that shows it as it is."""
    data, copies = extraction.subject.data, int(extraction.references.copies[row])
    known = {} if data.labels is None else {"label": data.labels[row]}
    known |= {} if data.captions is None else {"caption": data.captions[row]}
    known |= {name: values[row] for name, values in data.attributes.items()}
    known = {name: value for name, value in known.items() if value not in ("", "none") and not value.startswith("#")}
    parts = [f"{plain(name.replace('_', ' '))} {plain(str(value))}" for name, value in known.items()]
    if copies > 1:
        parts.insert(0, f"{copies} times in the training set")
    return ", ".join(parts[:LARGEST_DETAILS])
