"""Extract's map: what was drawn lands on or between training images; a click tells how often one came back."""

import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.links import checks
from pages._parts.runtime.computer import on_computer
from pages._parts.runtime.pictures import SHIPPED
from pages._parts.runtime.shared_cache import SharedCache
from pages._parts.show.figures import figure, show_row
from pages._parts.show.map import PLAIN, STEERED, Point, Touched, show_atlas, show_map, tick
from pages._parts.show.shown import Shown
from pages._parts.show.text import plain
from side_core.extraction.landing import Landing, landed, landings_of, map_fingerprint
from side_core.extraction.references import References
from side_core.extraction.run import Extraction
from side_core.files.assets import MAPS
from side_core.similarity.plane import Plane, plane_of
from side_core.similarity.scores import SCORES

_PLANES: SharedCache[Plane] = SharedCache(4)
_LANDINGS: SharedCache[list[Landing]] = SharedCache(64)
_EVERY = 1.0  # seconds between two messages to a map: each makes the browser work, on the very cores that draw
_NOTE = "A map shows who looks like whom; how far apart two groups are says nothing."


def map_input() -> bool:
    """Whether the map is shown."""
    checks.flag("map", "Map", False)
    return st.toggle("Map", key="map", bind="query-params", help="Where the pictures land among the training images.")


def open_plane(model: str, references: References) -> Plane:
    """The map of the training images, laid out once.

    Raises:
        ValueError: the cache cannot be written.
    """
    fingerprint = map_fingerprint(references)
    shipped = MAPS / model if (MAPS / model).is_dir() else None

    def make() -> Plane:
        with st.spinner("The training images are laid out, once"):
            return plane_of(references.training.vectors, fingerprint, shipped)

    return _PLANES.get_or_make((fingerprint,), make)


def live_map(
    place: DeltaGenerator, model: str, references: References, steered: bool
) -> tuple[Callable[[np.ndarray], None], DeltaGenerator]:
    """What is told the estimates of pictures that are being drawn, (n, H, W, 3) uint8, and moves them over a map.

    Args:
        place: where the faces of the map go, and the map.
        model: whose training images are on it.
        references: those.
        steered: how the pictures look.

    Returns:
        That, and where the map is, to be emptied in the end.
    """
    number, told, plane = 0, 0.0, open_plane(model, references)
    with place:
        show_atlas(plane, references.training.images)
        spot = st.empty()

    def show(estimates: np.ndarray) -> None:
        nonlocal number, told
        if time.monotonic() - told < _EVERY:
            return
        told = time.monotonic()
        if not number:
            with spot.container():
                show_map([], "Drawn pictures on their way from noise.", "map-live", STEERED if steered else PLAIN)
        number += 1
        tick(on_computer(lambda: landed(estimates, references, plane)), number)

    return show, spot


def show_landings(shown: Shown, model: str) -> Touched:
    """All pictures of a run on the map, whose faces `live_map` has sent; steered ones and their plain twins."""
    extraction = shown.extraction
    plane = open_plane(model, extraction.references)
    points, steered = [], extraction.guided_by is not None
    kinds = (STEERED, PLAIN) if steered else (PLAIN,)
    for kind, (key, pictures) in zip(kinds, shown.drawn.items(), strict=False):
        known = {seed: picture for seed, picture in sorted(pictures.items()) if not picture.lost}
        found = _LANDINGS.get_or_make(
            (map_fingerprint(extraction.references), key, tuple(known)),
            partial(on_computer, partial(landings_of, known, extraction.references, plane)),
        )
        for landing in found:
            points.append(Point(landing, kind, f"seed {landing.name}, {kind}"))
    legend = "▲ steered, ● the same seeds without. " if steered else "● drawn by the model alone. "
    legend += "A mark on a face is near that face alone; one between faces is near several. Click one; draw round some."
    touched = show_map(points, f"{legend} {_NOTE} {plane.note}".strip())
    if touched.face is not None:
        _show_face(extraction, touched.face)
    return touched


def _show_face(extraction: Extraction, row: int) -> None:
    """Open a dialog with one training image: how often, at which lambda and from which seeds it came back."""
    data = extraction.references.training.images

    @st.dialog(f"Training image {plain(str(data.ids[row]), 60)}")
    def body() -> None:
        show_row([figure(data.images[row], f"Training image {data.ids[row]}")], most="10rem")
        st.markdown(came_back_in_words(extraction, row))
        if shipped := came_back_shipped(extraction, row):
            lines = [f"- λ = {scale:g}: {_named(seeds)}" for scale, seeds in shipped.items()]
            st.markdown("Among the pictures that the app ships:\n" + "\n".join(lines))
        elif shipped is not None:
            st.caption("Among the pictures that the app ships it never came back.")

    body()


def came_back_in_words(extraction: Extraction, row: int) -> str:
    """How often a training image came back in a run, and how near the nearest picture came that did not count."""
    match, score = extraction.match, extraction.settings.score
    kind, values = SCORES[score], match.training.scores.by_name(score)
    mine = match.training.neighbours.rows[:, 0] == row
    if not mine.any():
        return "None of the pictures shown here is nearest to it."
    beats = kind.beats(values, extraction.threshold) & mine
    seeds = [match.names[place] for place in np.flatnonzero(beats)]
    best = f"{kind.symbol} {kind.best(values[mine]):.2f}"
    if not seeds:
        return (
            f"Nearest to {mine.sum()} of {len(mine)} pictures shown here, at best {best}: none counts as a copy of it."
        )
    return f"**Came back {len(seeds)} of {len(mine)} times** here, at best {best}: {_named(seeds)}."


def came_back_shipped(extraction: Extraction, row: int) -> Mapping[float, list[str]] | None:
    """Seeds by lambda that brought a training image back among what is shipped; None where nothing of this is."""
    settings, data = extraction.settings, extraction.references.training.images
    strips = SHIPPED.named(getattr(settings, "model", ""), getattr(settings, "surrogate", None))
    if strips is None or strips.are_of_others({"data": data.fingerprint}):
        return None
    kind, name, found = SCORES[strips.settings["score"]], str(data.ids[row]), {}
    for strip in strips.strips:
        beats = kind.beats(np.array(strip.scores), strips.threshold)
        seeds = [
            str(seed) for seed, id_, beat in zip(strips.seeds, strip.ids, beats, strict=True) if beat and id_ == name
        ]
        if seeds:
            found[strip.scale] = seeds
    return found


def _named(seeds: list[str]) -> str:
    """Seeds with the noun."""
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}"
