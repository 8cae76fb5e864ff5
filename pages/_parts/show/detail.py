"""One pair of the gallery in detail, over the page it was chosen on."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from pages._parts.show.card import show_large
from pages._parts.show.clusters import show_cluster
from pages._parts.show.figures import figure, show_row
from pages._parts.show.gallery import cards_of
from pages._parts.show.text import plain
from side_core.extraction.animation import animate
from side_core.extraction.pairs import Pair, pairs_of
from side_core.extraction.run import Extraction
from side_core.sampling.picture import Picture
from side_core.similarity.scores import SCORES, in_words
from side_core.similarity.views import as_compared

_TEN = 10
_LARGEST_DETAILS = 12  # attributes of a training image that are shown


def show_detail(extraction: Extraction, noun: str, pictures: Mapping[str, Picture], name: str) -> None:
    """Open a dialog with one pair.

    Args:
        extraction: it belongs to.
        noun: what a picture's name is: a seed, or a picture.
        pictures: drawn ones, with their way from noise, by name.
        name: of the picture; nothing happens where it is none of this extraction.
    """
    if name not in extraction.match.names:
        return

    @st.dialog(f"{noun.capitalize()} {plain(name, 60)}", width="large")
    def body() -> None:
        show_pair(extraction, noun, pictures.get(name), extraction.match.names.index(name))

    body()


def show_pair(extraction: Extraction, noun: str, picture: Picture | None, position: int) -> None:
    """One pair in detail: large, difference, path from noise, ten nearest training images, nearest control image.

    Of a steered run also the same seed drawn without the surrogate, and the cluster that was steered to.
    """
    (pair,) = pairs_of(extraction, [position])
    large, words = st.columns([1, 1], gap="medium")
    with large:
        show_large(cards_of(extraction, noun, [position])[0], key=f"pair-{pair.name}")
    with words:
        _show_words(extraction, pair, position)
    steering = extraction.steering
    if steering is not None and pair.cluster is not None:
        cohesion = steering.surrogate.cohesion[pair.cluster]
        st.markdown(f"**Steered to cluster {pair.cluster}** (cohesion {cohesion:.2f}), by what the model drew of it")
        show_cluster(steering.surrogate, pair.cluster, most="5rem")
    if picture is not None and len(picture.path) > 1:
        st.markdown("**From noise to image**: what the model takes the clean image to be, step by step")
        path = zip(picture.path, picture.path_timesteps, strict=True)
        show_row([figure(image, f"Estimate at timestep {t}", f"t = {t}") for image, t in path], most="5rem")
        st.download_button(
            "Path as GIF",
            lambda: animate([frame[None] for frame in picture.path]),
            f"{noun}-{pair.name}.gif",
            "image/gif",
            icon=":material/animation:",
            on_click="ignore",
        )
    st.markdown("**Its ten nearest training images**, by distance")
    neighbours, data = extraction.match.training.neighbours, extraction.subject.data
    near = zip(neighbours.rows[position, :_TEN], neighbours.distances[position, :_TEN], strict=True)
    show_row([figure(data.images[row], str(data.ids[row]), f"{distance:.3f}") for row, distance in near], most="5rem")


def _show_words(extraction: Extraction, pair: Pair, position: int) -> None:
    """Its scores, how the two differ, the nearest control image, and what is known of the training image."""
    match, settings, twin = extraction.match, extraction.settings, pair.twin
    data, control, score = extraction.subject.data, extraction.subject.control, settings.score
    line = f"{SCORES[score].symbol} **{pair.value:.3f}** against the training images "
    line += f"({in_words(score, pair.value, settings.encoder)})"
    if match.control is not None:
        line += f", **{match.control.scores.by_name(score)[position]:.3f}** against the control"
    if twin is not None:
        whose = "the same image" if twin.nearest == pair.nearest else plain(str(data.ids[twin.nearest]))
        line += f". Plain, the same seed is at **{twin.value:.3f}**, nearest to {whose}"
    st.markdown(f"{line}.")
    seen, original = as_compared(pair.image, data.images[pair.nearest], pair.view, match.views)
    difference = np.abs(seen.astype(int) - original).astype(np.uint8)
    by = f", {pair.view}" if str(pair.view) else ""
    cells = [(difference, f"their difference{by}, at most {difference.max()} of 255")]
    if twin is not None:
        cells.insert(0, (twin.image, "plain, the same seed"))
    if match.control is not None and control is not None:
        stranger = match.control.neighbours.rows[position, 0]
        cells.append((control.images[stranger], f"nearest control image, {control.ids[stranger]}"))
    show_row([figure(image, caption, caption) for image, caption in cells], least="5rem", most="8rem")
    known = [plain(str(data.ids[pair.nearest])), *_details(extraction, pair.nearest)]
    st.caption(f"The training image: {', '.join(known)}")


def _details(extraction: Extraction, row: int) -> list[str]:
    """What is known about a training image, as Markdown that shows it as it is."""
    data, copies = extraction.subject.data, int(extraction.references.copies[row])
    known = {} if data.labels is None else {"label": data.labels[row]}
    known |= {} if data.captions is None else {"caption": data.captions[row]}
    known |= {name: values[row] for name, values in data.attributes.items()}
    known = {name: value for name, value in known.items() if value not in ("", "none") and not value.startswith("#")}
    parts = [f"{plain(name.replace('_', ' '))} {plain(str(value))}" for name, value in known.items()]
    if (near := int(extraction.references.training.groups.sizes[row])) > copies:
        parts.insert(0, f"one of {near} near-duplicates in the training set")
    if copies > 1:
        parts.insert(0, f"{copies} times in the training set")
    return parts[:_LARGEST_DETAILS]
