"""What the tour shows things on: the embedded model, a few pictures it draws, and what they are matched with."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._parts.runtime.device_queue import in_turn
from pages._parts.runtime.pictures import MEMORY
from pages._parts.runtime.resources import open_references, open_subject, open_surrogate, steered
from pages._parts.runtime.shared_cache import SharedCache
from side_core.dpm.denoiser import to_uint8
from side_core.extraction.matching import Match, match
from side_core.extraction.run import match_pictures
from side_core.extraction.subject import Subject
from side_core.progress import finish
from side_core.sampling.drawing import draw
from side_core.sampling.missing import SampleSet, draw_missing
from side_core.sampling.schedule import schedule_of
from side_core.settings import ExtractSettings
from side_core.surrogate.classifier import TimeClassifier
from side_core.surrogate.surrogate import Surrogate

MODEL = "pixel-faces"
_SETTINGS = ExtractSettings(model=MODEL, mode="fast", steps=25)
FACES = (13, 47, 18, 24, 7, 44, 20, 40)  # seeds: some come near a training image, some do not
_QUICK = _SETTINGS.model_copy(update={"solver": "multistep", "steps": 10, "count": 6})  # so that a slider is live


@dataclass(frozen=True, eq=False)
class Paths:
    """The way of all FACES from noise to image.

    Attributes:
        timesteps: (k,) of the steps.
        noise: (k,) share of noise that is left after each, 0..1.
        noisy: (k, n, H, W, 3) uint8 the state after each step.
        estimates: (k, n, H, W, 3) uint8 what the model took the image to be.
    """

    timesteps: tuple[int, ...]
    noise: tuple[float, ...]
    noisy: np.ndarray
    estimates: np.ndarray

    @property
    def images(self) -> np.ndarray:
        """(n, H, W, 3) uint8 finished."""
        return self.noisy[-1]


PATHS: SharedCache[Paths] = SharedCache(2)
MATCHED: SharedCache[Match] = SharedCache(32)
_NETWORKS: SharedCache[TimeClassifier] = SharedCache(1)


def subject() -> Subject:
    """The embedded model with its training images, control and calibration."""
    return open_subject(_SETTINGS)


def surrogate() -> Surrogate:
    """The embedded model's own surrogate."""
    return open_surrogate(MODEL)


def network() -> TimeClassifier:
    """Its classifier, in float32."""
    known = surrogate()
    return _NETWORKS.get_or_make((known.fingerprint,), known.fresh_network)


def _key_of(model: Subject) -> tuple[str, str]:
    """What a picture depends on besides seed and settings."""
    return model.denoiser.fingerprint, str(model.denoiser.arithmetic)


def paths() -> Paths:
    """FACES from noise to image, drawn once."""
    model = subject()
    return PATHS.get_or_make(_key_of(model), lambda: _draw_paths(model))


def _draw_paths(model: Subject) -> Paths:
    """Draw FACES, keeping every step."""
    denoiser = model.denoiser
    schedule = schedule_of(_SETTINGS, denoiser)
    noisy, estimates = [], []
    with st.spinner("The model draws eight faces"):
        for drawing in in_turn(draw(denoiser, _SETTINGS.sampling, FACES)):
            noisy.append(to_uint8(denoiser.decode(drawing.step.x)))
            estimates.append(to_uint8(denoiser.decode(drawing.step.denoised)))
    noise = tuple((1 - alpha) ** 0.5 for alpha in schedule.alphas[1:])
    return Paths(schedule.timesteps, noise, np.stack(noisy), np.stack(estimates))


def matched(flipped: bool = False) -> Match:
    """FACES with their neighbours and scores; `flipped`: left and right exchanged."""
    model, images = subject(), paths().images
    found = images[:, :, ::-1] if flipped else images
    names = tuple(map(str, FACES))
    references = open_references(_SETTINGS, model)
    return MATCHED.get_or_make((*_key_of(model), FACES, flipped), lambda: match(found, names, references))


def steered_match(scale: float) -> Match:
    """The first few seeds, steered with this lambda (0: not at all), with their neighbours and scores."""
    model = subject()
    return MATCHED.get_or_make((*_key_of(model), _QUICK.seeds, scale), lambda: _draw_steered(model, scale))


def _draw_steered(model: Subject, scale: float) -> Match:
    """Draw and match them."""
    settings = _QUICK.model_copy(update={"surrogate": MODEL, "guidance_scale": scale})
    guided = steered(model, settings)
    samples = SampleSet(guided.denoiser, settings.plain_sampling, guided.guided_by)
    with st.spinner("The model draws six faces"):
        pictures = finish(in_turn(draw_missing(samples, MEMORY)))
    return match_pictures(samples.key, pictures, open_references(_SETTINGS, model))
