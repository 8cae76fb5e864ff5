"""Theory, measured: how far a model is from its training set, and how much noise a picture can stand."""

import itertools
from typing import Literal

from pydantic import Field, field_validator

from side_core.settings.base import Settings
from side_core.settings.sampling import EXACT_MODE, Mode

Experiment = Literal["divergence", "labels", "growth", "return"]
Form = Literal["path", "likelihood", "both"]
LEAST_IMAGES = 8  # fewer have no interval worth the name


class TheorySettings(Settings):
    """One experiment on one model."""

    experiment: Experiment = Field(
        "divergence",
        title="Experiment",
        description="divergence: how far the model is from its training set, in nats. labels: how "
        "much nearer it comes when it is told what a picture is. growth: when copying "
        "turns into inventing, as models are trained on more images. return: how much noise a picture can stand and "
        "still come back.",
        json_schema_extra={"positional": True},
    )
    model: str = Field(
        "pixel-faces", title="Model", description="A built-in name, a diffusers folder or a model of the Hub."
    )
    data: str | None = Field(
        None, title="Training images", description="Left out: those that the model says it was trained on."
    )
    control: str | None = Field(
        None, title="Control images", description="Of the same kind, never seen by the model. Left out: its own."
    )
    family: str | None = Field(
        None,
        title="Family of models",
        description="Of the growth, in the place of the model: a folder that `train growth` made. Left out: the "
        "shipped one.",
    )
    surrogates: tuple[str, ...] | None = Field(
        None,
        title="Surrogates",
        description="Of the labels: whose clusters are the labels. Left out: the shipped ones of the model.",
    )
    prompt: str | None = Field(
        None, title="Prompt", description="What a text-to-image model is asked for all the while.", max_length=2000
    )
    images: int = Field(
        64,
        ge=LEAST_IMAGES,
        le=100_000,
        title="Images",
        description="Of the training images and of the control, evenly spread; each is measured.",
        json_schema_extra={"live_max": 256},
    )
    count: int = Field(
        256,
        ge=LEAST_IMAGES,
        le=100_000,
        title="Pictures drawn",
        description="Of the growth: by each model.",
        json_schema_extra={"live_max": 512},
    )
    noise_levels: str | None = Field(
        None,
        title="Noise levels",
        description="Standard deviations of the noise for images in -1..1, growing, such as 0.05,0.1,0.2. Left out: a "
        "curve, and for the likelihood 0.1.",
    )
    form: Form = Field(
        "path",
        title="Form",
        description="path: against the ideal denoiser, an upper bound, quick. likelihood: by the probability-flow ODE, "
        "the definition, a hundred times as long. both.",
    )
    ode_steps: int = Field(
        20,
        ge=4,
        le=500,
        title="Steps of the ODE",
        description="Of the likelihood's coarse grid; a second one has twice as many, and the two are extrapolated.",
    )
    draws: int = Field(4, ge=1, le=64, title="Draws", description="Of the return: how often each picture is noised.")
    steps: int = Field(10, ge=1, le=250, title="Steps", description="Of the return: denoising steps from the noise.")
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed", description="Of all noise.")
    mode: Mode = EXACT_MODE

    @field_validator("noise_levels")
    @classmethod
    def readable(cls, text: str | None) -> str | None:
        """Growing numbers above 0."""
        if text is not None:
            read_levels(text)
        return text

    @property
    def levels(self) -> tuple[float, ...] | None:
        """The noise levels that were asked for; None where that is left to the model."""
        return None if self.noise_levels is None else read_levels(self.noise_levels)


def read_levels(text: str) -> tuple[float, ...]:
    """Noise levels as they are written.

    Raises:
        ValueError: something else than growing numbers above 0.
    """
    try:
        levels = tuple(float(part) for part in text.replace(",", " ").split())
    except ValueError:
        levels = ()
    if not levels or not all(0 < level < 1e6 for level in levels):
        raise ValueError("give numbers above 0, such as 0.05,0.1,0.2")
    if any(low >= high for low, high in itertools.pairwise(levels)):
        raise ValueError("noise levels grow: give for example 0.05,0.1,0.2")
    return levels
