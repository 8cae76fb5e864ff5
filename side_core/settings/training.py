"""How models are trained."""

import itertools
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from side_core.settings.base import Settings
from side_core.settings.extraction import EncoderName
from side_core.settings.sampling import GuidanceSettings, Mode, SamplingSettings, Solver

Objective = Literal["labels", "distilled", "time-independent"]
_LabelSource = Literal["duplicates", "clusters", "random", "cells"]
BetaSchedule = Literal["linear", "scaled_linear", "squaredcos_cap_v2"]


class LearningSettings(Settings):
    """How a network is trained, whatever it learns."""

    batch_size: int = Field(64, ge=1, le=4096, title="Batch size")
    learning_rate: float = Field(1e-3, gt=0, le=1e-1, title="Learning rate")
    warmup_steps: int = Field(200, ge=0, title="Steps of linear warm-up")
    decay_fraction: float = Field(0.2, ge=0, le=1, title="Last part of the run in which the learning rate falls to 0")
    gradient_clip: float = Field(1.0, gt=0, title="Largest gradient norm")
    ema_decay: float = Field(0.999, ge=0, lt=1, title="Decay of the averaged weights")
    steps: int | None = Field(None, ge=1, title="Steps", description="Stop after this many steps in all.")
    minutes: float | None = Field(None, gt=0, title="Minutes", description="Stop after this much training time in all.")
    stop_at: int | None = Field(
        None, ge=1, title="Stop early at this step", description="The learning rate still follows steps or minutes."
    )
    seed: int = Field(0, ge=0, lt=2**31, title="Seed")
    bfloat16: bool = Field(True, title="bfloat16 autocast", description="Faster where the processor has it.")
    compile: bool = Field(False, title="torch.compile", description="About 1.2 x faster; needs a C++ compiler.")
    save_every: int = Field(500, ge=1, title="Steps between checkpoints to resume from")


class TrainDpmSettings(LearningSettings):
    """How a small unconditional pixel DPM is trained from scratch."""

    image_size: int | None = Field(
        None, ge=8, le=512, title="Image size", description="Left out: that of the first image."
    )
    channels: tuple[int, ...] = Field((64, 128, 128), title="Channels", description="Width of each U-Net level.")
    layers_per_block: int = Field(1, ge=1, le=4, title="Layers a block")
    attention_head_dim: int = Field(32, ge=8, le=128, title="Attention head width")
    beta_schedule: BetaSchedule = Field("squaredcos_cap_v2", title="Beta schedule")
    train_timesteps: int = Field(1000, ge=10, le=4000, title="Timesteps of the noise schedule")
    timesteps: Literal["uniform", "logit-normal"] = Field(
        "uniform",
        title="Which timesteps are trained",
        description="logit-normal (Esser et al. 2024) stays in the middle, where it is decided which image it becomes.",
    )
    timestep_shift: float = Field(
        0.0, ge=-3, le=3, allow_inf_nan=False, title="Mean of the logit-normal", description="Above 0: more noise."
    )
    loss: Literal["noise", "velocity"] = Field(
        "noise",
        title="Loss",
        description="noise: plain squared error. velocity: the same over alpha, the error of v (Salimans & Ho 2022), "
        "which weighs noisy timesteps more.",
    )
    keep_every: int | None = Field(None, ge=1, title="Steps between model folders that are kept, to choose from")


class TrainGrowthSettings(TrainDpmSettings):
    """How a family of models is trained alike on ever more images, each beside a twin on as many others."""

    sizes: tuple[int, ...] = Field(
        (10, 100, 300, 1000, 3000, 10_000),
        title="Numbers of training images",
        description="A model and its twin for each; the first so many images of either set.",
    )
    channels: tuple[int, ...] = Field((32, 48, 48), title="Channels", description="Width of each U-Net level.")
    attention_head_dim: int = Field(16, ge=8, le=128, title="Attention head width")
    batch_size: int = Field(32, ge=1, le=4096, title="Batch size")
    steps: int | None = Field(4000, ge=1, title="Steps", description="Of each model: all have as many.")
    decay_fraction: float = Field(0.4, ge=0, le=1, title="Last part of the run in which the learning rate falls to 0")
    timesteps: Literal["uniform", "logit-normal"] = Field(
        "logit-normal",
        title="Which timesteps are trained",
        description="logit-normal (Esser et al. 2024) stays in the middle, where it is decided which image it becomes.",
    )

    @field_validator("sizes")
    @classmethod
    def growing(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        """Each larger than the one before."""
        if not value or value[0] < 1 or any(a >= b for a, b in itertools.pairwise(value)):
            raise ValueError("sizes grow from 1 on: give for example 10 100 1000")
        return value


class TrainTextSettings(LearningSettings):
    """How the small text-to-image model is trained from scratch: first its autoencoder, then all the rest."""

    autoencoder_channels: tuple[int, ...] = Field((32, 64), title="Channels of the autoencoder")
    autoencoder_steps: int = Field(1600, ge=1, title="Steps of the autoencoder")
    autoencoder_batch_size: int = Field(16, ge=1, le=1024, title="Batch size of the autoencoder")
    autoencoder_learning_rate: float = Field(2e-3, gt=0, le=0.1, title="Learning rate of the autoencoder")
    kl_weight: float = Field(
        1e-6,
        ge=0,
        le=1,
        allow_inf_nan=False,
        title="Weight of the autoencoder's KL term",
        description="Of each image's sum.",
    )
    channels: tuple[int, ...] = Field((48, 96, 128), title="Channels", description="Width of each U-Net level.")
    text_width: int = Field(128, ge=32, le=1024, multiple_of=32, title="Width of the text encoder")
    text_layers: int = Field(2, ge=1, le=24, title="Layers of the text encoder")
    context: int = Field(20, ge=8, le=77, title="Tokens a prompt has at most")
    empty_captions: float = Field(
        0.1, ge=0, lt=1, title="Share of empty captions", description="What classifier-free guidance needs."
    )
    lesson: Literal["captioned-faces", "new-repeated"] = Field(
        "captioned-faces",
        title="What is learnt",
        description="new-repeated: 60 new faces often, 300 once, and some old ones, to go on with from the model "
        "shipped.",
    )
    filter_norm: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        title="Skip samples above this text norm",
        description="In multiples of what is typical of the model started from, at that timestep (Wen et al. 2024).",
    )
    filter_by: Literal["sample", "pair"] = Field(
        "pair",
        title="What is skipped",
        description="sample: each by its own norm (Wen et al. 2024). pair: a picture with its caption, by the running "
        "mean of its norms at noisy timesteps (ours).",
    )
    deduplicate: bool = Field(False, title="Each picture and caption once", description="Repeats are dropped.")
    randomise_captions: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        title="Share of random captions",
        description="A caption is replaced by as many random words (Somepalli et al. 2023).",
    )

    @property
    def unsaid(self) -> frozenset[str]:
        """What came later and is not used."""
        later = ("lesson", "filter_norm", "filter_by", "deduplicate", "randomise_captions")
        fields = type(self).model_fields
        return super().unsaid | {name for name in later if getattr(self, name) == fields[name].default}


class TrainClipSettings(LearningSettings):
    """How the small CLIP model is trained from scratch."""

    batch_size: int = Field(128, ge=2, le=4096, title="Batch size", description="Each picture against all captions.")
    warmup_steps: int = Field(50, ge=0, title="Steps of linear warm-up")
    learning_rate: float = Field(1.5e-3, gt=0, le=1e-1, title="Learning rate")
    decay_fraction: float = Field(0.5, ge=0, le=1, title="Last part of the run in which the learning rate falls to 0")
    ema_decay: float = Field(0.99, ge=0, lt=1, title="Decay of the averaged weights")
    steps: int | None = Field(4500, ge=1, title="Steps", description="Stop after this many steps in all.")
    bfloat16: bool = Field(False, title="bfloat16 autocast", description="Slower here on the processors we tried.")
    save_every: int = Field(100, ge=1, title="Steps between checkpoints to resume from")
    width: int = Field(128, ge=32, le=1024, multiple_of=32, title="Width of the image network")
    layers: int = Field(4, ge=1, le=24, title="Layers of the image network")
    patch: int = Field(8, ge=2, le=16, title="Patch", description="Side of the squares it reads, in pixels.")
    text_width: int = Field(64, ge=32, le=1024, multiple_of=32, title="Width of the text network")
    text_layers: int = Field(2, ge=1, le=24, title="Layers of the text network")
    features: int = Field(128, ge=8, le=1024, title="Numbers a picture or a text becomes")
    context: int = Field(36, ge=8, le=77, title="Tokens a text has at most")
    naming: float = Field(
        1.0,
        ge=0,
        le=100,
        allow_inf_nan=False,
        title="Weight of naming",
        description="Of a second loss: say which phrases are true of a picture. 0: the contrast alone.",
    )
    blurred: float = Field(
        0.3,
        ge=0,
        le=1,
        title="Share of blurred pictures",
        description="As a generator draws them, or enlarging makes them.",
    )
    shift: int = Field(
        2, ge=0, le=8, title="Largest shift", description="In pixels; half the pictures are mirrored too."
    )


class SurrogateSettings(GuidanceSettings):
    """How a surrogate is built from nothing but the model: draw, cluster, train; and how it is best used."""

    synthetic_count: int = Field(
        2048,
        ge=16,
        le=1_000_000,
        title="Synthetic images",
        description="How many the model draws to learn from. The training images are never used.",
    )
    synthetic: str | None = Field(
        None,
        title="Synthetic images of one's own",
        description="A folder or array file of pictures that this model drew before. Left out: they are drawn now.",
    )
    first_seed: int = Field(
        2_000_000,
        ge=0,
        le=2**31 - 1,
        title="First seed of the synthetic images",
        description="Far from the seeds that pictures are scored with.",
    )
    steps: int = Field(10, ge=1, le=1000, title="Steps a synthetic image")
    solver: Solver = Field("multistep", title="Solver of the synthetic images")
    mode: Mode = Field("fast", title="Arithmetic of drawing and features")
    encoder: EncoderName = Field(
        "dpm", title="Features by", description="What pictures are clustered by. dpm: the model's own bottleneck."
    )
    encoder_weights: str | None = Field(None, title="Encoder weights", description="For clip and sscd.")
    label_source: _LabelSource = Field(
        "duplicates",
        title="Labels from",
        description="duplicates: groups of nearly equal pictures, which the model has likely memorised (ours). "
        "clusters: k-means, as SIDE publishes it. Two baselines: random (whatever the picture shows), cells (random "
        "cells of feature space).",
    )
    likeness: float = Field(
        0.97,
        gt=0,
        le=1,
        allow_inf_nan=False,
        title="Likeness of duplicates",
        description="Groups of duplicates are joined while their mean cosine is at least this.",
    )
    smallest: int = Field(
        2, ge=2, le=1000, title="Smallest group", description="Pictures a group of duplicates has at least."
    )
    clusters: int = Field(
        300,
        ge=2,
        le=5000,
        title="Clusters K",
        description="Pseudo-labels before the dull ones are dropped; of duplicates, groups at most, the largest first.",
    )
    cohesion: float = Field(
        0.5,
        allow_inf_nan=False,
        title="Least cohesion τ",
        description="A cluster is kept where its mean cosine to its centre is at least this; -1 keeps all.",
    )
    objective: Objective = Field(
        "labels",
        title="Objective",
        description="labels: cross-entropy on noisy images. distilled: a time-independent teacher's answers (TDKD). "
        "time-independent: a classifier of clean images, a baseline.",
    )
    width: int | None = Field(
        None, ge=8, le=512, multiple_of=8, title="Width", description="Of the first level. Left out: 32."
    )
    blocks: int | None = Field(None, ge=1, le=8, title="Blocks a level", description="Left out: 1.")
    train_steps: int = Field(1000, ge=1, le=10_000_000, title="Training steps, at most")
    batch_size: int = Field(128, ge=2, le=4096, title="Batch size")
    learning_rate: float = Field(2e-3, gt=0, le=0.1, title="Learning rate")
    weight_decay: float = Field(0.05, ge=0, le=1, title="Weight decay")
    held_out: float = Field(0.1, gt=0, lt=1, title="Share of images held out")
    evaluate_every: int = Field(100, ge=1, title="Steps between two evaluations")
    patience: int = Field(8, ge=1, title="Evaluations without progress before it stops")
    seed: int = Field(0, ge=0, lt=2**31, title="Seed of clustering and training")

    @field_validator("cohesion")
    @classmethod
    def cosine(cls, value: float) -> float:
        """A mean cosine lies between -1 and 1."""
        if not -1 <= value <= 1:
            raise ValueError("a mean cosine lies between -1 and 1: choose for example 0.5")
        return value

    @model_validator(mode="after")
    def room_for_a_teacher(self) -> Self:
        """A distilled classifier has a teacher, who needs steps of its own."""
        if self.objective == "distilled" and self.train_steps < 2:
            raise ValueError(f"train-steps is {self.train_steps}, but distilled trains two networks: choose 2 or more")
        return self

    @property
    def drawing(self) -> SamplingSettings:
        """How the synthetic images are drawn."""
        return SamplingSettings(
            count=self.synthetic_count,
            seed=self.first_seed,
            steps=self.steps,
            solver=self.solver,
            mode=self.mode,
            batch_size=64,
        )


PRESETS: dict[str, SurrogateSettings] = {  # guidance: the best of what was tried with each, see assets/README.md
    "quick": SurrogateSettings(train_steps=400, guidance_scale=15, guide_from=900, guide_to=100),
    "reported": SurrogateSettings(
        synthetic_count=32_768,
        encoder="pixel",
        likeness=0.98,
        smallest=3,
        clusters=1200,
        train_steps=1000,
        guidance_scale=50,
        guide_from=999,
        guide_to=300,
    ),
}
