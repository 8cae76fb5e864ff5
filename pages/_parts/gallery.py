"""The gallery of pairs, and one pair in detail."""

import numpy as np
import streamlit as st

from pages._parts.figures import figure, show_row
from pages._parts.pictures import Picture
from side_core.data.training_set import TrainingSet
from side_core.extraction.headline import Headline
from side_core.extraction.matching import Match
from side_core.similarity.scores import SCORES, in_words

PER_PAGE = 16
TEN = 10


def show_gallery(match: Match, data: TrainingSet, line: Headline) -> None:
    """Pairs (generated | nearest training image), nearest to a copy first; the button below a pair chooses it."""
    order = match.order(line.score)
    values = match.scores.by_name(line.score)
    pages = -(-len(order) // PER_PAGE)
    page = st.pagination(pages, key="gallery_page") if pages > 1 else 1
    chosen = chosen_position(match, order)
    with st.container(key="gallery"), st.grid(4, min_column_width=220, gap="small"):
        for place in order[(page - 1) * PER_PAGE : page * PER_PAGE]:
            seed, value = match.seeds[place], float(values[place])
            nearest = match.neighbours.rows[place, 0]
            beats = value < line.threshold
            with st.container(border=True, gap="xsmall"):
                symbol = SCORES[line.score].symbol
                show_row(
                    [
                        figure(match.images[place], f"Generated with seed {seed}, {symbol} {value:.2f}"),
                        figure(data.images[nearest], f"Its nearest training image, {data.ids[nearest]}"),
                    ]
                )
                st.button(
                    f"{symbol} **{value:.2f}** · seed {seed}",
                    icon=":material/target:" if beats else None,
                    key=f"pair-{seed}",
                    type="primary" if place == chosen else "secondary",
                    width="stretch",
                    help="Show this pair in detail." + (" It beats the threshold." if beats else ""),
                    on_click=st.session_state.__setitem__,
                    args=("chosen_seed", seed),
                )
                st.caption(in_words(line.score, value))


def chosen_position(match: Match, order: np.ndarray) -> int:
    """Position of the pair the person chose; at first the nearest to a copy."""
    seed = st.session_state.get("chosen_seed")
    return match.seeds.index(seed) if seed in match.seeds else int(order[0])


def show_pair(
    match: Match, picture: Picture, data: TrainingSet, control: TrainingSet, line: Headline, position: int
) -> None:
    """One pair in detail: difference, path from noise, ten nearest training images, nearest control image."""
    seed = match.seeds[position]
    nearest = match.neighbours.rows[position, 0]
    stranger = match.control_neighbours.rows[position, 0]
    kind = SCORES[line.score]
    value = match.scores.by_name(line.score)[position]
    against = match.control_scores.by_name(line.score)[position]
    st.subheader(f"Seed {seed} in detail", anchor="pair")
    st.markdown(
        f"{kind.symbol} **{value:.3f}** against the training images ({in_words(line.score, float(value))}), "
        f"**{against:.3f}** against the control."
    )
    difference = np.abs(match.images[position].astype(int) - data.images[nearest]).astype(np.uint8)
    cells = (
        (match.images[position], "generated"),
        (data.images[nearest], f"nearest training image, {data.ids[nearest]}"),
        (difference, f"their difference, at most {difference.max()} of 255"),
        (control.images[stranger], f"nearest control image, {control.ids[stranger]}"),
    )
    show_row([figure(image, caption, caption) for image, caption in cells], least="8rem")
    known = {name: values[nearest] for name, values in data.attributes.items()}
    known = {name: value for name, value in known.items() if value != "none" and not value.startswith("#")}
    if known:
        st.caption(
            "The training image: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in known.items())
        )
    st.markdown("**From noise to image**: what the model takes the clean image to be, step by step")
    path = zip(picture.path, picture.path_timesteps, strict=True)
    show_row([figure(image, f"Estimate at timestep {t}", f"t = {t}") for image, t in path], most="6rem")
    st.markdown("**Its ten nearest training images**, by distance")
    near = zip(match.neighbours.rows[position, :TEN], match.neighbours.distances[position, :TEN], strict=True)
    show_row([figure(data.images[row], str(data.ids[row]), f"{distance:.3f}") for row, distance in near], most="6rem")
