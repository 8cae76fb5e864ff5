"""Surrogate: make the small classifier that steers a model from nothing but the model, and look at what it learned."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from pages._parts.inputs import controls
from pages._parts.links import checks, notices
from pages._parts.links.link import SURROGATE, Opening, opening_of
from pages._parts.links.link_values import ASKED_OF_A_SURROGATE, COMPARE, LOAD, TRAIN
from pages._parts.runtime.recording import keep_files, keep_unseen
from pages._parts.runtime.resources import open_model, open_surrogate
from pages._parts.show.clusters import show_clusters
from pages._parts.show.heading import offer_link, show_heading
from pages._parts.show.text import say_error
from pages._parts.surrogate.card import show_difference, show_learned, show_surrogate
from pages._parts.surrogate.grouping import group, grouping_inputs
from pages._parts.surrogate.learning import Learned, lesson_inputs, train_live
from pages._parts.surrogate.saving import choose_surrogate, known_surrogates, offer_saving, offer_steering
from pages._parts.surrogate.synthetic import draw_live, drawing_inputs
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.description import describe
from side_core.dpm.folder import known_models
from side_core.runs.identity import surrogate_headline, surrogate_run, write_surrogate
from side_core.runs.recording import keep_folder
from side_core.runs.run import NewRun
from side_core.settings import PRESETS, SurrogateSettings

QUICK = PRESETS["quick"]


def train_new(model: str) -> None:
    """Draw, cluster, train, save: one step after the other, each as soon as the one before is done."""
    with st.container():  # what shows progress now and then lies in one: what follows keeps its place
        denoiser = open_model(model, QUICK.mode)
    st.header("1 · Draw", anchor=False)
    st.markdown("The model draws images. Its training images are never used.")
    chosen: dict[str, Any] = preset_for(denoiser) | drawing_inputs()
    with st.container():
        synthetic = draw_live(denoiser, SurrogateSettings.read(chosen))
    if synthetic is None:
        offer_settings(model, chosen)
        return
    st.header("2 · Cluster", anchor=False)
    st.markdown(
        "The images are put into clusters, each shown by the four nearest to its centre: **duplicates**, which the "
        "model draws again and again and has likely memorised, or k-means of all images, as SIDE publishes it. "
        "Those of little cohesion, below τ, are dropped."
    )
    chosen |= grouping_inputs(denoiser)
    settings = SurrogateSettings.read(chosen)
    with st.container():
        material = group(denoiser, synthetic, settings)
    show_clusters(material, settings.cohesion)
    st.header("3 · Train", anchor=False)
    st.markdown(
        "A small network learns to tell the kept clusters apart, at every level of noise: that is the surrogate. "
        "Some images are held out to see how well it does."
    )
    chosen |= lesson_inputs()
    with st.container():
        settings = SurrogateSettings.read(chosen)
        offer_settings(model, chosen)
        keep = partial(keep_alone, model, denoiser, settings)
        learned = train_live(model, denoiser, material, settings, keep)
    if learned is None:
        return
    show_learned(learned.surrogate, "surrogate")
    st.header("4 · Save", anchor=False)
    offer_saving(model, learned.surrogate)
    keep_surrogate(model, denoiser, settings, learned)


def offer_settings(model: str, chosen: dict[str, Any]) -> None:
    """A link with what was asked for yet; and what a link asks for that has no widget here."""
    offer_link(heading, opening_of(SurrogateSettings.read(chosen), model=model, fields=chosen))
    others = set(SurrogateSettings.model_fields) - set(ASKED_OF_A_SURROGATE)
    titles = [(name, str(SurrogateSettings.model_fields[name].title)) for name in sorted(others)]
    notices.unheeded(titles, "the page's own")


def keep_surrogate(model: str, denoiser: Denoiser, settings: SurrogateSettings, learned: Learned) -> None:
    """Keep what was learned in the history, also where it was stopped."""
    keep_files(*result_of(model, denoiser, settings, learned))


def keep_alone(model: str, denoiser: Denoiser, settings: SurrogateSettings, learned: Learned) -> None:
    """The same where nobody looks."""
    keep_unseen(lambda here: keep_folder(here, *result_of(model, denoiser, settings, learned)))


def result_of(
    model: str, denoiser: Denoiser, settings: SurrogateSettings, learned: Learned
) -> tuple[NewRun, int, str, Callable[[Path], Mapping[str, Any]]]:
    """The run of a training, how many steps it took, its headline, and what writes it into a folder."""
    surrogate = learned.surrogate
    taken = int(surrogate.card["training"]["steps"])
    done, asked = learned.stopped or (taken, taken)
    new = surrogate_run(model, denoiser, settings, asked)
    return new, done, surrogate_headline(surrogate), lambda folder: write_surrogate(surrogate, folder)


def preset_for(denoiser: Denoiser) -> dict[str, Any]:
    """What the quick preset says that has no widget; its window of guidance only where the schedule has room for it."""
    known = QUICK.model_dump(exclude_unset=True)
    if (QUICK.guide_to or 0) >= len(denoiser.alphas_cumprod):
        known = {name: value for name, value in known.items() if name not in ("guide_from", "guide_to")}
    return known


def load_one(model: str) -> None:
    """Show a saved surrogate and whether it fits the model."""
    name = choose_surrogate("Surrogate", "load", known_surrogates(model))
    offer_link(heading, Opening(SURROGATE, {"of": model, "way": LOAD, "load": name}))
    if not name:
        say_none()
        return
    surrogate = open_surrogate(name)
    if show_surrogate(surrogate, name, open_model(model, QUICK.mode)):
        offer_steering(model, name)


def compare_two(model: str) -> None:
    """Show two saved surrogates side by side."""
    known = known_surrogates(model)
    left, right = st.columns(2)
    with left:
        first = choose_surrogate("First surrogate", "one", known)
    with right:
        second = choose_surrogate("Second surrogate", "other", known, first=1)
    names = {"one": first, "other": second}
    offer_link(heading, Opening(SURROGATE, {"of": model, "way": COMPARE} | names))
    if not (first and second):
        say_none()
        return
    if first == second:
        raise ValueError(f"Both are '{first}': choose two different surrogates.")
    timesteps = len(open_model(model, QUICK.mode).alphas_cumprod)
    show_difference(open_surrogate(first), open_surrogate(second), (first, second), timesteps)


def say_none() -> None:
    """Nothing was chosen."""
    st.info("Name the folder of a surrogate, or train a new one first.", icon=":material/folder_open:")


heading = show_heading("Teach a surrogate", "surrogate")
st.markdown(
    "A surrogate is a small classifier that steers a model while it draws (SIDE), towards what the model remembers "
    "best. It is made from **nothing but the model**."
)
left, right = st.columns(2)
with left:
    # A page cannot lead on with a parameter that it is bound to itself, and this one does with `model`.
    model = controls.open_choice("model", known_models(), key="of", check=describe)
with right:
    checks.name("way", "What to do", [TRAIN, LOAD, COMPARE], TRAIN)
    way = st.segmented_control(
        "What to do", [TRAIN, LOAD, COMPARE], default=TRAIN, required=True, key="way", bind="query-params"
    )
try:
    {TRAIN: train_new, LOAD: load_one, COMPARE: compare_two}[way or TRAIN](model)
except ValueError as error:
    say_error(error)
