"""How a prompt is tried for memorisation, and how a detector is measured."""

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from side_core.settings.base import Settings
from side_core.settings.sampling import EXACT_MODE, Mode

SignificanceAt = Literal["words", "encoded"]
SIGNIFICANCE_AT: tuple[SignificanceAt, ...] = ("words", "encoded")
DetectorName = Literal[
    "text-norm", "tiles", "bright-ending", "bright-norm", "attention-entropy", "layer-entropy", "sharpness"
]
DETECTORS: tuple[DetectorName, ...] = (
    "text-norm",
    "tiles",
    "bright-ending",
    "bright-norm",
    "attention-entropy",
    "layer-entropy",
    "sharpness",
)


class PromptSettings(Settings):
    """One way to look at a prompt: which model draws how, and of how much of it the text's norm is taken."""

    model: str = Field(
        "pixel-faces-text", title="Model", description="A text-to-image model: built-in, folder, Hub id."
    )
    prompt: str = Field("", max_length=2000, title="Prompt", description="What the picture shall show.")
    text_scale: float = Field(
        3.0,
        ge=1,
        le=20,
        allow_inf_nan=False,
        title="Text guidance",
        description="Scale of classifier-free guidance. 1 follows the text as it was learned; more follows it harder.",
    )
    steps: int = Field(
        50, ge=1, le=1000, title="Sampling steps", description="Of the whole schedule, from noise to picture."
    )
    first_steps: int = Field(
        1,
        ge=1,
        le=1000,
        title="Steps used",
        description="The score is averaged over so many of the steps, the first (noisiest) ones; 1 is what "
        "can be said before there is a picture.",
    )
    score_images: int = Field(
        1,
        ge=1,
        le=64,
        title="Images",
        description="Pictures a prompt, each from its own noise; the score is averaged over them.",
    )
    seed: int = Field(
        0,
        ge=0,
        le=2**31 - 1,
        title="First seed",
        description="Image k starts from noise with seed S + k and is the same picture in any batch.",
    )
    mode: Mode = EXACT_MODE
    false_positives: float = Field(
        0.01,
        gt=0,
        le=0.5,
        allow_inf_nan=False,
        title="False-positive bound",
        description="The threshold lets through less than this share of the held-out prompts.",
    )
    significance_at: SignificanceAt = Field(
        "words",
        title="Significance at",
        description="words: of what goes into the text encoder, one token at a time (ours). encoded: of what comes out "
        "of it (Wen et al. 2024), where the rows of later words also hold what was said before them.",
    )
    batch_size: int = Field(
        32, ge=1, le=4096, title="Batch size", description="Pictures drawn at once, of all prompts; changes no score."
    )

    @model_validator(mode="after")
    def steps_there_are(self) -> Self:
        """No more steps can be used than are drawn."""
        if self.first_steps > self.steps:
            raise ValueError(
                f"steps used (first-steps) are {self.first_steps}, but there are {self.steps} steps: "
                f"choose {self.steps} or fewer"
            )
        return self

    @property
    def seeds(self) -> range:
        """One seed for each image."""
        return range(self.seed, self.seed + self.score_images)

    @property
    def norm_digest(self) -> str:
        """Names what a text norm depends on besides model, prompt and seed."""
        one = {"text_scale", "steps", "first_steps", "score_images", "mode"}
        if self.first_steps == 1:  # nothing has been guided yet
            one.discard("text_scale")
        return PromptSettings.model_validate(self.model_dump(include=one)).digest


class DetectorSettings(PromptSettings):
    """How detectors are measured: memorised prompts against held-out ones, and against unrepeated training captions."""

    held_out_count: int = Field(
        500, ge=10, le=10_000, title="Held-out prompts", description="How many of each kind are not memorised."
    )
    detectors: tuple[DetectorName, ...] = Field(
        ("text-norm",),
        title="Detectors",
        description=f"all, or some of {', '.join(DETECTORS)}. All but text-norm draw whole pictures, of fewer prompts.",
    )
    detector_prompts: int = Field(
        100,
        ge=10,
        le=10_000,
        title="Held-out prompts of slow detectors",
        description="Those that draw whole pictures are measured on so many, and on all memorised prompts.",
    )
    detector_images: int = Field(
        4, ge=2, le=64, title="Images of slow detectors", description="Pictures a prompt; distances need two or more."
    )

    @field_validator("detectors", mode="before")
    @classmethod
    def each_once(cls, value: Any) -> Any:
        """One or more names, each once; `all` is all of them."""
        if value == "all" or (isinstance(value, list | tuple) and list(value) == ["all"]):
            return DETECTORS
        if isinstance(value, list | tuple):
            if not value:
                raise ValueError(f"name one or more of {', '.join(DETECTORS)}, or all")
            twice = next((name for place, name in enumerate(value) if name in value[:place]), None)
            if twice is not None:
                raise ValueError(f"{twice} is named twice, name each detector once")
        return value
