"""The pictures of a run of the history, nearest to a copy first."""

import numpy as np
import streamlit as st

from pages._parts.runtime.resources import open_surrogate
from pages._parts.show.clusters import show_kept_clusters
from pages._parts.show.figures import figure, show_row
from pages._parts.show.text import plain, say_error
from pages._parts.surrogate.saving import offer_steering
from side_core.methods import METHODS
from side_core.runs.reading import names_in, result_in, seeds_of
from side_core.runs.result import Result
from side_core.runs.run import Run
from side_core.runs.workspace import Workspace
from side_core.sampling.picture_files import read_pictures, seeds_in
from side_core.similarity.scores import SCORES, in_words
from side_core.surrogate.folder import CARD

_PER_PAGE, _FINISHED_PER_PAGE = 12, 64
_CHART = 760  # pixels wide


def show_pairs(here: Workspace, run: Run) -> None:
    """Pairs (generated | nearest training image), some a page; only those of the page are read.

    Raises:
        ValueError: files are damaged, or pictures are gone.
    """
    names = names_in(here, run)
    pages = -(-len(names) // _PER_PAGE)
    page = min(st.session_state.get("history_pairs", 1), pages)
    st.markdown("**Pictures beside their nearest training images**, nearest to a copy first")
    with st.container():
        shown = set(names[(page - 1) * _PER_PAGE : page * _PER_PAGE])
        result = result_in(here, run, shown)
        places = [int(place) for place in result.order() if result.names[place] in shown]
        columns, least = (3, 280) if result.plain else (4, 220)
        with st.grid(columns, min_column_width=least, gap="small"):
            for place in places:
                _show_pair(result, place)
    if pages > 1:
        st.pagination(pages, key="history_pairs")


def _show_pair(result: Result, place: int) -> None:
    """One picture, its plain twin if it has one, and its nearest training image."""
    kind, name = SCORES[result.score], result.names[place]
    value, nearest = float(result.scores[result.score][place]), int(result.nearest[place])
    called = f"seed {name}" if result.kind == "extract" else name
    figures = [figure(result.images[place], f"Generated, {called}, {kind.symbol} {value:.2f}", "generated")]
    if name in result.plain:
        figures[0] = figure(result.images[place], f"Steered, {called}, {kind.symbol} {value:.2f}", "steered")
        figures.append(figure(result.plain[name], f"Plain, {called}", "plain"))
    training = result.training_ids[nearest]
    figures.append(figure(result.training[nearest], f"Nearest training image, {training}", "training"))
    beats = bool(kind.beats(np.array(value), _threshold_in(result)))
    with st.container(border=True, gap="xsmall"):
        show_row(figures)
        mark = ":material/target: " if beats else ""
        st.markdown(f"{mark}{kind.symbol} **{value:.2f}** · {plain(called, 40)}")
        words = in_words(result.score, value, result.settings["encoder"])
        st.caption(f"{'Beats the threshold, ' if beats else ''}{words}")


def _threshold_in(result: Result) -> float:
    """From which score on a picture counts."""
    return float(result.summary["scores"][result.score]["threshold"])


def show_finished(here: Workspace, run: Run) -> None:
    """The pictures of a run that was not scored, by seed."""
    if not run.pictures:
        return
    folder = here.pictures / run.pictures
    there = seeds_in(folder)
    seeds = [seed for seed in seeds_of(run) if seed in there]
    if not seeds:
        st.caption("None of its pictures is there.")
        return
    pages = -(-len(seeds) // _FINISHED_PER_PAGE)
    first = (min(st.session_state.get("history_finished", 1), pages) - 1) * _FINISHED_PER_PAGE
    st.markdown("**Finished pictures**, by seed")
    pictures = read_pictures(folder, seeds[first : first + _FINISHED_PER_PAGE])
    show_row(
        [figure(picture.image, f"Generated with seed {seed}", str(seed)) for seed, picture in pictures.items()],
        least="4rem",
        most="6rem",
    )
    if pages > 1:
        st.pagination(pages, key="history_finished")


def show_files(here: Workspace, run: Run) -> None:
    """Of a method its pictures, of a surrogate its clusters; and where its files are."""
    folder = here.run_folder(run.id)
    method = METHODS.get(run.kind)
    for name, words in method.pictures.items() if method else ():
        if (folder / name).is_file():
            st.markdown(f"**{words}**")
            st.image(str(folder / name), alt=words, width=_CHART)
    if run.kind == "surrogate" and (folder / CARD).is_file():
        try:
            surrogate = open_surrogate(str(folder))
        except ValueError as error:
            say_error(error)
        else:
            offer_steering(run.model, str(folder))
            st.markdown("**What it has learned to tell apart**, some pictures of each")
            show_kept_clusters(surrogate, key="history_clusters")
    st.caption(f"Tables and all other files: {plain(str(folder), 400)}")
