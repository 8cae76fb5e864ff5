"""How SIDE is measured against its baselines."""

from typing import Literal

from pydantic import Field

from side_core.settings.extraction import EncoderName, ScoreName
from side_core.settings.sampling import GuidanceSettings, Mode, SamplingSettings, Solver

MethodName = Literal["plain", "side", "k-means", "time-independent", "random", "cells", "attribute", "twin"]
EVALUATED: tuple[MethodName, ...] = (
    "plain",
    "side",
    "time-independent",
    "random",
    "cells",
    "twin",
    "k-means",
    "attribute",
)


class EvaluateSettings(GuidanceSettings, SamplingSettings):
    """One evaluation: every method on the same seeds, against the same images and control."""

    model: str = Field("pixel-faces", title="Model", description="The model examined.")
    data: str | None = Field(None, title="Training images", description="Left out: what the model was trained on.")
    control: str | None = Field(None, title="Control images", description="Left out: the model's own.")
    twin: str | None = Field(
        None,
        title="Twin model",
        description="Trained alike on other images; the surrogate of the model steers it, and must bring back nothing. "
        "Left out: the model's own, if it has one.",
    )
    methods: tuple[MethodName, ...] | None = Field(
        None,
        title="Methods",
        description="plain, side, k-means, time-independent, random, cells, attribute, twin. Left out: all that there "
        "are images and a twin for.",
    )
    count: int = Field(4096, ge=64, le=1_000_000, title="Images a method")
    seed: int = Field(100_000, ge=0, le=2**31 - 1, title="First seed", description="Not those settings were chosen on.")
    steps: int = Field(10, ge=1, le=1000, title="Steps")
    solver: Solver = Field("multistep", title="Solver")
    mode: Mode = Field("fast", title="Arithmetic")
    batch_size: int = Field(128, ge=1, le=4096, title="Batch size", description="Images drawn at once.")
    preset: Literal["quick", "reported"] = Field("reported", title="How surrogates are trained")
    surrogate_seeds: int = Field(3, ge=1, le=20, title="Surrogates of SIDE", description="Each with a seed of its own.")
    synthetic_count: int | None = Field(None, ge=16, title="Synthetic images", description="Left out: the preset's.")
    train_steps: int | None = Field(
        None, ge=1, title="Training steps a surrogate", description="Left out: the preset's."
    )
    encoder: EncoderName | None = Field(
        None, title="Surrogates group by", description="dpm: the model's own bottleneck. Left out: the preset's."
    )
    attribute: str = Field("hair", title="Attribute", description="Of the training images, for the upper reference.")
    score: ScoreName = Field("ratio", title="Score")
    control_rate: float = Field(
        0.005,
        gt=0,
        lt=1,
        title="Control rate",
        description="The threshold is the most generous at which the control rate of every method is at most this.",
    )
    rarefied: int = Field(1024, ge=16, title="Different images are counted among so many samples")
