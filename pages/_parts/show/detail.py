"""One pair of the gallery in detail."""

import numpy as np
import streamlit as st

from pages._parts.show.clusters import show_cluster
from pages._parts.show.figures import figure, show_row
from pages._parts.show.text import plain
from side_core.extraction.animation import animate
from side_core.extraction.pairs import pairs_of
from side_core.extraction.run import Extraction
from side_core.sampling.picture import Picture
from side_core.similarity.scores import SCORES, in_words
from side_core.similarity.views import as_compared

_TEN = 10
_LARGEST_DETAILS = 12  # attributes of a training image that are shown


def show_pair(extraction: Extraction, noun: str, picture: Picture | None, position: int) -> None:
    """One pair in detail: difference, path from noise, ten nearest training images, nearest control image.

    Of a steered run also the same seed drawn without the surrogate, and the cluster that was steered to.
    """
    match, settings = extraction.match, extraction.settings
    data, control, score = extraction.subject.data, extraction.subject.control, settings.score
    (pair,) = pairs_of(extraction, [position])
    name, value, nearest, twin, kind = pair.name, pair.value, pair.nearest, pair.twin, SCORES[score]
    st.subheader(f"{noun.capitalize()} {plain(name)} in detail", anchor="pair")
    line = f"{kind.symbol} **{value:.3f}** against the training images ({in_words(score, value, settings.encoder)})"
    if match.control is not None:
        line += f", **{match.control.scores.by_name(score)[position]:.3f}** against the control"
    if twin is not None:
        whose = "the same image" if twin.nearest == nearest else plain(str(data.ids[twin.nearest]))
        line += f". Plain, the same seed is at **{twin.value:.3f}**, nearest to {whose}"
    st.markdown(f"{line}.")
    seen, original = as_compared(pair.image, data.images[nearest], pair.view, match.views)
    difference = np.abs(seen.astype(int) - original).astype(np.uint8)
    cells = [
        (pair.image, "generated" if twin is None else "steered"),
        *([] if twin is None else [(twin.image, "plain, the same seed")]),
        (data.images[nearest], f"nearest training image, {data.ids[nearest]}"),
        (
            difference,
            f"their difference{f', {pair.view}' if str(pair.view) else ''}, at most {difference.max()} of 255",
        ),
    ]
    if match.control is not None and control is not None:
        stranger = match.control.neighbours.rows[position, 0]
        cells.append((control.images[stranger], f"nearest control image, {control.ids[stranger]}"))
    show_row([figure(image, caption, caption) for image, caption in cells], least="8rem")
    if known := _details(extraction, nearest):
        st.caption(f"The training image: {known}")
    steering = extraction.steering
    if steering is not None and pair.cluster is not None:
        cohesion = steering.surrogate.cohesion[pair.cluster]
        st.markdown(f"**Steered to cluster {pair.cluster}** (cohesion {cohesion:.2f}), by what the model drew of it")
        show_cluster(steering.surrogate, pair.cluster, most="6rem")
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
    near = zip(neighbours.rows[position, :_TEN], neighbours.distances[position, :_TEN], strict=True)
    show_row([figure(data.images[row], str(data.ids[row]), f"{distance:.3f}") for row, distance in near], most="6rem")


def _details(extraction: Extraction, row: int) -> str:
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
    return ", ".join(parts[:_LARGEST_DETAILS])
