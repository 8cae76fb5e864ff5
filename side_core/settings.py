"""Every setting of the project, as frozen models whose bounds make widgets, URL, CLI options and JSON.

The models import neither torch nor diffusers, so that `--help` and the first page need neither.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Spacing = Literal["leading", "trailing", "linspace", "quadratic", "karras"]
Solver = Literal["ddim", "multistep"]
Clip = Literal["off", "clip", "clip-recompute"]
Mode = Literal["exact", "fast"]
BetaSchedule = Literal["linear", "scaled_linear", "squaredcos_cap_v2"]
EncoderName = Literal["pixel", "dpm", "clip", "sscd"]
ScoreName = Literal["ratio", "nl2", "l2", "cosine"]


class Settings(BaseModel):
    """Base of all settings: frozen, strict about names, with a digest that names a result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def digest(self) -> str:
        """SHA-256 of the settings' JSON, shortened to 16 characters."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Make settings from unchecked values.

        Raises:
            ValueError: one sentence that quotes the first bad value and says how to mend it.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise ValueError(sentence(error)) from None


def sentence(error: ValidationError) -> str:
    """The first complaint of pydantic as one sentence that quotes the value and says how to mend it."""
    first = error.errors()[0]
    name = "-".join(str(part) for part in first["loc"]).replace("_", "-") or "settings"
    context = first.get("ctx", {}).items()
    limits = {key: f"{limit:.15g}" if isinstance(limit, float) else limit for key, limit in context}
    mend = {
        "greater_than_equal": "choose {ge} or more",
        "less_than_equal": "choose {le} or less",
        "greater_than": "choose more than {gt}",
        "less_than": "choose less than {lt}",
        "literal_error": "choose {expected}",
        "int_parsing": "give a whole number",
        "int_from_float": "give a whole number",
        "float_parsing": "give a number",
        "finite_number": "give a finite number",
        "extra_forbidden": "there is no such setting, leave it out",
    }.get(first["type"], first["msg"].removeprefix("Value error, "))
    if first["type"] == "missing":
        return f"{name} is missing: give a value."
    if not first["loc"]:  # about several values at once
        return f"{mend[0].upper()}{mend[1:]}."
    return f"{name} cannot be {first['input']!r}: {mend.format(**limits)}."


class SamplingSettings(Settings):
    """What is drawn, image by image: everything the pictures depend on besides the model."""

    count: int = Field(
        16,
        ge=1,
        le=1_000_000,
        title="Images",
        description="How many images to draw.",
        json_schema_extra={"live_max": 256},
    )
    seed: int = Field(
        0,
        ge=0,
        le=2**31 - 1,
        title="First seed",
        description="Image k starts from noise with seed S + k and is the same picture in any batch.",
    )
    steps: int = Field(
        25,
        ge=1,
        le=1000,
        title="Steps",
        description="Denoising steps a picture. More steps, finer pictures, longer wait.",
        json_schema_extra={"live_max": 250},
    )
    spacing: Spacing = Field(
        "leading", title="Spacing", description="How the steps are spread over the timesteps of the noise schedule."
    )
    first_timestep: int | None = Field(
        None, ge=0, le=9999, title="First timestep", description="Where denoising starts. Left out: at pure noise."
    )
    last_timestep: int = Field(
        0,
        ge=0,
        le=9999,
        title="Last timestep",
        description="The last timestep the model is asked about; then it jumps to the image.",
    )
    eta: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        title="Noise added back (eta)",
        description="0 is DDIM (deterministic), 1 is DDPM.",
    )
    solver: Solver = Field(
        "ddim",
        title="Solver",
        description="DDIM, or DPM-Solver++ of second order, which needs fewer steps (eta must be 0).",
    )
    clip: Clip = Field(
        "clip",
        title="Clip the estimate",
        description="Keep the estimate of the clean image within -1..1 at every step, as diffusers does; "
        "'clip-recompute' also corrects the noise to fit.",
    )
    mode: Mode = Field(
        "exact",
        title="Arithmetic",
        description="exact: float32, reproducible. fast: half precision where a short probe finds it faster.",
    )
    label: int | None = Field(
        None,
        ge=0,
        le=99_999,
        title="Class label",
        description="Number of a class, for class-conditional models. Left out: uniform, drawn from each image's seed.",
    )
    batch_size: int = Field(
        64, ge=1, le=4096, title="Batch size", description="Images drawn at once; does not change them."
    )

    @property
    def seeds(self) -> range:
        """One seed for each image."""
        return range(self.seed, self.seed + self.count)

    @property
    def sampling(self) -> "SamplingSettings":
        """These settings alone, also of an extraction that has more."""
        return SamplingSettings.model_validate(self.model_dump(include=set(SamplingSettings.model_fields)))

    @property
    def picture_digest(self) -> str:
        """Names what one picture depends on besides model and seed, so that equal pictures are drawn once."""
        one = self.sampling.model_copy(update={"count": 1, "seed": 0, "batch_size": 1})
        return one.digest


class MatchSettings(Settings):
    """What pictures are compared with, by what, and which of them count."""

    data: str | None = Field(
        None,
        title="Training images",
        description="A folder, a .npy or .npz file, or pixel-faces; [first:stop] takes some rows. "
        "Left out: what the model was trained on.",
    )
    control: str | None = Field(
        None,
        title="Control images",
        description="Images of the same kind that the model never saw. Left out: the model's own, if it has any.",
    )
    encoder: EncoderName = Field(
        "pixel",
        title="Compare by",
        description="pixel: colours as they are. dpm: features from the model's own bottleneck. "
        "clip, sscd: features of a network you name.",
    )
    encoder_weights: str | None = Field(
        None,
        title="Encoder weights",
        description="For clip: local-dir:FOLDER or hf-hub:ORG/NAME (open_clip). For sscd: the TorchScript file.",
    )
    score: ScoreName = Field(
        "ratio",
        title="Score",
        description="Distances (ratio, nl2, l2): smaller is nearer to a copy. Cosine: larger is nearer.",
    )
    threshold: float | None = Field(
        None,
        ge=0,
        le=100,
        allow_inf_nan=False,
        title="Threshold",
        description="Left out: the score's published threshold.",
    )
    control_rate: float | None = Field(
        None,
        gt=0,
        lt=1,
        allow_inf_nan=False,
        title="Control rate",
        description="Takes the threshold's place: the most generous one at which at most this share of the pictures "
        "beats it against the control, for example 0.005.",
    )

    @model_validator(mode="after")
    def one_threshold(self) -> Self:
        """Threshold and control rate are two ways to say the same."""
        if self.threshold is not None and self.control_rate is not None:
            raise ValueError(
                f"threshold is {self.threshold:g} and control-rate is {self.control_rate:g}: give one of the two"
            )
        return self


class ExtractSettings(MatchSettings, SamplingSettings):
    """One extraction: draw, match against training images and control, score."""

    model: str = Field(
        "pixel-faces",
        title="Model",
        description="A built-in model, a diffusers folder, or a Hub id such as google/ddpm-cifar10-32.",
    )


class ScoreSettings(MatchSettings):
    """Score pictures that others generated; no model is needed."""

    samples: str = Field(title="Pictures to score", description="A folder, or a .npy or .npz file.")
    data: str = Field(title="Training images", description="A folder, a .npy or .npz file, or pixel-faces.")


class TrainDpmSettings(Settings):
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
    keep_every: int | None = Field(None, ge=1, title="Steps between model folders that are kept, to choose from")
