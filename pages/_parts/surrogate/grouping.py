"""The second step to a surrogate: images become groups of like features, at once and anew with every slider."""

from typing import Any

import streamlit as st

from pages._parts.inputs import controls
from pages._parts.inputs.encoder_weights import weights_input
from pages._parts.runtime.device_queue import in_turn
from pages._parts.runtime.shared_cache import SharedCache
from pages._parts.runtime.work import run_with_progress
from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser, HasBottleneck
from side_core.settings import SurrogateSettings
from side_core.similarity.embeddings import Embedding
from side_core.similarity.encoder import Encoder, open_encoder
from side_core.surrogate.building import Material, grouping
from side_core.surrogate.clusters import Clusters, check_clusters, relabel

_MOST_CLUSTERS = 1000  # that a page regroups at once
_LEAST_LIKENESS, _MOST_SMALLEST = 0.5, 20
_EVERY = -1.0  # tau that drops nothing

_ENCODERS: SharedCache[Encoder] = SharedCache(4)
_GROUPED: SharedCache[Clusters] = SharedCache(16)  # before any is dropped, so that tau groups nothing anew


def grouping_inputs(denoiser: Denoiser) -> dict[str, Any]:
    """Where labels come from, features, K and tau; of duplicates also how like and how many they are."""
    left, right = st.columns(2)
    with left:
        chosen = {"label_source": controls.choice("label_source", of=SurrogateSettings)}
    with right:
        chosen |= _encoder_inputs(denoiser)
    duplicates = chosen["label_source"] == "duplicates"
    places = iter(st.columns(4 if duplicates else 2))
    if duplicates:
        with next(places):
            chosen["likeness"] = controls.slider(
                "likeness", low=_LEAST_LIKENESS, high=1.0, step=0.01, of=SurrogateSettings
            )
        with next(places):
            chosen["smallest"] = controls.slider("smallest", high=_MOST_SMALLEST, of=SurrogateSettings)
    with next(places):
        chosen["clusters"] = controls.slider("clusters", high=_MOST_CLUSTERS, of=SurrogateSettings)
    with next(places):
        chosen["cohesion"] = controls.slider("cohesion", low=0.0, high=1.0, step=0.01, of=SurrogateSettings)
    return chosen


def _encoder_inputs(denoiser: Denoiser) -> dict[str, Any]:
    """By which features images are grouped."""
    names = ["dpm", "pixel", "clip", "sscd"] if isinstance(denoiser, HasBottleneck) else ["pixel", "clip", "sscd"]
    encoder = controls.choice("encoder", options=names, default=names[0], of=SurrogateSettings)
    if encoder not in ("clip", "sscd"):
        return {"encoder": encoder}
    return {"encoder": encoder, "encoder_weights": weights_input(encoder, of=SurrogateSettings)}


def group(denoiser: Denoiser, synthetic: TrainingSet, settings: SurrogateSettings) -> Material:
    """The images in groups; shows progress. What was grouped before is kept, and tau groups nothing anew.

    Raises:
        ValueError: the encoder cannot be opened, K is too large, there are no duplicates, or no group is cohesive
            enough.
    """
    check_clusters(settings, len(synthetic))
    own = (settings.encoder, settings.encoder_weights, denoiser.fingerprint, str(denoiser.arithmetic))
    encoder = _ENCODERS.get_or_make(own, lambda: open_encoder(settings.encoder, settings.encoder_weights, denoiser))
    every = settings.model_copy(update={"cohesion": _EVERY})
    key = (synthetic.fingerprint, encoder.fingerprint, every.digest)
    whole = _GROUPED.get_or_make(key, lambda: run_with_progress(in_turn(grouping(synthetic, encoder, every)), _doing))
    if settings.label_source == "random":  # whose labels do not go by features
        return Material(synthetic, encoder, whole)
    return Material(synthetic, encoder, relabel(whole, settings.cohesion))


def _doing(event: object) -> str:
    """What an event belongs to, in a word."""
    return "Encoding images" if isinstance(event, Embedding) else "Rounds of grouping"
